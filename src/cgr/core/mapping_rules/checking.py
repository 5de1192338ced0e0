"""The walk through a configuration that collects every finding, top level first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.localized import DEFAULT, canonical_locale
from cgr.core.mapping_rules.attributes import attribute_findings
from cgr.core.mapping_rules.authorities import authority_findings
from cgr.core.mapping_rules.fields import field_findings
from cgr.core.mapping_rules.findings import Finding, Row, Severity, listed
from cgr.core.mapping_rules.levels_and_groups import level_group_findings, remote_level_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.core.mapping import LevelMapping, Limits, SyncMapping
    from cgr.core.records import OurType, RemoteShape

_FILTER_KINDS = ("term", "text", "boolean", "integer")


def check_mapping(mapping: SyncMapping, types: Mapping[str, OurType], shape: RemoteShape | None) -> list[Finding]:
    """Give everything that is wrong, top level first. `types`: those of the hierarchy; `shape`: None when offline."""
    findings = [*_locale_findings(None, mapping.locale), *_limit_findings(mapping.limits)]
    if not mapping.levels:
        findings.append(
            Finding(
                Severity.ERROR,
                "levels",
                "No level is mapped, so there is nothing to synchronise.",
                "Add the levels from DHIS2 level 1 downwards; those that stay as they are get the type none.",
            )
        )
    if shape is not None:
        findings += authority_findings(mapping, shape)
    for number, level in enumerate(mapping.levels, start=1):
        row = Row(number, level.type)
        findings += _place_findings(row, mapping.levels, types)
        findings += remote_level_findings(row, shape)
        if level.type in types:
            findings += _content_findings(row, level, types[level.type], shape)
    return findings


def _place_findings(row: Row, levels: tuple[LevelMapping, ...], types: Mapping[str, OurType]) -> Iterator[Finding]:
    """Check that the type is in the hierarchy and directly below that of the level before (R4.2)."""
    our_type = types.get(row.type)
    if our_type is None:
        yield row.error(
            "type",
            "the hierarchy has no such type",
            next_step=f"Use one of the types of the hierarchy: {listed(types)}.",
        )
        return
    if row.number == 1:
        return
    above = levels[row.number - 2].type
    if our_type.parent != above:
        actual = f"it is directly below {our_type.parent}" if our_type.parent else "it is at the top"
        children = [code for code, other in types.items() if other.parent == above]
        yield row.error(
            "type",
            f"{row.type} is not directly below {above}, the type of level {row.number - 1}; in the hierarchy {actual}",
            next_step=f"Use a type directly below {above} ({listed(children)}), or change the level before.",
        )


def _content_findings(row: Row, level: LevelMapping, our_type: OurType, shape: RemoteShape | None) -> Iterator[Finding]:
    if level.geometry is True and our_type.geometry == "none":
        yield row.error(
            "geometry", f"objects of type {our_type.code} have no geometry", next_step="Leave `geometry` out."
        )
    if level.locale is not None:
        yield from _locale_findings(row, level.locale)
    yield from field_findings(row, level, our_type)
    yield from _filter_findings(row, level, our_type)
    yield from level_group_findings(row, level, shape)
    yield from attribute_findings(row, level, our_type, shape)


def _filter_findings(row: Row, level: LevelMapping, our_type: OurType) -> Iterator[Finding]:
    for code, values in level.where.items():
        part = f"filter {code}"
        attribute = our_type.attributes.get(code)
        if attribute is None or attribute.kind not in _FILTER_KINDS:
            usable = [other.code for other in our_type.attributes.values() if other.kind in _FILTER_KINDS]
            yield row.error(
                part,
                f"the type {our_type.code} has no attribute {code} that can be a filter",
                next_step=f"Use an attribute of kind {listed(_FILTER_KINDS)}: {listed(usable)}.",
            )
            continue
        if not values:
            yield row.error(
                part,
                "it names no value, so nothing is selected",
                next_step="Name the values to select, or leave it out.",
            )
        known = ("true", "false") if attribute.kind == "boolean" else attribute.terms or {}
        if attribute.kind in {"boolean", "term"} and (unknown := [value for value in values if value not in known]):
            yield row.error(
                part, f"no object can have the value {listed(unknown)}", next_step=f"Use one of: {listed(known)}."
            )


def _locale_findings(row: Row | None, locale: str) -> Iterator[Finding]:
    """Look at the language of one level, or of all of them."""
    if locale == DEFAULT or canonical_locale(locale) == locale:
        return
    written = canonical_locale(locale)
    sentence = f"“{locale}” is not a language as DHIS2 writes it"
    step = (
        f"Write {written}."
        if written
        else "Write `default`, or a language like fr, or a language and region like pt_BR."
    )
    if row is not None:
        yield row.error("locale", sentence, next_step=step)
    else:
        yield Finding(Severity.ERROR, "locale", f"Locale: {sentence}.", step)


def _limit_findings(limits: Limits) -> Iterator[Finding]:
    for name in ("changed_share", "moved_share", "vanished_share"):
        share = getattr(limits, name)
        if not 0 <= share <= 1:
            yield Finding(
                Severity.ERROR,
                f"limits, {name}",
                f"Limits, {name}: {share} is not a share.",
                "Give a number from 0 to 1, like 0.3 for thirty of a hundred.",
            )
    if limits.min_units < 0:
        yield Finding(
            Severity.ERROR,
            "limits, min_units",
            f"Limits, min_units: {limits.min_units} is not a number of units.",
            "Give 0 or more.",
        )
