"""A stored run as the plan or the report of contract.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.core.plan_json import change_json, problem_json
from cgr.runs.items import PlannedItem, read_changes, read_notes, read_problems

if TYPE_CHECKING:
    from cgr.runs.models import Run

_NOT_TRIED = {
    "code": "not-tried",
    "message": "The run stopped before this unit was sent.",
    "next_step": "Continue the run with cgr sync resume, or plan again.",
}
_UNKNOWN = {
    "code": "outcome-unknown",
    "message": "The unit was sent, and the run stopped before it was known what became of it.",
    "next_step": "Continue the run with cgr sync resume: it reads the unit back before it does anything else.",
}


def plan_of(run: Run) -> dict[str, Any]:
    """Give the plan of a run: what will be, or was to be, done."""
    return {**_head(run), "changes": [change_json(item.change) for item in read_changes(run.pk)], **_tail(run)}


def report_of(run: Run) -> dict[str, Any]:
    """Give the report of a run: its plan with what became of each change."""
    has_ended = run.ended is not None
    return {
        **_head(run),
        "state": run.state,
        "started": run.started.isoformat() if run.started else None,
        "ended": run.ended.isoformat() if run.ended else None,
        "requests": run.requests,
        "consents": run.consents,
        "error": run.error,
        "changes": [_with_outcome(item, has_ended=has_ended) for item in read_changes(run.pk)],
        **_tail(run),
    }


def _head(run: Run) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "config": run.config,
        "as_of": run.as_of.isoformat(),
        "digest": run.digest,
        "dhis2": run.summary["dhis2"],
        "counts": run.summary["counts"],
        "guards": run.summary["guards"],
        "findings": run.summary["findings"],
    }


def _tail(run: Run) -> dict[str, Any]:
    return {
        "problems": [problem_json(problem) for problem in read_problems(run.pk)],
        "notes": [
            {"code": note.code, "object": {"type": note.object.type, "code": note.object.code}, "message": note.message}
            for note in read_notes(run.pk)
        ],
    }


def _with_outcome(item: PlannedItem, *, has_ended: bool) -> dict[str, Any]:
    change = change_json(item.change)
    if item.outcome:
        return {**change, "outcome": item.outcome, **({"error": item.error} if item.error else {})}
    if not has_ended:
        return {**change, "outcome": None}
    if item.sent_in is not None:
        return {**change, "outcome": "unknown", "error": _UNKNOWN}
    return {**change, "outcome": "skipped", "error": _NOT_TRIED}
