"""A plan's changes as people read them: "Ownership: 1 → 2 (Private → Public)" instead of ids and codes (R9.1).

The names are gathered when the plan is made, only those that it needs, and kept beside it: what was reviewed can be
read later although DHIS2 calls things differently by then, and no name is part of what is applied or of the digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.core.changes import Change, FieldChange, Plan
    from cgr.core.records import RemoteShape, TheirUnit

_NOTHING = "–"
_ATTRIBUTE = "attribute:"
_TRANSLATION = "translation:"
_POSITION_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_LABELS = {
    "name": "Name",
    "shortName": "Short name",
    "code": "Code",
    "openingDate": "Opening date",
    "closedDate": "Closed date",
    "description": "Description",
    "comment": "Comment",
    "url": "URL",
    "contactPerson": "Contact person",
    "address": "Address",
    "email": "E-mail",
    "phoneNumber": "Phone number",
    "geometry": "Geometry",
    "parent": "Parent",
    "NAME": "Name",
    "SHORT_NAME": "Short name",
    "DESCRIPTION": "Description",
}


class Names(Struct, frozen=True):
    """What DHIS2 calls what a plan mentions: attributes, groups and units by id, options by attribute and code."""

    attributes: dict[str, str] = {}
    options: dict[str, dict[str, str]] = {}
    groups: dict[str, str] = {}
    units: dict[str, str] = {}


NO_NAMES = Names()
"""Ids and codes then stand for themselves."""


class Words(Struct, frozen=True):
    """One changed field: what it is called, and "before → after" with the names of codes and ids in brackets."""

    label: str
    words: str


def names_for(plan: Plan, shape: RemoteShape, units: Mapping[str, TheirUnit]) -> Names:
    """Gather the names that this plan's changes need; `units` are DHIS2's before it, by id."""
    created = {change.uid: str(field.after) for change in plan.changes if (field := change.fields.get("name"))}
    names = Names({}, {}, {}, {})
    for change in plan.changes:
        for group in change.groups:
            if group in shape.groups:
                names.groups[group] = shape.groups[group].name
        name_fields(change.fields, shape, lambda uid: units[uid].name if uid in units else created.get(uid), names)
    return names


def name_fields(
    fields: Mapping[str, FieldChange], shape: RemoteShape, unit_name: Callable[[str], str | None], names: Names
) -> None:
    """Add to `names` what DHIS2 calls the parents, attributes and options in some changed fields."""
    for key, field in fields.items():
        if key == "parent":
            for uid in _given(field):
                name = unit_name(uid)
                if name:
                    names.units[uid] = name
        elif key.startswith(_ATTRIBUTE):
            _name_attribute(key.removeprefix(_ATTRIBUTE), field, shape, names)


def _name_attribute(attribute: str, field: FieldChange, shape: RemoteShape, names: Names) -> None:
    remote = shape.attributes.get(attribute)
    if remote is None:
        return
    names.attributes[attribute] = remote.name
    used = set(_given(field))
    options = {option.code: option.name for option in remote.options or () if option.code in used}
    names.options.setdefault(attribute, {}).update(options)


class Sides(Struct, frozen=True):
    """One changed field for a table: what it is called, what was there and what will be; empty where nothing is."""

    label: str
    before: str
    after: str


def field_words(key: str, field: FieldChange, names: Names) -> Words:
    """Say one change of a field; `key` is one of a plan's keys."""
    label, called = _meaning(key, names)
    if key == "geometry":
        return Words(label, f"{_shape(field.before)} → {_shape(field.after)}")
    return Words(label, _change(field, called))


def field_sides(key: str, field: FieldChange, names: Names) -> Sides:
    """Say a field before and after, each by itself, names first: `Private (1)`."""
    label, called = _meaning(key, names)
    return Sides(label, _side(key, field.before, called), _side(key, field.after, called))


def _side(key: str, value: object, called: Mapping[str, str]) -> str:
    if value is None:
        return ""
    if key == "geometry":
        return _shape(value)
    text = str(value)
    name = called.get(text, text)
    return text if name == text else f"{name} ({text})"


def _meaning(key: str, names: Names) -> tuple[str, Mapping[str, str]]:
    """Give what a field is called, and what its values are called."""
    if key == "parent":
        return _LABELS[key], names.units
    if key.startswith(_ATTRIBUTE):
        attribute = key.removeprefix(_ATTRIBUTE)
        return names.attributes.get(attribute, attribute), names.options.get(attribute, {})
    if key.startswith(_TRANSLATION):
        _, kind, locale = key.split(":", 2)
        return f"{_LABELS.get(kind, kind)} ({locale})", {}
    return _LABELS.get(key, key), {}


def group_words(change: Change, names: Names) -> list[str]:
    """Name the groups that a unit joins, in the order of the change."""
    return [names.groups.get(group, group) for group in change.groups]


def _given(field: FieldChange) -> Iterator[str]:
    return (str(value) for value in (field.before, field.after) if value is not None)


def _change(field: FieldChange, called: Mapping[str, str]) -> str:
    raw = f"{_text(field.before)} → {_text(field.after)}"
    given = list(_given(field))
    named = [called.get(value, value) for value in given]
    return raw if named == given else f"{raw} ({' → '.join(named)})"


def _text(value: object) -> str:
    return _NOTHING if value is None else str(value)


def _shape(value: object) -> str:
    """Say a point by its place and anything larger by how many positions it has."""
    if not isinstance(value, Mapping):
        return _NOTHING
    kind, coordinates = str(value.get("type")), value.get("coordinates")
    depth = _POSITION_DEPTHS.get(kind)
    if depth is None or not isinstance(coordinates, list | tuple):
        return kind
    if depth == 0:
        return f"{kind} {' '.join(map(str, coordinates))}"
    return f"{kind} of {_positions(coordinates, depth):,} positions"


def _positions(coordinates: list[object] | tuple[object, ...], depth: int) -> int:
    if depth == 1:
        return len(coordinates)
    return sum(_positions(part, depth - 1) for part in coordinates if isinstance(part, list | tuple))
