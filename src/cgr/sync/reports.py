"""A stored run as the plan or the report of contract.md.

Changes, problems and notes are read while somebody walks through them: a run may have hundreds of thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import asdict

from cgr.core.changes import ProblemCode
from cgr.core.plan_json import change_json, note_json, problem_json
from cgr.core.plan_words import Names
from cgr.core.report import OutcomeError, OutcomeState
from cgr.core.streamed_json import Lines
from cgr.runs.evidence import MOST_KEPT, kept_evidence
from cgr.runs.items import PlannedItem, outcome_counts
from cgr.runs.progress import progress_json
from cgr.runs.queries import planned_again
from cgr.runs.selection import (
    ALL,
    Page,
    ReportedChange,
    ReportedProblem,
    Which,
    selected_changes,
    selected_notes,
    selected_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.runs.models import Run

_RESUME = "Continue the run with cgr sync resume {run}, or plan again."
_PLAN_AGAIN = "Plan again: the new plan finds what was done and what wasn't."


def plan_of(run: Run) -> dict[str, Any]:
    """Give the plan of a run: what will be, or was to be, done."""
    names = _names(run)
    changes = Lines(lambda: (change_json(found.item.change, names) for found in selected_changes(run)))
    return {**_head(run), "changes": changes, **_tail(run, ALL)}


def report_of(run: Run, asked: Which = ALL) -> dict[str, Any]:
    """Give the report of a run: its plan with what became of each change; counts are always those of the whole run."""
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
        "notices": run.notices,
        "planned_again": planned_again_json(run),
        "evidence": {"kept": kept_evidence(run.pk), "most": MOST_KEPT},
        **({"filter": msgspec.to_builtins(asked)} if asked != ALL else {}),
        "changes": Lines(lambda: (_reported(found, run, names) for found in selected_changes(run, asked))),
        **_tail(run, asked),
    }


def planned_again_json(run: Run) -> dict[str, Any] | None:
    """Say of a run how many objects it left alone because they had changed, and which run plans them again.

    `run` null: the configuration's next run on schedule takes them. `state`: that of the other run, null where none is.
    """
    kept: dict[str, Any] | None = run.summary.get("planned_again")
    again = planned_again(run)
    return kept and {**kept, "state": again.state if again else None}


def look_of(run: Run) -> dict[str, Any]:
    """Give the report of a look for drift: counts only, what it found stands with the configuration."""
    return {
        "id": str(run.pk),
        "kind": run.kind,
        "config": run.config,
        "state": run.state,
        "started": run.started.isoformat() if run.started else None,
        "ended": run.ended.isoformat() if run.ended else None,
        "error": run.error,
        "progress": progress_json(run),
        "counts": run.summary["counts"],
        "changes": [],
        "problems": [],
        "notes": [],
    }


def all_done(run: Run) -> bool:
    """Say whether nothing is wrong: no problem, and each change done, or, while the run goes on, without an outcome."""
    fine = {"done"} if run.ended else {"done", ""}
    return not run.summary["counts"]["problem"] and set(outcome_counts(run.pk)) <= fine


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
        **{key: run.summary[key] for key in ("only", "undoes", "close") if key in run.summary},
    }


def _tail(run: Run, asked: Which) -> dict[str, Any]:
    return {
        "problems": Lines(lambda: (_as_problem(found) for found in selected_problems(run, asked))),
        "notes": Lines(lambda: (note_json(note) for note, _ in selected_notes(run, asked))),
    }


def items_of(run: Run, category: str, asked: Which, *, page: Page) -> Iterator[tuple[dict[str, Any], int]]:
    """Give a page of the lines of one category (change, problem or note) as a report has them, with their positions."""
    match category:
        case "change":
            names = _names(run)
            for change in selected_changes(run, asked, page=page):
                yield _reported(change, run, names), change.position
        case "problem":
            for problem in selected_problems(run, asked, page=page):
                yield _as_problem(problem), problem.position
        case _:
            for note, at in selected_notes(run, asked, page=page):
                yield note_json(note), at


def _as_problem(found: ReportedProblem) -> dict[str, Any]:
    return {**problem_json(found.problem), **_exchange(found)}


def _reported(found: ReportedChange, run: Run, names: Names) -> dict[str, Any]:
    return {**change_json(found.item.change, names), **outcome_of(found.item, run), **_exchange(found)}


def _exchange(found: ReportedChange | ReportedProblem) -> dict[str, Any]:
    """Give what was sent and answered, where it is kept."""
    if found.sent is None or found.answer is None:
        return {}
    return {"sent": msgspec.Raw(found.sent.encode()), "answer": msgspec.Raw(found.answer.encode())}


def outcome_of(item: PlannedItem, run: Run) -> dict[str, Any]:
    """Give `outcome` and, unless it is done, `error`."""
    if item.outcome:
        return {"outcome": item.outcome, **({"error": item.error} if item.error else {})}
    if run.ended is None and run.state != run.State.CANCELLED:
        return {"outcome": None}
    return _stopped_before(item, run)


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
