"""What a unit holds under each key of a plan's `fields`, and whether that is the same as another value.

The comparison is between two values that DHIS2 held or was sent, so it needs no rule of the mapping, only the type of
the attribute: blanks, forms of dates and numbers, and ways to write one geometry make no difference.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cgr.core import geometry
from cgr.core.errors import BadInput
from cgr.core.planner.rules import SLOTS
from cgr.core.texts import same_text
from cgr.core.values import same_value

if TYPE_CHECKING:
    from cgr.core.records import RemoteShape, TheirUnit

ATTRIBUTE = "attribute:"
TRANSLATION = "translation:"


def held(unit: TheirUnit, key: str) -> object:
    """Give what a unit holds under a key, as plans write it: text, GeoJSON geometry, id of the parent, or None."""
    if key == "parent":
        return unit.parent
    if key == "geometry":
        return None if unit.geometry is None else json.loads(unit.geometry)
    if key.startswith(ATTRIBUTE):
        return (unit.attribute_values or {}).get(key.removeprefix(ATTRIBUTE))
    if key.startswith(TRANSLATION):
        return next((text for kind, where, text in unit.translations if key == f"{TRANSLATION}{kind}:{where}"), None)
    value: str | None = getattr(unit, SLOTS[key])
    return value


def same_held(key: str, one: object, other: object, shape: RemoteShape) -> bool:
    """Say whether two values of a key are the same, however each is written."""
    if key == "parent":
        return one == other
    if key == "geometry":
        return _same_geometry(one, other)
    left, right = _text(one), _text(other)
    if key.startswith(ATTRIBUTE):
        remote = shape.attributes.get(key.removeprefix(ATTRIBUTE))
        return same_value(remote.value_type if remote is not None else "TEXT", left, right)
    if key.endswith("Date"):
        return (left or "")[:10] == (right or "")[:10]
    return same_text(left, right)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _same_geometry(one: object, other: object) -> bool:
    if one == other or one is None or other is None:
        return one == other
    try:
        return geometry.same_geometry(geometry.from_geojson(one), json.dumps(other).encode())
    except BadInput:
        # DHIS2 may hold what nobody could send: that is the same only to the letter.
        return False
