"""Shows each person the pages in the language and the time zone that they chose for their account.

A language chosen in this browser (the cookie of the header's switch) wins: somebody tries the other one for a while.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.utils import timezone, translation
from django.utils.decorators import sync_only_middleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


@sync_only_middleware
def OwnLocalization(  # noqa: N802 - named like the classes beside it in the settings
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stand between who is signed in and the pages."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        language, zone = getattr(request.user, "language", ""), getattr(request.user, "time_zone", "")
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(_zone(zone)):
            return get_response(request)

    return answer


def _zone(name: str) -> ZoneInfo | None:
    """Give the zone; None, which is UTC, for one that this machine doesn't know any more."""
    try:
        return ZoneInfo(name) if name else None
    except ZoneInfoNotFoundError:
        return None
