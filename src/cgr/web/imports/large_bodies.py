"""Who may send a file of the size that is imported, on the one page that takes files: who may run imports, signed in.

Asked before a byte of the body is read, because a body is kept on disk before the page sees it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections, connection
from django.http import HttpRequest, parse_cookie
from django.template.loader import render_to_string
from django.utils import translation

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.files.limits import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE: Final = "/import/file/"
_FORM: Final = 2**20
"""Bytes for what stands in the form beside the file."""


async def larger_limit(scope: Mapping[str, Any]) -> int | None:
    """Give the limit, in bytes, of a request that may bring a file; None for all others."""
    if scope["method"] != "POST" or scope["path"] != PAGE:
        return None
    return MOST_BYTES + _FORM if await sync_to_async(_may_import)(_request(scope)) else None


def too_large(scope: Mapping[str, Any]) -> tuple[str, bytes]:
    """Give content type and body of the page that says so, in the reader's language."""
    with translation.override(translation.get_language_from_request(_request(scope))):
        text = render_to_string("web/imports/too_large.html", {"most": MOST_BYTES // 2**20})
    return "text/html; charset=utf-8", text.encode()


def _request(scope: Mapping[str, Any]) -> HttpRequest:
    """Give what the headers say of who asks."""
    request = HttpRequest()
    for name, value in scope["headers"]:
        text = value.decode("latin-1")
        if name == b"cookie":
            request.COOKIES |= parse_cookie(text)
        elif name == b"accept-language":
            request.META["HTTP_ACCEPT_LANGUAGE"] = text
    return request


def _may_import(request: HttpRequest) -> bool:
    close_old_connections()
    try:
        request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        return may_anywhere(actor_of(get_user(request)), Permission.MANAGE_RUNS)
    finally:
        connection.close()  # no request ends here that would do it
