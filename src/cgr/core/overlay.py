"""The body to send for one unit: its own fresh JSON with the mapped fields laid over it, and nothing else (R5.7).

DHIS2's import replaces whole objects, so whatever isn't in the body is deleted there (verified fact H1).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.core.changes import Change, FieldChange

from cgr.core.records import TheirUnit


def overlay(owner: dict[str, Any] | None, change: Change) -> dict[str, Any]:
    """Lay a change over the owner JSON of its unit (None: a new one); the given JSON isn't altered.

    Geometry is GeoJSON; the forms of old versions are the client's business.
    """
    body: dict[str, Any] = {"id": change.uid} if owner is None else copy(owner)
    for key, field in change.fields.items():
        if key == "parent":
            body["parent"] = {"id": field.after} if field.after is not None else None
        elif key.startswith("attribute:"):
            attribute = key.removeprefix("attribute:")
            body["attributeValues"] = _attribute_values(body.get("attributeValues"), attribute, field)
        elif key.startswith("translation:"):
            _, kind, locale = key.split(":", 2)
            body["translations"] = _translations(body.get("translations"), kind, locale, field)
        else:
            body[key] = field.after
    return body


def _attribute_values(present: object, attribute: str, field: FieldChange) -> list[Any] | dict[str, Any]:
    """Set or leave out one attribute's value in its place; further values of the same attribute go (fact O8).

    The map form, which 2.42 takes beside the list and a later version may show, stays a map (api.md 4.3).
    """
    if isinstance(present, dict):
        others = {key: value for key, value in present.items() if key != attribute}
        return others if field.after is None else {**present, attribute: {"value": field.after}}
    ours = {"attribute": {"id": attribute}, "value": field.after}
    return _replaced(present, ours if field.after is not None else None, lambda one: _attribute_id(one) == attribute)


def _translations(present: object, kind: str, locale: str, field: FieldChange) -> list[Any]:
    """Set or leave out one translation in its place; all others stay as they are, corrupt ones too."""
    ours = {"property": kind, "locale": locale, "value": field.after}
    return _replaced(
        present,
        ours if field.after is not None else None,
        lambda one: isinstance(one, dict) and one.get("property") == kind and one.get("locale") == locale,
    )


def _replaced(present: object, ours: dict[str, Any] | None, is_it: Callable[[object], bool]) -> list[Any]:
    entries = list(present) if isinstance(present, list) else []
    place = next((index for index, one in enumerate(entries) if is_it(one)), len(entries))
    others_before = entries[:place]
    others_after = [one for one in entries[place:] if not is_it(one)]
    return [*others_before, *([ours] if ours is not None else []), *others_after]


def _attribute_id(entry: object) -> str | None:
    attribute = entry.get("attribute") if isinstance(entry, dict) else None
    return attribute.get("id") if isinstance(attribute, dict) else None


def from_owner(owner: dict[str, Any]) -> TheirUnit:
    """Read the owner JSON of one unit as a record, to compare its basis with the plan's."""
    return TheirUnit(
        uid=owner["id"],
        level=(owner.get("path") or "").count("/"),
        parent=(owner.get("parent") or {}).get("id"),
        code=owner.get("code"),
        name=owner.get("name"),
        short_name=owner.get("shortName"),
        opening_date=_day(owner.get("openingDate")),
        closed_date=_day(owner.get("closedDate")),
        description=owner.get("description"),
        comment=owner.get("comment"),
        url=owner.get("url"),
        contact_person=owner.get("contactPerson"),
        address=owner.get("address"),
        email=owner.get("email"),
        phone_number=owner.get("phoneNumber"),
        geometry=_geometry(owner),
        translations=tuple(
            (one["property"], one["locale"], one["value"])
            for one in owner.get("translations") or ()
            if isinstance(one, dict) and all(isinstance(one.get(key), str) for key in ("property", "locale", "value"))
        ),
        attribute_values=_values(owner.get("attributeValues")),
    )


def _day(text: str | None) -> str | None:
    return text.partition("T")[0] if text else None


def _values(entries: object) -> dict[str, str] | None:
    """Of several values of one attribute the first counts, as in the client's reader and DHIS2 from 2.42 on (H21)."""
    values: dict[str, str] = {}
    if isinstance(entries, dict):
        entries = [{"attribute": {"id": key}, **value} for key, value in entries.items() if isinstance(value, dict)]
    for entry in entries if isinstance(entries, list) else ():
        attribute = _attribute_id(entry)
        if attribute is not None and entry.get("value") is not None:
            values.setdefault(attribute, str(entry["value"]))
    return values or None


def _geometry(owner: dict[str, Any]) -> bytes | None:
    if "geometry" in owner:
        return None if owner["geometry"] is None else msgspec.json.encode(owner["geometry"])
    return _legacy_geometry(owner.get("featureType"), owner.get("coordinates"))


def _legacy_geometry(feature_type: str | None, text: str | None) -> bytes | None:
    """Read what 2.31 keeps: coordinates in a text that nobody checks (fact O4); what is no point or area is nothing."""
    if not text or feature_type in {None, "NONE"}:
        return None
    try:
        coordinates = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
    readers = {1: ("Point", _is_position), 3: ("Polygon", _is_area), 4: ("MultiPolygon", _are_areas)}
    kind, is_one = readers.get(_nesting(coordinates), ("", None))
    if is_one is None or not is_one(coordinates):
        return None
    return msgspec.json.encode({"type": kind, "coordinates": coordinates})


def _nesting(value: object) -> int:
    return 1 + (_nesting(value[0]) if value else 0) if isinstance(value, list) else 0


def _is_position(value: object) -> bool:
    fewest = 2
    return (
        isinstance(value, list)
        and len(value) >= fewest
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in value)
    )


def _is_area(value: object) -> bool:
    fewest = 4
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(ring, list) and len(ring) >= fewest and all(map(_is_position, ring)) for ring in value)
    )


def _are_areas(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_area, value))
