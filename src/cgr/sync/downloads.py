"""A plan or report as a table to take away: a row for each field that changes, each group joined, each problem (R9.3).

Pages, API and command line call `write_download` with a binary stream; nothing is held but one piece of the run.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import msgspec
from msgspec import Struct

from cgr.core.localized import pick
from cgr.core.plan_words import Names, field_sides
from cgr.core.streamed_json import encoded
from cgr.files.spreadsheets import CSV_TYPE, XLSX_TYPE, csv_lines, write_xlsx
from cgr.registry.queries import labels
from cgr.runs.selection import ALL, PROBLEM, Which, selected_changes, selected_problems
from cgr.sync.reports import outcome_of, report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.runs.models import Run
    from cgr.runs.selection import ReportedChange, ReportedProblem

T = TypeVar("T")
_AT_ONCE = 1_000


class Format(StrEnum):
    """What a download can be."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


CONTENT_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: CSV_TYPE,
    Format.XLSX: XLSX_TYPE,
}

TITLES = {
    "level": "Level",
    "type": "Type",
    "code": "Code",
    "name": "Name",
    "uid": "DHIS2 id",
    "kinds": "Kinds",
    "field": "Field",
    "before": "Before",
    "after": "After",
    "outcome": "Outcome",
    "problem": "Problem code",
    "message": "Message",
    "next_step": "Next step",
    "dhis2_code": "DHIS2 code",
    "blocked_by": "Blocked by",
}
"""The columns in their order, by the fields of a row."""


class Row(Struct, frozen=True, gc=False, kw_only=True):
    """One line of the table; what doesn't apply is empty. `name`: our label at the day of the run."""

    level: int
    type: str
    code: str
    name: str
    uid: str = ""
    kinds: str = ""
    field: str = ""
    before: str = ""
    after: str = ""
    outcome: str = ""
    problem: str = ""
    message: str = ""
    next_step: str = ""
    dhis2_code: str = ""
    blocked_by: str = ""

    def cells(self) -> tuple[str | int, ...]:
        """Give the values in the order of `TITLES`."""
        return tuple(getattr(self, name) for name in TITLES)


def write_download(run: Run, stream: BinaryIO, *, format: Format, asked: Which = ALL) -> None:  # noqa: A002 - the option's name
    """Write a run, or what is asked for of it, into a stream that is open for bytes."""
    match format:
        case Format.JSON:
            stream.writelines(encoded(report_of(run, asked)))
        case Format.CSV:
            stream.writelines(csv_of(run, asked))
        case Format.XLSX:
            write_xlsx(TITLES.values(), (row.cells() for row in rows(run, asked)), stream, sheet=f"Run {run.pk}")


def csv_of(run: Run, asked: Which = ALL) -> Iterator[bytes]:
    """Stream a run, or what is asked for of it, as CSV."""
    return csv_lines(TITLES.values(), (row.cells() for row in rows(run, asked)))


def rows(run: Run, asked: Which = ALL) -> Iterator[Row]:
    """Stream the rows: changes in the plan's order, then its problems."""
    names = msgspec.convert(run.names, Names)
    for changes in _pieces(selected_changes(run, asked)):
        called = _called(run, [found.key for found in changes])
        for found in changes:
            yield from _rows_of(found, run, names, called.get(found.key, ""))
    for problems in _pieces(selected_problems(run, asked)):
        called = _called(run, [found.key for found in problems])
        for problem in problems:
            yield _row_of(problem, called.get(problem.key, ""))


def _pieces(found: Iterator[T]) -> Iterator[list[T]]:
    while piece := list(islice(found, _AT_ONCE)):
        yield piece


def _called(run: Run, keys: Iterable[int]) -> dict[int, str]:
    locale = run.settings.get("locale", "default")
    found = labels({key for key in keys if key}, run.as_of.isoformat())
    return {key: pick(label, locale) or "" for key, label in found.items()}


def _rows_of(found: ReportedChange, run: Run, names: Names, name: str) -> Iterator[Row]:
    change = found.item.change
    outcome = outcome_of(found.item, run)
    error: dict[str, Any] = outcome.get("error") or {}
    row = Row(
        level=change.level,
        type=change.object.type,
        code=change.object.code,
        name=name,
        uid=change.uid,
        kinds=", ".join(change.kinds),
        outcome=outcome["outcome"] or "",
        problem=error.get("code") or "",
        message=error.get("message") or "",
        next_step=error.get("next_step") or "",
        dhis2_code=error.get("dhis2_code") or "",
        blocked_by=_named(error.get("blocked_by")),
    )
    for key, field in change.fields.items():
        sides = field_sides(key, field, names)
        yield msgspec.structs.replace(row, field=sides.label, before=sides.before, after=sides.after)
    for group in change.groups:
        known = names.groups.get(group)
        yield msgspec.structs.replace(row, field="Group", after=f"{known} ({group})" if known else group)


def _row_of(found: ReportedProblem, name: str) -> Row:
    problem = found.problem
    return Row(
        level=problem.level,
        type=problem.object.type,
        code=problem.object.code,
        name=name,
        uid=problem.uid or "",
        outcome=PROBLEM,
        problem=problem.code.value,
        message=problem.message,
        next_step=problem.next_step,
        dhis2_code=_dhis2_code(found.answer),
        blocked_by=f"{problem.blocked_by.type} {problem.blocked_by.code}" if problem.blocked_by else "",
    )


def _named(reference: dict[str, str] | None) -> str:
    return f"{reference['type']} {reference['code']}" if reference else ""


def _dhis2_code(answer: str | None) -> str:
    """Read the code of a refusal on validation from DHIS2's own report, where that is kept."""
    reports = msgspec.json.decode(answer).get("errorReports") if answer else None
    return str(reports[0].get("errorCode", "")) if reports else ""
