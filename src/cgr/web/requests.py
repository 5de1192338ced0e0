"""One id for each request: in the audit log and in the answer's header, so that one leads to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.decorators import sync_only_middleware

from cgr.audit.origin import originating

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase


@sync_only_middleware
def RequestOrigin(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:  # noqa: N802 - named like the classes beside it in the settings
    """Mark all that is logged while a request is answered."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        with originating("request") as mark:
            request.META["cgr.request_id"] = mark.removeprefix("request:")
            response = get_response(request)
        response["X-Request-ID"] = request.META["cgr.request_id"]
        return response

    return answer
