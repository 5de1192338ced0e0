"""A stored import as the result of contract.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgr.core.errors import BadInput
from cgr.core.importing import Trouble
from cgr.core.streamed_json import Lines
from cgr.imports.actions import ImportNote, ImportResult, LevelCounts
from cgr.runs.items import read_records
from cgr.runs.queries import run as find_run

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run


def import_run(actor: Actor, run_id: str) -> Run:
    """Give one import by the id of its run; BadInput for a synchronization, NotAllowed when it can't be known."""
    run = find_run(actor, run_id)
    if run.kind != run.Kind.IMPORT:
        raise BadInput(
            f"Run {run.pk} is a synchronization.",
            code="not-an-import",
            next_step=f"See it with: cgr sync report {run.pk}",
        )
    return run


def result_of(run: Run) -> ImportResult:
    """Give what an import did; one that hasn't ended has counted nothing yet."""
    return ImportResult(
        run=run.pk,
        counts=run.summary["counts"],
        levels=[msgspec.convert(level, LevelCounts) for level in run.summary.get("levels", [])],
        problems=read_records(run.pk, "problem", Trouble),
        notes=[msgspec.convert(note, ImportNote) for note in run.summary.get("notes", [])],
    )


def document_of(result: ImportResult) -> dict[str, Any]:
    """Give the JSON of contract.md; the changes are read while it is written."""
    return {
        "run": None if result.run is None else str(result.run),
        "counts": result.counts,
        "levels": msgspec.to_builtins(result.levels),
        "changes": Lines(result.read_changes),
        "problems": msgspec.to_builtins(result.problems),
        "notes": msgspec.to_builtins(result.notes),
    }
