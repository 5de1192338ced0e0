"""The application that an ASGI server runs: `uvicorn cgr.project.asgi:application`, or `cgr serve`."""

from __future__ import annotations

from django.conf import settings
from django.core.asgi import get_asgi_application

from cgr.project import wiring
from cgr.web.body_limit import BodyLimit

wiring.start()

from cgr.api.large_bodies import larger_limit, too_large  # noqa: E402 - needs Django set up

application = BodyLimit(get_asgi_application(), limit=settings.MAX_BODY_BYTES, more=larger_limit, refusal=too_large)
