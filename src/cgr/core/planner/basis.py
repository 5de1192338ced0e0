"""The fingerprint by which apply sees that a unit's mapped values moved since the plan (contract.md)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from cgr.core.mapping import SyncMapping, SyncType
from cgr.core.mapping_rules import field_sources
from cgr.core.planner.rules import SLOTS
from cgr.core.texts import normal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cgr.core.records import TheirUnit

_DIGITS = 32
"""Half of the hash: plenty to notice a change, and a plan holds one for each unit."""

_encode = msgspec.json.Encoder(order="deterministic").encode


def basis(unit: TheirUnit, mapping: SyncMapping, level: int, fields: Collection[str]) -> str:
    """Fingerprint what the mapping compares of a unit; give it the level and the field keys of the change.

    A plain field that the change writes counts even if it isn't mapped, like the closedDate of an undo.
    Of translations only those count that the change names: others, added meanwhile, are none of ours. A change in
    spelling that isn't one for DHIS2 (blanks, 1 and 1.0 in coordinates) leaves the fingerprint as it is.
    """
    rules = mapping.levels[level - 1]
    seen: dict[str, object] = {}
    if level > 1 and rules.sync in {SyncType.RELATIONSHIPS, SyncType.BOTH}:
        seen["parent"] = unit.parent
    if rules.sync in {SyncType.ORG_UNITS, SyncType.BOTH}:
        for name in field_sources(rules):
            seen[name] = _plain(unit, name)
        if rules.geometry is not False:
            seen["geometry"] = coordinates(unit.geometry)
        values = unit.attribute_values or {}
        for entry in rules.attributes:
            if entry.to is not None:
                seen[f"attribute:{entry.to}"] = normal(values.get(entry.to))
        seen.update(_translations(unit, fields))
    for name in SLOTS.keys() & set(fields) - seen.keys():
        seen[name] = _plain(unit, name)
    return hashlib.sha256(_encode(seen)).hexdigest()[:_DIGITS]


def _plain(unit: TheirUnit, name: str) -> str | None:
    value = getattr(unit, SLOTS[name])
    return (value or "")[:10] if name.endswith("Date") else normal(value)


def _translations(unit: TheirUnit, fields: Iterable[str]) -> dict[str, object]:
    wanted = {key: None for key in fields if key.startswith("translation:")}
    present = {f"translation:{kind}:{locale}": text for kind, locale, text in reversed(unit.translations)}
    return {key: normal(present.get(key)) for key in wanted}


def coordinates(geojson: bytes | None) -> object:
    """Give the coordinates alone, one area as one of several: 2.31 knows no other way to keep it (verified fact O4)."""
    if geojson is None:
        return None
    shape = msgspec.json.decode(geojson)
    positions = _as_floats(shape.get("coordinates"))
    return [positions] if shape.get("type") == "Polygon" else positions


def _as_floats(value: object) -> object:
    if isinstance(value, list):
        return [_as_floats(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
