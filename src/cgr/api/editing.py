"""Edits say which state they were made from (If-Match), so that nobody overwrites what they haven't seen."""

from __future__ import annotations

import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.policy import unknown
from cgr.api.answers import json_answer
from cgr.api.problems import WrongRequest
from cgr.registry.locking import lock_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from cgr.audit.saving import Saved


IF_MATCH = r'(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)'
"""Any state, or a list of ETags (RFC 9110)."""


@contextmanager
def definitions_held() -> Iterator[None]:
    """Keep others from changing definitions and Geo-Objects between the look at their state and the edit of it."""
    with transaction.atomic():
        lock_registry()
        yield


def saved(code: str, result: Saved, *, etag: str) -> HttpResponseBase:
    """Answer an edit: what changed, and the new state."""
    return json_answer(
        {"code": code, "created": result.created, "fields": result.fields},
        status=HTTPStatus.CREATED if result.created else HTTPStatus.OK,
        headers={"ETag": etag},
    )


def require_match(request: HttpRequest, present: str | None, *, what: tuple[str, str]) -> None:
    """Refuse an edit of another state than the present one, whose ETag is given; None: the thing isn't there yet.

    `what`: kind and code of the thing. The caller holds what keeps others from changing it meanwhile.
    """
    wanted, unwanted = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if wanted is not None and not re.fullmatch(IF_MATCH, wanted):
        raise WrongRequest(
            "The header If-Match names no state.",
            code="bad-request",
            next_step="Send the ETag as it came, with its quotation marks, or * for any state.",
        )
    if present is None:
        if wanted is not None:
            raise unknown(*what)
        return
    if unwanted is not None and ("*" in unwanted or present in _listed(unwanted)):
        raise _stale("It is there already.")
    if wanted is None:
        raise WrongRequest(
            "The edit doesn't say which state it was made from.",
            code="precondition-required",
            next_step="Read it first, and send the ETag of the answer in the header If-Match.",
        )
    if wanted.strip() != "*" and present not in _listed(wanted):
        raise _stale("It was changed since it was read.")


def _listed(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}


def _stale(message: str) -> WrongRequest:
    return WrongRequest(
        message,
        code="precondition-failed",
        next_step="Read it again, look at what is different, and send the edit with the new ETag.",
    )
