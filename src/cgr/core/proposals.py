"""A proposal keeps what somebody wants a Geo-Object to be: a draft as JSON, to be looked at and written later."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from cgr.core.drafts import Always, History, ObjectDraft, Since, Writing


class Proposed(Struct, frozen=True):
    """One field of a proposal: what it was when it was made, what it is today, and what it would become.

    `moved_on`: somebody has changed it since, so that whoever proposed didn't know today's value.
    """

    name: str
    then: object
    now: object
    becomes: object

    @property
    def moved_on(self) -> bool:
        """Whether the proposal was made against another value than today's."""
        return self.then != self.now


def to_document(draft: ObjectDraft) -> dict[str, Any]:
    """Give a draft as JSON."""
    document: dict[str, Any] = msgspec.to_builtins(draft)
    return document


def from_document(document: dict[str, Any]) -> ObjectDraft:
    """Read what `to_document` gave."""
    draft = msgspec.convert(document, ObjectDraft)
    return draft if draft.geometry is UNSET else replace(draft, geometry=_wkb(draft.geometry))


def _wkb(writing: Writing) -> Writing:
    match writing:
        case Always(value=value):
            return Always(_bytes(value))
        case Since(start=start, value=value):
            return Since(start, _bytes(value))
        case History(periods=periods):
            return History([{**period, "value": _bytes(period["value"])} for period in periods])
        case None:
            return None


def _bytes(value: object) -> object:
    return b64decode(value) if isinstance(value, str) else value
