"""What is left of a configuration when something it names has vanished from DHIS2 (R4.4).

A run goes on with the rest: a group that is gone is no longer filled, an attribute that is gone is no longer written,
and a term whose option or group is gone counts as unmapped, which stops the objects with that term.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from cgr.core.mapping import AttributeMapping, LevelMapping, SyncMapping, SyncType
from cgr.core.mapping_rules.attributes import gone_attribute, option_findings, unfit_attribute
from cgr.core.mapping_rules.authorities import authority_findings
from cgr.core.mapping_rules.findings import Finding, Row
from cgr.core.mapping_rules.levels_and_groups import group_findings, remote_level_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cgr.core.changes import Change
    from cgr.core.records import OurAttribute, OurType, RemoteShape


def usable(mapping: SyncMapping, types: Mapping[str, OurType], shape: RemoteShape) -> tuple[SyncMapping, list[Finding]]:
    """Give the configuration without what DHIS2 no longer offers, and a finding for each thing left out.

    An authority that is missing is named too; what needs it is told object by object (`planner.permitted`). The
    configuration has passed `check_mapping` against these types without an error that isn't partial.
    """
    findings = list(authority_findings(mapping, shape))
    levels = tuple(
        _usable_level(Row(number, level.type), level, types[level.type], shape, findings)
        for number, level in enumerate(mapping.levels, start=1)
    )
    return replace(mapping, levels=levels), findings


def vanished_part(change: Change, planned: SyncMapping, left: SyncMapping) -> str | None:
    """Name what a planned change needs that DHIS2 has ceased to offer since the plan; None when all is there.

    `left`: what `usable` leaves now of the mapping that was planned with. Nobody else would notice: DHIS2 checks no
    option code (verified fact H8) and, up to 2.38, no value type. Groups are looked at when they are filled.
    """
    before, now = planned.levels[change.level - 1], left.levels[change.level - 1]
    if now.sync is not before.sync:
        return f"level {change.level}, or the groups that it selects from,"
    entries = {entry.to: entry for entry in now.attributes}
    for entry in before.attributes:
        field = change.fields.get(f"attribute:{entry.to}")
        if field is None:
            continue
        if entry.to not in entries:
            return f"the attribute {entry.to}"
        lost = set((entry.terms or {}).values()) - set((entries[entry.to].terms or {}).values())
        if field.after in lost:
            return f"the option {field.after} of the attribute {entry.to}"
    return None


def _usable_level(
    row: Row, level: LevelMapping, our_type: OurType, shape: RemoteShape, findings: list[Finding]
) -> LevelMapping:
    if gone := list(remote_level_findings(row, shape)):
        findings += gone
        return replace(level, sync=SyncType.NONE)
    groups = tuple(
        group for group in level.groups if _keep(group_findings(row, f"group {group}", group, shape), findings)
    )
    attributes = tuple(
        entry
        for given in level.attributes
        if (entry := _usable_entry(row, given, our_type.attributes[given.source], shape, findings)) is not None
    )
    # Without a group left, "only units in the groups" is nobody; to take everybody would be the opposite.
    nobody = level.only_in_groups and level.groups and not groups
    return replace(level, groups=groups, attributes=attributes, sync=SyncType.NONE if nobody else level.sync)


def _usable_entry(
    row: Row, entry: AttributeMapping, attribute: OurAttribute, shape: RemoteShape, findings: list[Finding]
) -> AttributeMapping | None:
    part = f"attribute {entry.source}"
    if entry.groups is not None:
        groups = {
            term: group
            for term, group in entry.groups.items()
            if _keep(group_findings(row, f"{part}, term {term}", group, shape), findings)
        }
        return replace(entry, groups=groups)
    if entry.to is None:
        return entry
    remote = shape.attributes.get(entry.to)
    if remote is None:
        findings.append(gone_attribute(row, part, entry.to, shape))
        return None
    if (unfit := unfit_attribute(row, part, attribute, remote, shape)) is not None:
        findings.append(unfit)
        return None
    if entry.terms is None:
        return entry
    terms = {
        term: option
        for term, option in entry.terms.items()
        if _keep(option_findings(row, part, {term: option}, remote), findings)
    }
    return replace(entry, terms=terms)


def _keep(found: Iterable[Finding], findings: list[Finding]) -> bool:
    before = len(findings)
    findings.extend(found)
    return len(findings) == before
