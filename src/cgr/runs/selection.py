"""The lines of a run that somebody asks for, by outcome, code, level, kind or object, as a stream (R9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection
from msgspec import Struct

from cgr.core.changes import Change, Kind, Note, ObjectRef, Problem, ProblemCode
from cgr.core.errors import BadInput
from cgr.core.report import OutcomeState
from cgr.registry.queries import escaped, label_path, labelled
from cgr.runs.items import PlannedItem
from cgr.runs.models import RunItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.runs.models import Run

PROBLEM = "problem"
"""What stands for an outcome where the plan has a problem instead of a change."""

_CHUNK = 2_000
_ASKED = (
    " AND (%(levels)s::int[] IS NULL OR i.level = ANY(%(levels)s::int[]))"
    " AND (%(type)s::text IS NULL OR (i.type = %(type)s::text AND i.code = %(code)s::text))"
    " AND (%(codes)s::text[] IS NULL OR {why} = ANY(%(codes)s::text[]))"
    " AND (%(outcomes)s::text[] IS NULL OR {told} = ANY(%(outcomes)s::text[]))"
    " AND (%(kinds)s::text[] IS NULL OR i.kinds && %(kinds)s::varchar[])"
    " AND (%(text)s::text IS NULL OR i.code ILIKE %(like)s OR i.uid = %(text)s OR {called})"
)
_PAGE = " AND i.position > %(after)s ORDER BY i.position LIMIT %(most)s"
_ONE = " AND i.id = %(one)s"
# What an ended run never came to is told as `reports` tells it: skipped, or unknown where it was sent.
_CHANGES = (  # noqa: S608 - put together from texts of this module only
    "SELECT i.id, i.position, i.object_key, i.body::text, i.sent_in, i.unit_written, i.outcome, i.error::text,"
    " e.sent, e.answer"
    " FROM runs_runitem AS i LEFT JOIN runs_evidence AS e ON e.item_id = i.id"
    " WHERE i.run_id = %(run)s AND i.category = 'change'"
) + _ASKED.format(
    called=labelled("i.object_key", "%(called)s"),
    told="CASE WHEN i.outcome <> '' OR NOT %(ended)s THEN i.outcome"
    " WHEN i.unit_written OR i.sent_in IS NULL THEN 'skipped' ELSE 'unknown' END",
    why="CASE WHEN i.outcome <> '' OR NOT %(ended)s THEN i.error->>'code'"
    " WHEN i.unit_written OR i.sent_in IS NULL THEN 'not-tried' ELSE 'outcome-unknown' END",
)
_PROBLEMS = (  # noqa: S608 - the same
    "SELECT i.id, i.position, i.object_key, i.body::text, e.sent, e.answer"
    " FROM runs_runitem AS i LEFT JOIN runs_evidence AS e ON e.item_id = i.id"
    " WHERE i.run_id = %(run)s AND i.category = 'problem'"
) + _ASKED.format(called=labelled("i.object_key", "%(called)s"), told=f"'{PROBLEM}'", why="i.body->>'code'")
_NOTES = "SELECT i.position, i.body::text FROM runs_runitem AS i WHERE i.run_id = %(run)s AND i.category = 'note'"


class Which(Struct, frozen=True):
    """Which lines; what is empty doesn't narrow. `outcomes` are those of a report, and `problem`.

    `text`: part of the object's code or of a label, or the unit's id.
    """

    outcomes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    object: ObjectRef | None = None
    text: str = ""


ALL = Which()


class Page(Struct, frozen=True):
    """A piece of a list: at most `most` lines (None: all) with a position beyond `after`."""

    after: int = -1
    most: int | None = None


WHOLE = Page()


class ReportedChange(Struct, frozen=True):
    """One change with what became of it and, if it was refused, what was sent and answered (JSON texts)."""

    item: PlannedItem
    position: int
    key: int
    sent: str | None
    answer: str | None


class ReportedProblem(Struct, frozen=True):
    """One problem of the plan; what was sent and answered if DHIS2 found it on validation."""

    pk: int
    problem: Problem
    position: int
    key: int
    sent: str | None
    answer: str | None


def which(
    *,
    outcomes: Iterable[str] = (),
    codes: Iterable[str] = (),
    levels: Iterable[int] = (),
    kinds: Iterable[str] = (),
    object: str = "",  # noqa: A002 - the domain's word
) -> Which:
    """Read what somebody typed; BadInput for a word that selects nothing. `object`: TYPE:CODE."""
    _check("outcome", outcomes, [*OutcomeState, PROBLEM])
    _check("problem code", codes, ProblemCode)
    _check("kind", kinds, Kind)
    type_code, colon, code = object.partition(":")
    if object and not (type_code and colon and code):
        raise _bad_filter(f'"{object}" names no object.', "Write it as TYPE:CODE, as in facility:F1.")
    return Which(
        tuple(outcomes), tuple(codes), tuple(levels), tuple(kinds), ObjectRef(type_code, code) if object else None
    )


def _check(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    allowed = [str(word) for word in known]
    for word in given:
        if word not in allowed:
            raise _bad_filter(f'There is no {what} "{word}".', f"Give one of {', '.join(allowed)}.")


def _bad_filter(message: str, next_step: str) -> BadInput:
    return BadInput(message, code="bad-filter", next_step=next_step)


def selected_changes(run: Run, asked: Which = ALL, *, page: Page = WHOLE) -> Iterator[ReportedChange]:
    """Stream the changes of a run that are asked for."""
    return map(_change, _read(_CHANGES + _PAGE, run, asked, page))


def selected_problems(run: Run, asked: Which = ALL, *, page: Page = WHOLE) -> Iterator[ReportedProblem]:
    """Stream the problems of a run that are asked for."""
    return map(_problem, _read(_PROBLEMS + _PAGE, run, asked, page))


def selected_notes(run: Run, asked: Which = ALL, *, page: Page = WHOLE) -> Iterator[tuple[Note, int]]:
    """Stream the notes of a run with their positions.

    Who asks for certain lines gets none, for notes have neither level nor outcome.
    """
    decode = msgspec.json.Decoder(Note).decode
    if asked == ALL:
        for at, body in _read(_NOTES + _PAGE, run, asked, page):
            yield decode(body), at


def selected_bodies(run: Run, category: str, asked: Which, *, page: Page) -> Iterator[tuple[str, int]]:
    """Stream lines of a run as the JSON that they were stored as, with their positions: what an import has."""
    statement = _PROBLEMS if category == PROBLEM else _CHANGES
    for _, position, _, body, *_ in _read(statement + _PAGE, run, asked, page):
        yield body, position


class Place(Struct, frozen=True):
    """Where a page of lines begins: after this one. Changes come first, then problems."""

    category: str = RunItem.Category.CHANGE.value
    position: int = -1


def page_of(
    run: Run, asked: Which = ALL, *, after: Place | None = None, most: int
) -> list[ReportedChange | ReportedProblem]:
    """Give the next lines that are asked for, at most so many, in two queries whatever the size of the run."""
    begin = after or Place()
    found: list[ReportedChange | ReportedProblem] = []
    if begin.category == RunItem.Category.CHANGE:
        found += selected_changes(run, asked, page=Page(begin.position, most))
        begin = Place(RunItem.Category.PROBLEM.value)
    if len(found) < most:
        found += selected_problems(run, asked, page=Page(begin.position, most - len(found)))
    return found


def line_of(run: Run, line: int) -> ReportedChange | ReportedProblem | None:
    """Give one change or problem of a run by its place in the table."""
    for statement, read in ((_CHANGES, _change), (_PROBLEMS, _problem)):
        for row in _fetch(statement + _ONE, {**_parameters(run, ALL), "one": line}):
            return read(row)
    return None


_decode_change = msgspec.json.Decoder(Change).decode
_decode_problem = msgspec.json.Decoder(Problem).decode


def _change(row: tuple[Any, ...]) -> ReportedChange:
    pk, position, key, body, sent_in, written, outcome, error, sent, answer = row
    item = PlannedItem(
        pk, _decode_change(body), sent_in, written, outcome, msgspec.json.decode(error) if error else None
    )
    return ReportedChange(item, position, key or 0, sent, answer)


def _problem(row: tuple[Any, ...]) -> ReportedProblem:
    pk, position, key, body, sent, answer = row
    return ReportedProblem(pk, _decode_problem(body), position, key or 0, sent, answer)


def _read(statement: str, run: Run, asked: Which, page: Page) -> Iterator[tuple[Any, ...]]:
    """Give a page in one query; all of a run as a stream."""
    parameters = {**_parameters(run, asked), "after": page.after, "most": page.most}
    if page.most is not None:
        yield from _fetch(statement, parameters)
        return
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(_CHUNK):
            yield from rows


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _parameters(run: Run, asked: Which) -> dict[str, Any]:
    return {
        "run": run.pk,
        "ended": run.ended is not None,
        "outcomes": list(asked.outcomes) or None,
        "codes": list(asked.codes) or None,
        "levels": list(asked.levels) or None,
        "kinds": list(asked.kinds) or None,
        "type": asked.object.type if asked.object else None,
        "code": asked.object.code if asked.object else None,
        "text": asked.text or None,
        "like": f"%{escaped(asked.text)}%",
        "called": label_path(asked.text),
    }
