"""Where each plain field of a unit gets its value: the contract's defaults, and a level's own choices over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.mapping import FieldSource, LevelMapping, SyncType
from cgr.core.mapping_rules.findings import Finding, Row, listed
from cgr.core.unit_fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.records import OurType

DEFAULT_FIELDS: dict[str, str] = {
    "name": "label",
    "shortName": "derived",
    "code": "code",
    "openingDate": "exists.start",
    "closedDate": "exists.end",
}

ATTRIBUTE_PREFIX = "attribute:"

_BUILT_IN_KINDS = {"label": "localized_text", "code": "text", "exists.start": "date", "exists.end": "date"}


def field_sources(level: LevelMapping) -> dict[str, FieldSource]:
    """Give the source of each mapped field by DHIS2 property; fields that the level sets to null are left out."""
    chosen: dict[str, str | FieldSource | None] = {**DEFAULT_FIELDS, **level.fields}
    return {
        name: FieldSource(source) if isinstance(source, str) else source
        for name, source in chosen.items()
        if source is not None
    }


def sources_for(name: str, our_type: OurType) -> tuple[str, ...]:
    """Give every source that a field of a unit can take for objects of this type, the contract's default first."""
    accepted = FIELDS[name].kinds
    built_in = [source for source, kind in _BUILT_IN_KINDS.items() if kind in accepted]
    custom = [f"{ATTRIBUTE_PREFIX}{one.code}" for one in our_type.attributes.values() if one.kind in accepted]
    default = [DEFAULT_FIELDS[name]] if name in DEFAULT_FIELDS else []
    return tuple(dict.fromkeys((*default, *built_in, *custom)))


def field_findings(row: Row, level: LevelMapping, our_type: OurType) -> Iterator[Finding]:
    """Find fields that DHIS2 doesn't have, and sources that a field can't take."""
    for name in level.fields:
        if name not in FIELDS:
            yield row.error(
                f"field {name}",
                "organisation units have no such field that can be mapped",
                next_step=f"Use one of: {listed(FIELDS)}.",
            )
    sources = field_sources(level)
    for name, source in sources.items():
        if name in FIELDS:
            yield from _source_findings(row, name, source, our_type)
    if level.sync is SyncType.BOTH:
        for name, field in FIELDS.items():
            if field.required and name not in sources:
                yield row.warning(
                    f"field {name}",
                    "it isn't mapped, and DHIS2 demands it of every new unit, so no unit can be created on this level",
                    next_step=f"Map {name}, or choose a synchronisation type that creates nothing.",
                )


def _source_findings(row: Row, name: str, source: FieldSource, our_type: OurType) -> Iterator[Finding]:
    part = f"field {name}"
    if source.clear and FIELDS[name].required:
        yield row.error(
            part,
            "DHIS2 demands it of every unit, so it can't be cleared",
            next_step="Leave `clear` out for this field.",
        )
    if source.source == "derived":
        if name != "shortName":
            yield row.error(
                part, "only shortName can be derived (from the label)", next_step="Give label, code or attribute:CODE."
            )
        return
    kind = _kind_of(source.source, our_type)
    if kind is None:
        yield row.error(
            part,
            f"there is no source `{source.source}` for objects of type {our_type.code}",
            next_step="Use label, code, exists.start, exists.end, or attribute: and the code of one of its attributes "
            f"({listed(sorted(our_type.attributes))}).",
        )
    elif kind not in (accepted := FIELDS[name].kinds):
        yield row.error(
            part,
            f"`{source.source}` is of kind {kind}, the field takes {listed(accepted)}",
            next_step=f"Choose a source of kind {listed(accepted)}, or map the attribute to a DHIS2 attribute instead.",
        )


def _kind_of(source: str, our_type: OurType) -> str | None:
    if not source.startswith(ATTRIBUTE_PREFIX):
        return _BUILT_IN_KINDS.get(source)
    attribute = our_type.attributes.get(source.removeprefix(ATTRIBUTE_PREFIX))
    return attribute.kind if attribute else None
