"""What a report says of each change beside the plan: what became of it and, unless it is done, why (contract.md)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class OutcomeState(StrEnum):
    """What became of one change."""

    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class OutcomeError(Struct, frozen=True):
    """Why a change isn't done, in our words and DHIS2's. `code` is one of the problem codes."""

    code: str
    message: str
    next_step: str
    dhis2_code: str | None = None
    property: str | None = None
