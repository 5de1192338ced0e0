"""What one organisation unit says, in the registry's terms; blanks at the ends of texts never count (`core.texts`)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from cgr.core.errors import BadInput
from cgr.core.geometry import UnusableGeometryError, wkb_of
from cgr.core.importing.settings import ATTRIBUTE_PREFIX
from cgr.core.localized import DEFAULT, canonical_locale
from cgr.core.planner.rules import SLOTS
from cgr.core.records import Localized, OurType, TheirUnit, Value
from cgr.core.unit_fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.core.importing.settings import ImportAttribute, ImportMapping
    from cgr.core.records import OurAttribute

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_WITH_EXPONENT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DAY = 10
_DEPTH_OF_RINGS = {"Polygon": 2, "MultiPolygon": 3}


class Said(Struct, frozen=True, gc=False):
    """What a unit says about its Geo-Object; None, UNSET and absent keys say nothing.

    `ends` None says that the unit is open: in DHIS2 that is the only way to say it.
    """

    code: str | None
    label: Localized | None
    starts: str | None
    values: dict[str, Value]
    ends: str | UnsetType | None = UNSET


class UnitReader:
    """Reads units of one level."""

    def __init__(self, shape: OurType, mapping: ImportMapping, members: Mapping[str, set[str]]) -> None:
        """Look up once what is the same for all units. `members`: ids of units by group."""
        names = {target: name for name, target in mapping.sources().items()}
        self._shape = shape
        self._members = members
        self._label = names.get("label", "")
        self._code, self._starts, self._ends = (
            SLOTS[names[target]] if target in names else None for target in ("code", "exists.start", "exists.end")
        )
        self._fields = [
            (name, shape.attributes[code])
            for target, name in names.items()
            if (code := target.removeprefix(ATTRIBUTE_PREFIX)) != target and code in shape.attributes
        ]
        self._attributes = [
            (entry, shape.attributes[entry.to]) for entry in mapping.attributes if entry.to in shape.attributes
        ]

    def read(self, unit: TheirUnit) -> Said:
        """Read a unit but for its geometry; raises BadInput naming the value that doesn't fit the type."""
        values: dict[str, Value] = {}
        for name, attribute in self._fields:
            if text := _text(unit, SLOTS[name]):
                localized = attribute.kind == "localized_text"
                values[attribute.code] = _localized(unit, name, text) if localized else _parsed(attribute, text)
        for entry, attribute in self._attributes:
            value = self._from_groups(unit, entry) if entry.groups is not None else _from_value(unit, entry, attribute)
            if value is not None:
                values[attribute.code] = value
        name = self._label
        label = _text(unit, SLOTS[name]) if name else None
        return Said(
            code=_text(unit, self._code),
            label=_localized(unit, name, label) if label else None,
            starts=_text(unit, self._starts),
            ends=UNSET if self._ends is None else _text(unit, self._ends),
            values=values,
        )

    def geometry(self, unit: TheirUnit) -> bytes | None:
        """Give the unit's geometry as WKB, None for an empty one; raises BadInput when the type can't keep it."""
        if unit.geometry is None or self._shape.geometry == "none":
            return None
        try:
            geometry = msgspec.json.decode(unit.geometry)
            if isinstance(geometry, dict) and _is_empty(geometry.get("coordinates")):
                return None
            try:
                return wkb_of(geometry, self._shape.geometry)
            except UnusableGeometryError:
                mended = _mended(geometry)
                if mended == geometry:
                    raise
                return wkb_of(mended, self._shape.geometry)
        except msgspec.DecodeError as error:
            raise unfit("its geometry can't be read") from error
        except UnusableGeometryError as reason:
            raise unfit(f"its geometry can't be kept: {reason}") from reason

    def _from_groups(self, unit: TheirUnit, entry: ImportAttribute) -> str | None:
        terms = {term for group, term in (entry.groups or {}).items() if unit.uid in self._members.get(group, ())}
        if len(terms) > 1:
            raise unfit(
                f'"{entry.to}": the unit is in groups that stand for different terms: {", ".join(sorted(terms))}',
                code="several-groups",
            )
        return terms.pop() if terms else None


def unfit(message: str, *, code: str = "value-unfit") -> BadInput:
    """Say why a unit can't be imported as it is; the code is the conflict's."""
    return BadInput(message, code=code, next_step="Correct the value in DHIS2, or map it otherwise.")


def _text(unit: TheirUnit, slot: str | None) -> str | None:
    text: str | None = getattr(unit, slot) if slot else None
    return (text.strip() or None) if text else None


def _localized(unit: TheirUnit, name: str, text: str) -> Localized:
    """Add the translations; entries without a usable locale or text are DHIS2's own damage and left there.

    So are those whose locale isn't written as DHIS2 writes it: sent back in the right form, they would be there twice.
    Of several for one locale the first counts, as in planning.
    """
    localized = {DEFAULT: text}
    if unit.translations:
        property_name = FIELDS[name].translated_as
        for kind, locale, translation in unit.translations:
            if kind == property_name and canonical_locale(locale) == locale and (stripped := translation.strip()):
                localized.setdefault(locale, stripped)
    return localized


def _from_value(unit: TheirUnit, entry: ImportAttribute, attribute: OurAttribute) -> Value | None:
    text = (unit.attribute_values or {}).get(entry.source or "", "").strip()
    if not text:
        return None
    if attribute.kind == "localized_text":
        return {DEFAULT: text}
    if attribute.kind == "term" and entry.terms is not None:
        if text not in entry.terms:
            raise _unmapped(attribute, text)
        return entry.terms[text]
    return _parsed(attribute, text)


def _parsed(attribute: OurAttribute, text: str) -> Value:
    """Turn DHIS2's text into a value of the attribute's kind."""
    match attribute.kind:
        case "boolean":
            if text.lower() not in {"true", "false"}:
                raise unfit(f'"{attribute.code}": "{text}" is neither true nor false')
            return text.lower() == "true"
        case "date":
            return text[:_DAY]
        case "integer":
            if _WHOLE.fullmatch(text) is None:
                raise unfit(f'"{attribute.code}": "{text}" is not a whole number')
            return int(text)
        case "decimal":
            if _WITH_EXPONENT.fullmatch(text) is None:
                raise unfit(f'"{attribute.code}": "{text}" is not a number')
            return format(Decimal(text), "f")
        case "term":
            if text not in (attribute.terms or {}):
                raise _unmapped(attribute, text)
            return text
        case _:
            return text


def _unmapped(attribute: OurAttribute, text: str) -> BadInput:
    return unfit(f'"{attribute.code}": no term is mapped to "{text}"', code="term-unmapped")


def _is_empty(coordinates: object) -> bool:
    """Say whether there is no position at all, as PostGIS has it where an outline was taken away."""
    return isinstance(coordinates, list) and all(map(_is_empty, coordinates))


def _mended(geometry: object) -> object:
    """Leave third coordinates out and close outlines: 2.31 keeps both as they came (O4), planning looks over them."""
    if not isinstance(geometry, dict):
        return geometry
    depth = _DEPTH_OF_RINGS.get(str(geometry.get("type")), 0)
    return {**geometry, "coordinates": _tidy(geometry.get("coordinates"), depth)}


def _tidy(coordinates: object, depth: int) -> object:
    """Tidy positions, or lists of them; `depth`: how many lists further in the rings are, 0 for none or within one."""
    match coordinates:
        case [int() | float(), *_]:
            return coordinates[:2]
        case [*parts]:
            tidy = [_tidy(one, depth - 1) for one in parts]
            return [*tidy, tidy[0]] if depth == 1 and tidy and tidy[0] != tidy[-1] else tidy
        case _:
            return coordinates
