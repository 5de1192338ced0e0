"""Operations that start a run: once for each key, and answered with where the run is."""

from __future__ import annotations

import re
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING

from cgr.accounts.queries import active_person
from cgr.api.answers import JSON, json_answer
from cgr.api.problems import Trouble, WrongRequest
from cgr.core.errors import BadInput
from cgr.runs.queries import queued_json
from cgr.runs.starting import start_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http.response import HttpResponseBase

    from cgr.api.authentication import ApiRequest
    from cgr.runs.models import Run

_KEY = re.compile(r"[!-~]{1,100}")


def started(request: ApiRequest, start: Callable[[], Run], *, sent: bytes | None = None) -> HttpResponseBase:
    """Start a run, or find the one that was started with the same Idempotency-Key, and say where it is.

    `sent`: what tells bodies apart that were read already; else it is the JSON of the request, if it has any.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise WrongRequest(
            "The Idempotency-Key can't be one.",
            code="bad-request",
            next_step="Use up to 100 visible ASCII characters, such as a UUID.",
            errors=(Trouble(message="up to 100 visible ASCII characters.", field="Idempotency-Key"),),
        )
    if sent is None:
        sent = request.body if request.content_type == JSON else b""
    asked = sha256(b"\n".join((request.get_full_path().encode(), sent))).hexdigest()
    run = start_once(request.auth, key or "", asked=asked, start=start)
    return json_answer(queued_json(run), status=HTTPStatus.ACCEPTED, headers={"Location": f"/api/v1/runs/{run.pk}"})


def address_told(request: ApiRequest, *, asked: bool) -> tuple[str, ...]:
    """Give the e-mail address of who asks to be told; BadInput when their account has none."""
    if not asked:
        return ()
    person = active_person(request.auth.user_id) if request.auth.user_id else None
    if person is None or not person.email:
        raise BadInput(
            "Your account has no e-mail address to tell you at.",
            code="no-address",
            next_step="Enter one on the page Account, or leave notify out.",
        )
    return (person.email,)
