"""The application that an ASGI server runs: `uvicorn cgr.project.asgi:application`, or `cgr serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.asgi import get_asgi_application

from cgr.project import wiring
from cgr.web.body_limit import BodyLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

wiring.start()

from cgr.api import large_bodies as api  # noqa: E402 - needs Django set up
from cgr.web.imports import large_bodies as pages  # noqa: E402 - as above


async def _larger_limit(scope: Mapping[str, Any]) -> int | None:
    return await api.larger_limit(scope) or await pages.larger_limit(scope)


def _too_large(scope: Mapping[str, Any]) -> tuple[str, bytes]:
    """Answer in the manner of who was asked."""
    return pages.too_large(scope) if scope["path"] == pages.PAGE else api.too_large(scope)


application = BodyLimit(get_asgi_application(), limit=settings.MAX_BODY_BYTES, more=_larger_limit, refusal=_too_large)
