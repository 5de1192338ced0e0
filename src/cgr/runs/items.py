"""The lines of a run in the table: written in bulk, read as a stream, marked after every batch."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import msgspec
from django.db import connection, transaction
from django.db.models import Q, TextField
from django.db.models.functions import Cast
from msgspec import Struct

from cgr.core.changes import Change, Kind, Plan, ProblemCode
from cgr.core.copy_format import NULL, field
from cgr.core.evidence import Evidence
from cgr.runs.evidence import keep_evidence
from cgr.runs.models import RunItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CHUNK = 2_000
_Record = TypeVar("_Record", bound=Struct)
_CHANGED_MEANWHILE = (ProblemCode.CHANGED_IN_DHIS2.value, ProblemCode.CHANGED_IN_REGISTRY.value)

_CHANGES = (
    "SELECT id, body::text, sent_in, unit_written, outcome, error::text FROM runs_runitem"
    " WHERE run_id = %s AND category = 'change' ORDER BY position"
)
_UNSETTLED_CHANGES = _CHANGES.replace("ORDER BY", "AND outcome = '' ORDER BY")


class PlannedItem(Struct, frozen=True):
    """One change of a stored plan with its place in the table and what is known about it so far."""

    pk: int
    change: Change
    sent_in: int | None
    unit_written: bool
    outcome: str
    error: dict[str, object] | None


class Settled(Struct, frozen=True):
    """What became of one item. `unit_written`: the unit is as planned; with `outcome` empty, groups are missing."""

    pk: int
    outcome: str = ""
    unit_written: bool = False
    error: dict[str, object] | None = None
    evidence: Evidence | None = None


class Row(Struct, frozen=True):
    """One line to be written. `category`: change, problem, note or suggestion. `body` is its record as JSON."""

    category: str
    position: int
    body: str
    object_key: int | None = None
    type: str = ""
    code: str = ""
    uid: str = ""
    level: int = 0
    kinds: tuple[str, ...] = ()


def store_rows(run: int, rows: Iterable[Row]) -> None:
    """Write lines of a run in bulk."""
    lines = (
        f"{run}\t{row.category}\t{row.position}\t{field(row.body)}\t{row.object_key or NULL}\t{field(row.type)}"
        f"\t{field(row.code)}\t{field(row.uid)}\t{row.level}\t{{{','.join(row.kinds)}}}\tf\t\n"
        for row in rows
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY runs_runitem (run_id, category, position, body, object_key, type, code, uid, level, kinds,"
            " unit_written, outcome) FROM STDIN"
        ) as copy,
    ):
        while piece := "".join(islice(lines, _CHUNK)):
            copy.write(piece)


def rows_of(plan: Plan) -> Iterator[Row]:
    """Give every change, problem and note of a plan as a line, in the plan's order."""
    encode = msgspec.json.Encoder().encode
    for position, change in enumerate(plan.changes):
        yield Row(
            category=RunItem.Category.CHANGE.value,
            position=position,
            body=encode(change).decode(),
            object_key=change.key,
            type=change.object.type,
            code=change.object.code,
            uid=change.uid,
            level=change.level,
            kinds=tuple(kind.value for kind in change.kinds),
        )
    for position, problem in enumerate(plan.problems):
        yield Row(
            category=RunItem.Category.PROBLEM.value,
            position=position,
            body=encode(problem).decode(),
            object_key=problem.key or None,
            type=problem.object.type,
            code=problem.object.code,
            uid=problem.uid or "",
            level=problem.level,
        )
    for position, note in enumerate(plan.notes):
        yield Row(
            category=RunItem.Category.NOTE.value,
            position=position,
            body=encode(note).decode(),
            type=note.object.type,
            code=note.object.code,
        )


def read_changes(run: int, *, unsettled: bool = False) -> Iterator[PlannedItem]:
    """Stream the changes of a run in the plan's order; `unsettled`: only those without an outcome."""
    decode = msgspec.json.Decoder(Change).decode
    with connection.chunked_cursor() as cursor:
        cursor.execute(_UNSETTLED_CHANGES if unsettled else _CHANGES, [run])
        while rows := cursor.fetchmany(_CHUNK):
            for pk, body, sent_in, written, outcome, error in rows:
                yield PlannedItem(
                    pk, decode(body), sent_in, written, outcome, msgspec.json.decode(error) if error else None
                )


def read_bodies(run: int) -> Iterator[str]:
    """Stream the changes of a run as the JSON they were stored as."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT body::text FROM runs_runitem WHERE run_id = %s AND category = 'change' ORDER BY position", [run]
        )
        while rows := cursor.fetchmany(_CHUNK):
            for (body,) in rows:
                yield body


def read_records(run: int, category: str, record: type[_Record]) -> list[_Record]:
    """Read the lines of one category (problem, note) as the records that they were stored from."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body::text FROM runs_runitem WHERE run_id = %s AND category = %s ORDER BY position", [run, category]
        )
        decode = msgspec.json.Decoder(record).decode
        return [decode(body) for (body,) in cursor.fetchall()]


class Line(Struct, frozen=True):
    """One stored line with its place in the run; `body` is the JSON that it was stored as."""

    position: int
    uid: str
    type: str
    code: str
    level: int
    kinds: tuple[str, ...]
    body: str


def read_lines(  # noqa: PLR0913 - what one can ask for
    run: int,
    category: str,
    *,
    after: int = -1,
    before: int | None = None,
    kind: str = "",
    level: int | None = None,
    like: str = "",
    uids: Sequence[str] | None = None,
    limit: int | None = None,
) -> list[Line]:
    """Read lines of one category in their order, those with a position after `after` and below `before`.

    `kind`, `level`, `uids` narrow; `like` is a part of what the line says (the words of its body, or its id).
    """
    found = RunItem.objects.filter(run=run, category=category, position__gt=after).order_by("position")
    if before is not None:
        found = found.filter(position__lt=before)
    if kind:
        found = found.filter(kinds__contains=[kind])
    if level is not None:
        found = found.filter(level=level)
    if uids is not None:
        found = found.filter(uid__in=uids)
    if like:
        found = found.annotate(text=Cast("body", TextField())).filter(text__icontains=like)
    rows = found.annotate(json=Cast("body", TextField())).values_list(
        "position", "uid", "type", "code", "level", "kinds", "json"
    )
    return [Line(*row[:5], tuple(row[5]), row[6]) for row in (rows if limit is None else rows[:limit])]


def forget_lines(run: int) -> None:
    """Take away the lines of a preview, which the import that follows replaces."""
    RunItem.objects.filter(run=run).delete()


def mark_sent(items: Iterable[int], *, batch: int) -> None:
    """Write down, before sending, which items travel in a batch: after a crash exactly these are read back."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE runs_runitem SET sent_in = %s WHERE id = ANY(%s)", [batch, list(items)])


def settle(outcomes: Sequence[Settled]) -> None:
    """Write what became of the items of one batch, and what is kept of refusals."""
    if not outcomes:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_runitem AS item SET outcome = new.outcome, unit_written = item.unit_written OR new.written,"
            " error = new.error::jsonb FROM unnest(%s::bigint[], %s::text[], %s::boolean[], %s::text[])"
            " AS new(id, outcome, written, error) WHERE item.id = new.id",
            [
                [settled.pk for settled in outcomes],
                [settled.outcome for settled in outcomes],
                [settled.unit_written for settled in outcomes],
                [msgspec.json.encode(settled.error).decode() if settled.error else None for settled in outcomes],
            ],
        )
        keep_evidence({settled.pk: settled.evidence for settled in outcomes if settled.evidence is not None})


def outcome_counts(run: int) -> dict[str, int]:
    """Count the changes of a run by outcome; those without one are under an empty text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, count(*) FROM runs_runitem WHERE run_id = %s AND category = 'change' GROUP BY outcome",
            [run],
        )
        return dict(cursor.fetchall())


def count_units_due(run: int) -> int:
    """Count the units that are still to be written."""
    writing = [Kind.CREATE.value, Kind.UPDATE.value, Kind.MOVE.value]
    changes = RunItem.objects.filter(run=run, category=RunItem.Category.CHANGE, outcome="", unit_written=False)
    return changes.filter(kinds__overlap=writing).count()


def never_sent_creations(run: int) -> list[int]:
    """Give the keys of the objects whose units were to be created and surely weren't: nothing was sent for them."""
    changes = RunItem.objects.filter(run=run, category=RunItem.Category.CHANGE, outcome="", sent_in=None)
    keys = changes.filter(kinds__contains=[Kind.CREATE.value]).values_list("object_key", flat=True)
    return [key for key in keys if key is not None]


def undone_objects(run: int) -> set[int]:
    """Give the keys of the run's objects that have a problem or whose change isn't done."""
    lines = RunItem.objects.filter(run=run).exclude(category=RunItem.Category.NOTE)
    undone = lines.exclude(category=RunItem.Category.CHANGE, outcome=RunItem.Outcome.DONE)
    return {key for key in undone.values_list("object_key", flat=True) if key is not None}


def skipped_as_changed(run: int) -> set[int]:
    """Give the keys of the objects that were left alone because they, or one they need, had changed on either side."""
    changes = RunItem.objects.filter(run=run, category=RunItem.Category.CHANGE)
    changed = changes.filter(outcome=RunItem.Outcome.SKIPPED, error__code__in=_CHANGED_MEANWHILE)
    found = {(kind, code): key for kind, code, key in changed.values_list("type", "code", "object_key")}
    if not found:
        return set()
    blocked = changes.filter(outcome=RunItem.Outcome.BLOCKED).order_by("position")
    # Parents come first, so what names a blocked object as its reason comes after that one.
    for kind, code, key, by in blocked.values_list("type", "code", "object_key", "error__blocked_by"):
        if by and (by["type"], by["code"]) in found:
            found[kind, code] = key
    return {key for key in found.values() if key is not None}


def last_batch(run: int) -> int:
    """Give the number of the last batch that was sent, 0 before the first."""
    sent = RunItem.objects.filter(run=run).exclude(sent_in=None).order_by("-sent_in").values_list("sent_in", flat=True)
    return sent.first() or 0


def not_made(run: int) -> dict[str, str]:
    """Give the changes that have an outcome without having been made: unit id → the object's name."""
    rows = RunItem.objects.filter(run=run, category=RunItem.Category.CHANGE, unit_written=False).exclude(
        outcome__in=["", RunItem.Outcome.DONE]
    )
    return {uid: f"{type_code} {code}" for uid, type_code, code in rows.values_list("uid", "type", "code")}


def moved_units(runs: Iterable[int]) -> set[str]:
    """Give the ids of the units that the runs moved, or may have moved: sent, and never read back."""
    rows = RunItem.objects.filter(
        Q(unit_written=True) | Q(outcome="", sent_in__isnull=False),
        run__in=list(runs),
        category=RunItem.Category.CHANGE,
        kinds__contains=[Kind.MOVE.value],
    )
    return set(rows.values_list("uid", flat=True))
