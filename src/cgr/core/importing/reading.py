"""What one organisation unit says, in the registry's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.errors import BadInput
from cgr.core.geometry import from_geojson
from cgr.core.localized import canonical_locale
from cgr.core.records import Localized, OurType, TheirUnit, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.core.importing.settings import ImportAttribute, ImportMapping

_ATTRIBUTES_OF_UNITS = {
    "shortName": "short_name",
    "description": "description",
    "comment": "comment",
    "url": "url",
    "contactPerson": "contact_person",
    "address": "address",
    "email": "email",
    "phoneNumber": "phone_number",
    "name": "name",
    "code": "code",
    "openingDate": "opening_date",
    "closedDate": "closed_date",
}
_TRANSLATED = {"name": "NAME", "shortName": "SHORT_NAME", "description": "DESCRIPTION"}


class Said(Struct, frozen=True, gc=False):
    """What a unit says about its Geo-Object; None and absent keys say nothing."""

    code: str
    label: Localized | None
    starts: str | None
    ends: str | None
    values: dict[str, Value]
    geometry: bytes | None


def read(
    unit: TheirUnit,
    shape: OurType,
    mapping: ImportMapping,
    members: Mapping[str, frozenset[str]] | Mapping[str, set[str]],
) -> Said:
    """Read a unit; raises BadInput naming the value that doesn't fit the type."""
    said: dict[str, str] = {}
    values: dict[str, Value] = {}
    label: Localized | None = None
    for name, target in mapping.sources().items():
        text = getattr(unit, _ATTRIBUTES_OF_UNITS[name])
        if text is None or not text.strip():
            continue
        if target == "label":
            label = {"default": text, **_translations(unit, _TRANSLATED.get(name, ""))}
        elif target.startswith("attribute:"):
            _take(values, target.removeprefix("attribute:"), text, shape, unit, name)
        else:
            said[target] = text
    for attribute in mapping.attributes:
        if attribute.to in shape.attributes:
            _take_attribute(values, attribute, unit, shape, members)
    return Said(
        code=said.get("code") or unit.uid,
        label=label,
        starts=said.get("exists.start"),
        ends=said.get("exists.end"),
        values=values,
        geometry=_geometry(unit, shape),
    )


def _translations(unit: TheirUnit, property_name: str) -> Localized:
    """Give a property's translations; entries without a usable locale or text are DHIS2's own damage and left there."""
    translations = {}
    for name, locale, text in unit.translations:
        known = canonical_locale(locale)
        if name == property_name and known is not None and text.strip():
            translations[known] = text
    return translations


def _take(values: dict[str, Value], code: str, text: str, shape: OurType, unit: TheirUnit, name: str) -> None:
    attribute = shape.attributes.get(code)
    if attribute is None:
        return
    if attribute.kind == "localized_text":
        values[code] = {"default": text, **_translations(unit, _TRANSLATED.get(name, ""))}
    else:
        values[code] = _parsed(attribute.kind, text, code)


def _take_attribute(
    values: dict[str, Value],
    attribute: ImportAttribute,
    unit: TheirUnit,
    shape: OurType,
    members: Mapping[str, frozenset[str]] | Mapping[str, set[str]],
) -> None:
    if attribute.groups is not None:
        terms = {term for group, term in attribute.groups.items() if unit.uid in members.get(group, ())}
        if len(terms) > 1:
            raise _unfit(f'"{attribute.to}": the unit is in groups that stand for different terms: {_list(terms)}')
        if terms:
            values[attribute.to] = terms.pop()
        return
    text = (unit.attribute_values or {}).get(attribute.source or "")
    if not text:
        return
    if shape.attributes[attribute.to].kind == "term":
        term = (attribute.terms or {}).get(text, text if attribute.terms is None else "")
        if term not in (shape.attributes[attribute.to].terms or {}):
            raise _unfit(f'"{attribute.to}": no term is mapped to the option "{text}"')
        values[attribute.to] = term
    else:
        _take(values, attribute.to, text, shape, unit, "")


def _list(terms: set[str]) -> str:
    return ", ".join(sorted(terms))


def _parsed(kind: str, text: str, code: str) -> Value:
    """Turn DHIS2's text into a value of a kind."""
    match kind:
        case "boolean" if text in {"true", "false"}:
            return text == "true"
        case "date":
            return text[:10]
        case "integer":
            try:
                return int(text)
            except ValueError as error:
                raise _unfit(f'"{code}": "{text}" is not a whole number') from error
        case "boolean":
            raise _unfit(f'"{code}": "{text}" is neither true nor false')
        case _:
            return text


def _geometry(unit: TheirUnit, shape: OurType) -> bytes | None:
    if unit.geometry is None or shape.geometry == "none":
        return None
    try:
        return from_geojson(msgspec.json.decode(unit.geometry), shape.geometry)
    except msgspec.DecodeError as error:
        raise _unfit("geometry: its coordinates can't be read") from error


def _unfit(message: str) -> BadInput:
    return BadInput(message, code="value-unfit", next_step="Correct the value in DHIS2, or map it otherwise.")
