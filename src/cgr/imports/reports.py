"""A stored import as the result of contract.md."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from cgr.core.changes import ObjectRef
from cgr.core.errors import BadInput
from cgr.core.importing import Trouble
from cgr.core.rows import RowTrouble
from cgr.core.streamed_json import Lines
from cgr.imports.actions import ImportNote, ImportResult, LevelCounts
from cgr.runs.items import Line, read_lines, read_records
from cgr.runs.queries import how_to_see
from cgr.runs.queries import run as find_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run

_Record = TypeVar("_Record")


def import_run(actor: Actor, run_id: str) -> Run:
    """Give one import by the id of its run; BadInput for anything else, NotAllowed when it can't be known."""
    run = find_run(actor, run_id)
    if run.kind != run.Kind.IMPORT:
        what = "a look for drift" if run.kind == run.Kind.DRIFT else "a synchronization"
        raise BadInput(f"Run {run.pk} is {what}.", code="not-an-import", next_step=f"See it with: {how_to_see(run)}")
    return run


def result_of(run: Run) -> ImportResult:
    """Give what an import did; one that hasn't ended has counted nothing yet."""
    return ImportResult(
        run=run.pk,
        counts=run.summary["counts"],
        levels=[msgspec.convert(level, LevelCounts) for level in run.summary.get("levels", [])],
        problems=[*_problems(run)],
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


class Change(Struct, frozen=True):
    """One unit of an import that is new, changed, vanished or left out. `fields`: our names → before and after.

    `line`: of the row, where a file is imported.
    """

    kind: str
    uid: str
    object: ObjectRef
    fields: dict[str, dict[str, Any]]
    line: int | None = None


class Listed(Struct, Generic[_Record], frozen=True):
    """A page of lines as records. `more`: the position after which the next page begins, None on the last."""

    lines: list[tuple[Line, _Record]]
    more: int | None


def changes(
    run: Run, *, after: int = -1, kind: str = "", level: int | None = None, like: str = "", limit: int
) -> Listed[Change]:
    """Give a page of what is new, changed, vanished or left out; the caller was given the run."""
    found = read_lines(run.pk, "change", after=after, kind=kind, level=level, like=like, limit=limit + 1)
    return _listed(found, Change, limit)


def problems(run: Run, *, after: int = -1, like: str = "", limit: int) -> Listed[Trouble]:
    """Give a page of the units that wait for a person; the caller was given the run."""
    return _listed(read_lines(run.pk, "problem", after=after, like=like, limit=limit + 1), Trouble, limit)


def row_problems(run: Run, *, after: int = -1, limit: int) -> Listed[RowTrouble]:
    """Give a page of the rows of a file that weren't imported; the caller was given the run."""
    return _listed(read_lines(run.pk, "problem", after=after, limit=limit + 1), RowTrouble, limit)


def rejected_rows(run: Run) -> Iterator[bytes]:
    """Give, as CSV, the rows of a file that were not imported: as they stand there, then where and why.

    Corrected, the file can be imported by itself: what stands behind the columns isn't asked for by the mapping.
    """
    if not run.is_of_file:
        raise BadInput(
            f"Run {run.pk} is no import of a file.",
            code="not-an-import",
            next_step=f"See its problems with: cgr import report {run.pk}",
        )
    columns = run.settings.get("columns")
    if columns is None:
        raise BadInput(
            f"No row of run {run.pk} was looked at yet.",
            code="run-not-ended",
            next_step="Wait until it has ended; if it has failed, see why in its report.",
        )
    return _rejected(run, columns)


def _rejected(run: Run, columns: list[str]) -> Iterator[bytes]:
    yield codecs.BOM_UTF8  # spreadsheets take the file for another encoding without it
    yield _csv_line([*columns, "line", "problem", "what to do"])
    for problem in read_records(run.pk, "problem", RowTrouble):
        cells = [*problem.row, *[None] * (len(columns) - len(problem.row))]
        yield _csv_line([*cells, str(problem.line), problem.message, problem.next_step])


def _problems(run: Run) -> Iterator[Trouble]:
    yield from read_records(run.pk, "problem", RowTrouble if "columns" in run.settings else Trouble)


def _csv_line(cells: Sequence[str | None]) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()


def _listed(found: list[Line], record: type[_Record], limit: int) -> Listed[_Record]:
    decode = msgspec.json.Decoder(record).decode
    return Listed(
        [(line, decode(line.body)) for line in found[:limit]],
        found[limit - 1].position if len(found) > limit else None,
    )
