"""What lies where: the geometries of a type's objects at a day, in a box, thinned out to what a map can show.

The caller has checked who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from cgr.registry.queries.tree import EXISTS, label_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cgr.core.geometry import Box
    from cgr.core.records import Localized

CELLS: Final = 64
"""How many places stand beside each other in a box at most; more can't be told apart on a map tile."""

# A geometry's periods don't overlap: the one that began last is in force, or ended last (R0.4).
_LATEST: Final = (
    "(g.starts is null or g.starts <= %(on)s) and not exists (select from registry_geometryversion later"
    " where later.object_id = g.object_id and later.starts <= %(on)s"
    " and later.starts > coalesce(g.starts, '-infinity'::date))"
)
_PLACES: Final = "registry_geometryversion g join registry_geoobject o on o.id = g.object_id"
# What is smaller than a cell stands for all such in its cell; what is larger is drawn in any case.
_IN_BOX: Final = (
    "select o.uid::text, o.type_id, o.code, o.invalid, o.label::text, g.wkb from (select distinct on ("  # noqa: S608
    " o.type_id, floor(((g.box[0])[0] - %(west)s) / %(width)s), floor(((g.box[0])[1] - %(south)s) / %(height)s),"
    " case when (g.box[0])[0] - (g.box[1])[0] > %(width)s or (g.box[0])[1] - (g.box[1])[1] > %(height)s"
    " then g.id end) g.id"
    f" from {_PLACES} where o.type_id = any(%(types)s)"
    " and g.box && box(point(%(east)s, %(north)s), point(%(west)s, %(south)s))"
    f" and {_LATEST} and {EXISTS}) found"
    " join registry_geometryversion g on g.id = found.id join registry_geoobject o on o.id = g.object_id"
)
_FEW: Final = (
    f"select o.uid::text, o.type_id, o.code, o.invalid, o.label::text, g.wkb from {_PLACES}"  # noqa: S608
    f" where o.type_id = %(type)s and {_LATEST} and {EXISTS} limit %(limit)s"
)
_COUNT: Final = "select count(*) from (select from registry_geoobject where type_id = %s limit %s) counted"
_AROUND: Final = (
    "select min((g.box[1])[0]), min((g.box[1])[1]), max((g.box[0])[0]), max((g.box[0])[1])"  # noqa: S608
    f" from {_PLACES} where o.type_id = any(%s)"
)


@dataclass(frozen=True, slots=True)
class Place:
    """One object with its geometry (WKB)."""

    uid: str
    type: int
    code: str
    invalid: bool
    label: Localized | None
    wkb: bytes


def places_in(box: Box, types: Sequence[int], *, on: date) -> list[Place]:
    """Give the places of some types (keys) in a box, of which each cell shows one."""
    west, south, east, north = box
    parameters = {
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "width": (east - west) / CELLS,
        "height": (north - south) / CELLS,
        "types": list(types),
    }
    return _places(_IN_BOX, parameters, on)


def places_of(type_key: int, *, on: date, limit: int) -> list[Place]:
    """Give all places of a type, up to a limit."""
    return _places(_FEW, {"type": type_key, "limit": limit}, on)


def has_more_than(type_key: int, number: int) -> bool:
    """Say whether there are more objects of a type than a number, without counting the rest."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [type_key, number + 1])
        return bool(cursor.fetchone()[0] > number)


def bounds_of(types: Sequence[int]) -> Box | None:
    """Give the box around all places of some types, at any time; it reads all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, [list(types)])
        west, south, east, north = cursor.fetchone()
    return None if west is None else (west, south, east, north)


def _places(statement: str, parameters: dict[str, Any], on: date) -> list[Place]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "on": on.isoformat()})
        return [
            Place(uid, type_key, code, invalid, label_at(label, on.isoformat()), bytes(wkb))
            for uid, type_key, code, invalid, label, wkb in cursor.fetchall()
        ]
