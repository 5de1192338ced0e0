"""What went wrong in a run, by its causes: "9 × the value is another unit's", each with some of the objects (R9.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from msgspec import Struct

if TYPE_CHECKING:
    from cgr.runs.models import Run

_SHOWN = 5
_WRONG = (
    "SELECT id, category, position, type, code, object_key,"
    " CASE category WHEN 'change' THEN error->>'code' ELSE body->>'code' END AS why,"
    " coalesce(error->>'property', '') AS property, coalesce(error->>'dhis2_code', '') AS dhis2_code,"
    " CASE category WHEN 'change' THEN error->>'message' ELSE body->>'message' END AS message,"
    " CASE category WHEN 'change' THEN error->>'next_step' ELSE body->>'next_step' END AS next_step"
    " FROM runs_runitem WHERE run_id = %s AND (category = 'problem' OR"
    " (category = 'change' AND outcome IN ('failed', 'blocked', 'skipped', 'unknown')))"
)
_CAUSES = f"""
WITH wrong AS ({_WRONG}), placed AS (
    SELECT wrong.*, count(*) OVER cause AS number, row_number() OVER (cause ORDER BY category, position) AS place
    FROM wrong WINDOW cause AS (PARTITION BY why, property, dhis2_code))
SELECT why, property, dhis2_code, number, id, type, code, object_key, message, next_step FROM placed
WHERE place <= %s ORDER BY number DESC, why, property, dhis2_code, place"""  # noqa: S608 - texts of this module only
_NOTES = (
    "WITH placed AS (SELECT body->>'code' AS why, type, code, body->>'message' AS message,"
    " count(*) OVER cause AS number, row_number() OVER (cause ORDER BY position) AS place"
    " FROM runs_runitem WHERE run_id = %s AND category = 'note' WINDOW cause AS (PARTITION BY body->>'code'))"
    " SELECT why, number, type, code, message FROM placed WHERE place <= %s ORDER BY number DESC, why, place"
)


class Affected(Struct, frozen=True):
    """One object of a cause. `line`: its place in the table; `key`: of the Geo-Object, 0 where there is none."""

    type: str
    code: str
    message: str
    line: int = 0
    key: int = 0
    next_step: str = ""


class Cause(Struct, frozen=True):
    """Objects that have the same wrong with them; `objects` are the first few of `number`."""

    code: str
    number: int
    objects: list[Affected]
    property: str = ""
    dhis2_code: str = ""


def causes_of(run: Run) -> list[Cause]:
    """Group what the plan couldn't do and what became of no change, the most frequent cause first."""
    found: dict[tuple[str, str, str], Cause] = {}
    for why, prop, dhis2_code, number, line, type_code, code, key, message, next_step in _rows(_CAUSES, run):
        cause = found.setdefault((why, prop, dhis2_code), Cause(why or "", number, [], prop, dhis2_code))
        cause.objects.append(Affected(type_code, code, message or "", line, key or 0, next_step or ""))
    return list(found.values())


def notes_of(run: Run) -> list[Cause]:
    """Group the notes of a plan in the same way."""
    found: dict[str, Cause] = {}
    for why, number, type_code, code, message in _rows(_NOTES, run):
        found.setdefault(why, Cause(why, number, [])).objects.append(Affected(type_code, code, message))
    return list(found.values())


def _rows(statement: str, run: Run) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [run.pk, _SHOWN])
        return list(map(tuple, cursor.fetchall()))
