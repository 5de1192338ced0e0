"""Who may send a body that is larger than others: whoever brings Geo-Objects in bulk, or a file, with a good token.

Asked before a byte of the body is read, because a body is kept on disk before the operation sees it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections, connection

from cgr.accounts.actors import actor_of_token
from cgr.accounts.policy import Permission, may_anywhere
from cgr.api import problems
from cgr.core.errors import NotAllowed
from cgr.files.limits import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORM: Final = 2 * 2**20
"""Bytes for what stands in the form beside the file."""
_LARGER: Final = {
    "/api/v1/objects": (settings.MAX_OBJECTS_BODY_BYTES, Permission.EDIT_OBJECTS),
    "/api/v1/imports/files": (MOST_BYTES + _FORM, Permission.MANAGE_RUNS),
}
_BEARER: Final = b"bearer "


async def larger_limit(scope: Mapping[str, Any]) -> int | None:
    """Give the limit, in bytes, of a request that may bring more than others; None for all others."""
    if scope["method"] != "POST" or scope["path"] not in _LARGER:
        return None
    limit, permission = _LARGER[scope["path"]]
    sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    if not sent.lower().startswith(_BEARER):
        return None
    token = sent[len(_BEARER) :].decode("latin-1")
    return limit if await sync_to_async(_may)(token, permission) else None


def too_large(scope: Mapping[str, Any]) -> tuple[str, bytes]:
    """Give content type and body of the answer to a request that is too large, in the manner of who was asked."""
    if not scope["path"].startswith("/api/"):
        return "text/plain; charset=utf-8", b"The request is too large.\n"
    return problems.CONTENT_TYPE, problems.body_of(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problems.too_large())


def _may(token: str, permission: Permission) -> bool:
    close_old_connections()
    try:
        return may_anywhere(actor_of_token(token), permission)
    except NotAllowed:
        return False
    finally:
        connection.close()  # no request ends here that would do it
