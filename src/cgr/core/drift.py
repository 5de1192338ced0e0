"""Drift: what DHIS2 holds otherwise than we last agreed, field by field (R9.5).

Both sides agree on a unit when a run has written it, and when a plan finds that it needs nothing. What the unit held
then, in the fields that are mapped, is kept; fields that aren't mapped (any more) never count.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.changes import FieldChange
from cgr.core.held_values import ATTRIBUTE, TRANSLATION, held, same_held
from cgr.core.mapping import SyncMapping, SyncType
from cgr.core.mapping_rules import field_sources
from cgr.core.planner.basis import coordinates
from cgr.core.unit_fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.planner.rules import LevelRules
    from cgr.core.records import RemoteShape, TheirUnit

_DIGITS = 32
_encode = msgspec.json.Encoder(order="deterministic").encode


class Agreed(Struct, frozen=True, gc=False):
    """What both sides last agreed on about one object's unit.

    `version`: of the object then, or ANY_VERSION. `layout`: of the level's mapping then. `fields`: by a plan's keys;
    None says that DHIS2 held nothing there.
    """

    key: int
    uid: str
    version: int
    level: int
    layout: int
    fields: dict[str, object]


def agreed(unit: TheirUnit, mapping: SyncMapping, level: int, *, key: int, version: int) -> Agreed:
    """Keep what a unit holds now as agreed on; `level`: the mapping's, from 1."""
    return Agreed(key, unit.uid, version, level, layout(mapping, level), dict(_agreed_fields(unit, mapping, level)))


def layout(mapping: SyncMapping, level: int) -> int:
    """Give a number that changes with what is mapped at a level: what was kept before names other fields."""
    return zlib.crc32(_encode(mapping.levels[level - 1])) >> 1


def _agreed_fields(unit: TheirUnit, mapping: SyncMapping, level: int) -> Iterator[tuple[str, object]]:
    rules = mapping.levels[level - 1]
    if level > 1 and rules.sync in {SyncType.RELATIONSHIPS, SyncType.BOTH}:
        yield "parent", unit.parent
    if rules.sync not in {SyncType.ORG_UNITS, SyncType.BOTH}:
        return
    translated = set()
    for name in field_sources(rules):
        yield name, held(unit, name)
        translated.add(FIELDS[name].translated_as)
    if rules.geometry is not False:
        yield "geometry", _kept_geometry(unit.geometry)
    for entry in rules.attributes:
        if entry.to is not None:
            yield (name := f"{ATTRIBUTE}{entry.to}"), held(unit, name)
    for kind, locale, text in reversed(unit.translations):
        if kind in translated:
            yield f"{TRANSLATION}{kind}:{locale}", text


def _kept_geometry(geojson: bytes | None) -> object:
    """Keep a point as it is; of anything larger its kind and a fingerprint, since a country's outlines are many MB."""
    if geojson is None:
        return None
    shape = msgspec.json.decode(geojson)
    if shape.get("type") == "Point":
        return shape
    return {"type": shape.get("type"), "digest": hashlib.sha256(_encode(coordinates(geojson))).hexdigest()[:_DIGITS]}


def drifted(then: Agreed, unit: TheirUnit, rules: LevelRules, shape: RemoteShape) -> dict[str, FieldChange]:
    """Give the mapped fields in which a unit isn't as agreed any more: what it held, and what it holds now.

    An outline is given by its kind and fingerprint. A translation that was added since is none of ours.
    """
    found = {}
    for key, value in then.fields.items():
        if not _is_mapped(key, rules):
            continue
        now = _kept_geometry(unit.geometry) if key == "geometry" else held(unit, key)
        if not _same(key, value, now, shape):
            found[key] = FieldChange(value, now)
    return found


def _same(key: str, then: object, now: object, shape: RemoteShape) -> bool:
    if key != "geometry" or not isinstance(then, dict) or "digest" not in then:
        return same_held(key, then, now, shape)
    return isinstance(now, dict) and then["digest"] == now.get("digest")


def _is_mapped(key: str, rules: LevelRules) -> bool:
    if key == "parent":
        return rules.exports_parent
    if key == "geometry":
        return rules.exports_values and rules.geometry
    if not rules.exports_values:
        return False
    if key.startswith(ATTRIBUTE):
        return any(key == f"{ATTRIBUTE}{rule.target_id}" for rule in rules.attributes)
    named = [*rules.fields, *([rules.short_name] if rules.short_name is not None else [])]
    if key.startswith(TRANSLATION):
        return any(key.split(":")[1] == rule.translated_as for rule in named)
    return any(key == rule.property for rule in named)
