"""A stored run as the plan or the report of contract.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict

from cgr.core.changes import ProblemCode
from cgr.core.plan_json import change_json, problem_json
from cgr.core.plan_words import Names
from cgr.core.report import OutcomeError, OutcomeState
from cgr.runs.items import PlannedItem, read_changes, read_notes, read_problems
from cgr.runs.progress import progress_json

if TYPE_CHECKING:
    from cgr.runs.models import Run

_RESUME = "Continue the run with cgr sync resume {run}, or plan again."
_PLAN_AGAIN = "Plan again: the new plan finds what was done and what wasn't."


def plan_of(run: Run) -> dict[str, Any]:
    """Give the plan of a run: what will be, or was to be, done."""
    names = _names(run)
    return {**_head(run), "changes": [change_json(item.change, names) for item in read_changes(run.pk)], **_tail(run)}


def report_of(run: Run) -> dict[str, Any]:
    """Give the report of a run: its plan with what became of each change."""
    names = _names(run)
    return {
        **_head(run),
        "state": run.state,
        "started": run.started.isoformat() if run.started else None,
        "ended": run.ended.isoformat() if run.ended else None,
        "requests": run.requests,
        "consents": run.consents,
        "error": run.error,
        "progress": progress_json(run),
        "changes": [_with_outcome(item, run, names) for item in read_changes(run.pk)],
        **_tail(run),
    }


def _names(run: Run) -> Names:
    return msgspec.convert(run.names, Names)


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
        **({"only": run.summary["only"]} if "only" in run.summary else {}),
    }


def _tail(run: Run) -> dict[str, Any]:
    return {
        "problems": [problem_json(problem) for problem in read_problems(run.pk)],
        "notes": [
            {"code": note.code, "object": {"type": note.object.type, "code": note.object.code}, "message": note.message}
            for note in read_notes(run.pk)
        ],
    }


def _with_outcome(item: PlannedItem, run: Run, names: Names) -> dict[str, Any]:
    change = change_json(item.change, names)
    if item.outcome:
        return {**change, "outcome": item.outcome, **({"error": item.error} if item.error else {})}
    if run.ended is None and run.state != run.State.CANCELLED:
        return {**change, "outcome": None}
    return {**change, **_stopped_before(item, run)}


def _stopped_before(item: PlannedItem, run: Run) -> dict[str, Any]:
    """Say of a change without an outcome how far an ended run came with it."""
    hint = _PLAN_AGAIN if run.state == run.State.CANCELLED else _RESUME.format(run=run.pk)
    if item.unit_written:
        message = "The unit was written, but the run stopped before its groups were filled."
        return _outcome(
            OutcomeState.SKIPPED, OutcomeError(ProblemCode.NOT_TRIED.value, message, hint, property="groups")
        )
    if item.sent_in is not None:
        message = "The unit was sent, and the run stopped before it was known what became of it."
        return _outcome(OutcomeState.UNKNOWN, OutcomeError(ProblemCode.OUTCOME_UNKNOWN.value, message, hint))
    return _outcome(
        OutcomeState.SKIPPED,
        OutcomeError(ProblemCode.NOT_TRIED.value, "The run stopped before this unit was sent.", hint),
    )


def _outcome(state: OutcomeState, error: OutcomeError) -> dict[str, Any]:
    return {"outcome": state.value, "error": asdict(error)}
