"""A run's report: the plan's JSON, with what became of each change (contract.md, R9.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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


class Outcome(Struct, frozen=True):
    """What became of one change, and unless it is done, why."""

    state: OutcomeState
    error: OutcomeError | None = None


def to_report(
    plan_json: Mapping[str, Any],
    outcomes: Mapping[str, Outcome],
    *,
    state: str,
    started: str | None,
    ended: str | None,
    requests: int,
) -> dict[str, Any]:
    """Lay outcomes, by unit id, over the plan's JSON; a change without one hasn't been tried yet."""
    return {
        **plan_json,
        "state": state,
        "started": started,
        "ended": ended,
        "requests": requests,
        "changes": list(_with_outcomes(plan_json["changes"], outcomes)),
    }


def _with_outcomes(changes: list[dict[str, Any]], outcomes: Mapping[str, Outcome]) -> Iterator[dict[str, Any]]:
    for change in changes:
        outcome = outcomes.get(change["uid"])
        if outcome is None:
            yield {**change, "outcome": None}
        elif outcome.error is None:
            yield {**change, "outcome": outcome.state.value}
        else:
            yield {**change, "outcome": outcome.state.value, "error": msgspec.to_builtins(outcome.error)}
