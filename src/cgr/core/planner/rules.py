"""The mapping made ready for hundreds of thousands of comparisons: looked up once per level, not once per object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from msgspec import UNSET

from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, SyncMapping, SyncType
from cgr.core.mapping_rules import field_sources
from cgr.core.records import OurObject, OurType, RemoteAttribute, RemoteShape, Value
from cgr.core.unit_fields import FIELDS

Reader: TypeAlias = Callable[[OurObject], Value | None]

_GEOMETRY_SINCE = (2, 32)
"""2.31 keeps featureType and coordinates, and knows points and areas only (verified fact O4)."""

SLOTS = {
    "name": "name",
    "shortName": "short_name",
    "code": "code",
    "openingDate": "opening_date",
    "closedDate": "closed_date",
    "description": "description",
    "comment": "comment",
    "url": "url",
    "contactPerson": "contact_person",
    "address": "address",
    "email": "email",
    "phoneNumber": "phone_number",
}
"""DHIS2's property name → where `TheirUnit` keeps it; the order is that of a plan's `fields`."""

_BOOLEANS = {True: "true", False: "false"}
_TRUE_ONLY = {True: "true"}

_READERS: dict[str, Reader] = {
    "label": attrgetter("label"),
    "code": attrgetter("code"),
    "exists.start": attrgetter("starts"),
    "exists.end": attrgetter("ends"),
}


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One plain field: where its value comes from, and whether "nothing of ours" clears DHIS2's value.

    `translated_as`: the property of its translations where the source has several languages; None: those aren't mapped.
    """

    property: str
    slot: str
    read: Reader
    clear: bool
    translated_as: str | None
    is_date: bool


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """One custom attribute → one DHIS2 attribute; `terms` maps term codes to option codes.

    `letter` writes a value plainly, None where it is a text already: when DHIS2 has the same text, the two agree
    without a closer look.
    """

    source: str
    kind: str
    target: RemoteAttribute
    target_id: str
    terms: dict[str, str]
    clear: bool
    letter: Callable[[Any], object] | None


@dataclass(frozen=True, slots=True)
class TermGroupRule:
    """One term attribute → organisation unit groups, by term code; `all_groups`: each group once."""

    source: str
    groups: dict[str, str]
    all_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LevelRules:
    """What planning has to know about one level. `number` counts from 1.

    `exports_values`: fields, geometry, attributes and groups go to DHIS2; `exports_parent`: the parent does (R5.4),
    which the top level never has. `short_name`: the rule where it follows the label, always or while it is derived.
    `names`: what people call attributes (by their key in `fields`) and groups (by id), for notes.
    """

    number: int
    type: str
    sync: SyncType
    exports_values: bool
    exports_parent: bool
    locale: str
    fields: tuple[FieldRule, ...]
    short_name: FieldRule | None
    short_name_always: bool
    geometry: bool
    geometry_type: str
    legacy_geometry: bool
    attributes: tuple[AttributeRule, ...]
    term_groups: tuple[TermGroupRule, ...]
    groups: tuple[str, ...]
    only_in_groups: bool
    where: tuple[tuple[str, frozenset[str]], ...]
    mandatory: tuple[RemoteAttribute, ...]
    unique: frozenset[str]
    group_sets: dict[str, tuple[str, ...]]
    names: dict[str, str]


def level_rules(mapping: SyncMapping, types: dict[str, OurType], shape: RemoteShape) -> dict[str, LevelRules]:
    """Make the rules of each level, by type code."""
    return {
        level.type: _rules(number, level, types[level.type], mapping, shape)
        for number, level in enumerate(mapping.levels, start=1)
    }


def _rules(number: int, level: LevelMapping, our_type: OurType, mapping: SyncMapping, shape: RemoteShape) -> LevelRules:
    sources = field_sources(level)
    short_name = sources.pop("shortName", None)
    follows_label = short_name is not None and short_name.source in {"derived", "label"}
    if short_name is not None and not follows_label:
        sources["shortName"] = short_name
    for_units = [attribute for attribute in shape.attributes.values() if attribute.for_units]
    return LevelRules(
        number=number,
        type=level.type,
        sync=level.sync,
        exports_values=level.sync in {SyncType.ORG_UNITS, SyncType.BOTH},
        exports_parent=number > 1 and level.sync in {SyncType.RELATIONSHIPS, SyncType.BOTH},
        locale=level.locale or mapping.locale,
        fields=tuple(_field_rule(name, sources[name], our_type) for name in SLOTS if name in sources),
        short_name=_field_rule("shortName", short_name, our_type) if short_name is not None and follows_label else None,
        short_name_always=short_name is not None and short_name.source == "label",
        geometry=has_geometry(level, our_type),
        geometry_type=our_type.geometry,
        legacy_geometry=shape.version[:2] < _GEOMETRY_SINCE,
        attributes=tuple(_attribute_rule(entry, our_type, shape) for entry in level.attributes if entry.to is not None),
        term_groups=tuple(
            TermGroupRule(entry.source, entry.groups, tuple(sorted(set(entry.groups.values()))))
            for entry in level.attributes
            if entry.groups is not None
        ),
        groups=level.groups,
        only_in_groups=level.only_in_groups,
        where=tuple((code, frozenset(values)) for code, values in sorted(level.where.items())),
        mandatory=tuple(attribute for attribute in for_units if attribute.mandatory),
        unique=frozenset(attribute.id for attribute in for_units if attribute.unique),
        group_sets={group.id: group.sets for group in shape.groups.values() if group.sets},
        names={
            **{f"attribute:{one.id}": f"“{one.name}”" for one in for_units},
            **{group.id: f"“{group.name}” ({group.id})" for group in shape.groups.values()},
        },
    )


def has_geometry(level: LevelMapping, our_type: OurType) -> bool:
    """Say whether the level exports geometry: as it says, else where the type has one (contract.md)."""
    return our_type.geometry != "none" if level.geometry is UNSET else level.geometry is True


def _field_rule(name: str, source: FieldSource, our_type: OurType) -> FieldRule:
    return FieldRule(
        property=name,
        slot=SLOTS[name],
        read=_reader("label" if source.source == "derived" else source.source),
        clear=source.clear,
        translated_as=FIELDS[name].translated_as if _is_localized(source.source, our_type) else None,
        is_date=name in {"openingDate", "closedDate"},
    )


def _is_localized(source: str, our_type: OurType) -> bool:
    attribute = our_type.attributes.get(source.removeprefix("attribute:"))
    return source in {"label", "derived"} or (attribute is not None and attribute.kind == "localized_text")


def _reader(source: str) -> Reader:
    if source in _READERS:
        return _READERS[source]
    code = source.removeprefix("attribute:")
    return lambda ours: ours.values.get(code)


def _attribute_rule(entry: AttributeMapping, our_type: OurType, shape: RemoteShape) -> AttributeRule:
    kind, target = our_type.attributes[entry.source].kind, shape.attributes[entry.to or ""]
    return AttributeRule(
        source=entry.source,
        kind=kind,
        target=target,
        target_id=target.id,
        terms=entry.terms or {},
        clear=entry.clear,
        letter=_letter(kind, target, entry.terms or {}),
    )


def _letter(kind: str, target: RemoteAttribute, terms: dict[str, str]) -> Callable[[Any], object] | None:
    # Functions of the interpreter's own where there is one: this is asked a million times for a large country.
    match kind:
        case "term":
            return terms.get
        case "integer" | "decimal":
            return str
        case "boolean" if target.value_type == "BOOLEAN":
            return _BOOLEANS.get
        case "boolean":
            # DHIS2 keeps only true for TRUE_ONLY; a false there has to go.
            return _TRUE_ONLY.get
        case _:
            return None
