"""What happens beside every request: it gets an id, and its session is noted as in use."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from allauth.usersessions.internal.usersessionkit import track_activity
from django.utils.decorators import sync_only_middleware

from cgr.audit.origin import originating

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


_NOTED_EVERY_S = 60.0
_MOST_NOTED = 10_000


@sync_only_middleware
def SessionSeen(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:  # noqa: N802 - named like the classes beside it in the settings
    """Note when and from where a session was last used, once a minute from each process.

    allauth's own middleware does so with every request: each page, and each tile of a map, would wait for a write to
    the same row.
    """
    noted: dict[str, float] = {}

    def answer(request: HttpRequest) -> HttpResponseBase:
        key, now = request.session.session_key, monotonic()
        if key and request.user.is_authenticated and now - noted.get(key, -_NOTED_EVERY_S) >= _NOTED_EVERY_S:
            track_activity(request, user=request.user, session=request.session)
            if len(noted) >= _MOST_NOTED:
                noted.clear()
            noted[key] = now
        return get_response(request)

    return answer


@sync_only_middleware
def RequestOrigin(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:  # noqa: N802 - named like the classes beside it in the settings
    """Mark all that is logged while a request is answered, and the answer, with one id: so one leads to the other."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        with originating("request") as mark:
            request.META["cgr.request_id"] = mark.removeprefix("request:")
            response = get_response(request)
        response["X-Request-ID"] = request.META["cgr.request_id"]
        return response

    return answer
