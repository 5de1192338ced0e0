"""The line at the foot of every page: who the data are by, or that this is a training instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def page_notice(_request: HttpRequest) -> dict[str, str]:
    """Give templates the notice that CGR_PAGE_NOTICE holds."""
    return {"page_notice": settings.PAGE_NOTICE}
