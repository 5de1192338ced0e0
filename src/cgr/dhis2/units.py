"""Organisation units between DHIS2's JSON and the core's records, version differences taken out.

Reading 100,000 units has to cost seconds, so a row becomes a record in one call, without intermediate copies.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

import msgspec

from cgr.core.records import TheirUnit
from cgr.dhis2 import errors as e
from cgr.dhis2 import legacy_geometry
from cgr.dhis2.errors import fault
from cgr.dhis2.wire import NOTHING, AttributeValue, BareValue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cgr.dhis2.versions import Features
    from cgr.dhis2.wire import Translation, UnitRow

_VALUES = msgspec.json.Decoder(list[AttributeValue] | dict[str, BareValue] | None)

_ALWAYS = ("id", "path", "parent[id]")
_NESTED = {
    "attributeValues": "attributeValues[value,attribute[id]]",
    "translations": "translations[property,locale,value]",
}
UNIT_FIELDS = (
    "name",
    "shortName",
    "code",
    "openingDate",
    "closedDate",
    "geometry",
    "description",
    "comment",
    "url",
    "contactPerson",
    "address",
    "email",
    "phoneNumber",
    "translations",
    "attributeValues",
)
"""What can be asked for besides id, level and parent: DHIS2's own property names."""

_SERVER_MADE = frozenset({"access", "href", "lastUpdated", "lastUpdatedBy", "level", "path"})
"""What DHIS2 makes itself or computes. Anything else goes back as it came: DHIS2 ignores what isn't the unit's own
(H19), and what a later version adds to the unit, under whatever name, would be deleted if it were missing (H1)."""

_DATES = ("openingDate", "closedDate")


def fields_query(fields: Collection[str] | None, *, features: Features) -> str:
    """Give the `fields` parameter of a list; ValueError for a field that no unit has."""
    wanted = UNIT_FIELDS if fields is None else tuple(name for name in UNIT_FIELDS if name in fields)
    if fields is not None and (unknown := set(fields) - set(UNIT_FIELDS)):
        message = f"organisation units have no {', '.join(sorted(unknown))}"
        raise ValueError(message)
    geometry = "featureType,coordinates" if features.legacy_geometry else "geometry"
    return ",".join((*_ALWAYS, *(geometry if name == "geometry" else _NESTED.get(name, name) for name in wanted)))


def their_unit(row: UnitRow) -> TheirUnit:
    """Make the record of a row; its level is the number of ids in the path shown (H7)."""
    if not row.path:
        message = f"DHIS2 shows organisation unit {row.id} without a path."
        raise fault(e.UNKNOWN_SHAPE, message)
    opening, closed = row.opening_date, row.closed_date
    geometry: bytes | None = bytes(row.geometry)
    if geometry == b"null":
        geometry = legacy_geometry.to_geojson(row.feature_type, row.coordinates) if row.coordinates else None
    # Of a million units hundreds share a parent and a day, and most have a short name that is the name: one text each.
    return TheirUnit(
        row.id,
        row.path.count("/"),
        intern(row.parent.id) if row.parent is not None else None,
        row.code,
        row.name,
        row.name if row.short_name == row.name else row.short_name,
        intern(opening.partition("T")[0]) if opening else None,
        intern(closed.partition("T")[0]) if closed else None,
        row.description,
        row.comment,
        row.url,
        row.contact_person,
        row.address,
        row.email,
        row.phone_number,
        geometry,
        _translations(row.translations) if row.translations else (),
        None if row.attribute_values is NOTHING else _attribute_values(row),
    )


def _translations(rows: list[Translation]) -> tuple[tuple[str, str, str], ...]:
    """Leave the corrupt ones out: they are kept where they are, in the unit's own JSON."""
    return tuple(
        (row.property, row.locale, row.value)
        for row in rows
        if row.property is not None and row.locale is not None and row.value is not None
    )


def _attribute_values(unit: UnitRow) -> dict[str, str] | None:
    """Of several values of one attribute the first counts, as in DHIS2 from 2.42 on (H21)."""
    try:
        rows = _VALUES.decode(unit.attribute_values)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"DHIS2 shows organisation unit {unit.id} with attribute values of an unknown form: {error}"
        raise fault(e.UNKNOWN_SHAPE, message) from error
    if not rows:
        return None
    if isinstance(rows, dict):
        values = {attribute: row.value for attribute, row in rows.items() if row.value is not None}
    else:
        # A million ids in a large country, of which only a dozen differ.
        values = {intern(row.attribute.id): row.value for row in reversed(rows) if row.value is not None}
    return values or None


def payload_unit(owner: Mapping[str, object], features: Features) -> dict[str, object]:
    """Give the body to send for a whole unit: `:owner` JSON, or a new unit, with our fields laid over it already.

    What the server makes itself is dropped; `created`, `user` and `createdBy` stay, since leaving `created` out
    resets it up to 2.38 (H1). What is to be cleared is left out, which every version was seen to understand (H1).
    Dates lose their time of day, which DHIS2 cuts off anyhow, in whatever zone it is in (H9). On 2.31 a `geometry` key
    becomes featureType and coordinates; without one their own pair stays.
    """
    body = {name: value for name, value in owner.items() if name not in _SERVER_MADE}
    for name in _DATES:
        date = body.get(name)
        if isinstance(date, str):
            body[name] = date.partition("T")[0]
    if features.legacy_geometry and "geometry" in body:
        body |= legacy_geometry.from_geojson(body.pop("geometry"))
    return {name: value for name, value in body.items() if value is not None}
