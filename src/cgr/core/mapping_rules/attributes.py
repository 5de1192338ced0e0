"""What a custom attribute may be mapped to (R7.1), and terms to options and groups (R8)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cgr.core.ids import is_uid
from cgr.core.mapping import AttributeMapping, LevelMapping, SyncType
from cgr.core.mapping_rules.findings import Finding, Row, listed
from cgr.core.mapping_rules.levels_and_groups import group_findings
from cgr.core.values import COMPATIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cgr.core.records import OurAttribute, OurType, RemoteAttribute, RemoteShape

NEVER = frozenset(("TRACKER_ASSOCIATE", "COORDINATE", "ORGANISATION_UNIT", "FILE_RESOURCE", "IMAGE"))


def candidates(
    attribute: OurAttribute, shape: RemoteShape
) -> tuple[list[RemoteAttribute], list[tuple[RemoteAttribute, str]]]:
    """Give the DHIS2 attributes that this one may be mapped to, and the others with the reason why not, by name."""
    valid: list[RemoteAttribute] = []
    others: list[tuple[RemoteAttribute, str]] = []
    for remote in sorted(shape.attributes.values(), key=lambda remote: (remote.name.casefold(), remote.id)):
        reason = why_not(attribute, remote)
        if reason is None:
            valid.append(remote)
        else:
            others.append((remote, reason))
    return valid, others


def why_not(attribute: OurAttribute, remote: RemoteAttribute) -> str | None:
    """Say why the attribute can't be mapped to this DHIS2 attribute, or None."""
    if not remote.for_units:
        return "it is not assigned to organisation units in DHIS2"
    if remote.value_type in NEVER:
        return f"values of type {remote.value_type} are never synchronised"
    accepted = COMPATIBLE[attribute.kind]
    if remote.value_type not in accepted:
        return f"its values are of type {remote.value_type}; kind {attribute.kind} goes to {listed(accepted)}"
    if attribute.kind == "term" and remote.option_set is None:
        return "it has no option set, and terms go to the options of one"
    if attribute.kind != "term" and remote.option_set is not None:
        return "it has an option set, and only term attributes go to options"
    return None


def attribute_findings(
    row: Row, level: LevelMapping, our_type: OurType, shape: RemoteShape | None
) -> Iterator[Finding]:
    """Find what is wrong with a level's attribute mappings."""
    for target, times in Counter(entry.to for entry in level.attributes if entry.to is not None).items():
        if times > 1:
            yield row.error(
                f"DHIS2 attribute {target}",
                f"{times} attributes are mapped to it, and it holds one value",
                next_step="Map only one of them to it.",
            )
    for entry in level.attributes:
        yield from _entry_findings(row, entry, our_type, shape)
    if shape is not None and level.sync is SyncType.BOTH:
        yield from _mandatory_findings(row, level, shape)


def _mandatory_findings(row: Row, level: LevelMapping, shape: RemoteShape) -> Iterator[Finding]:
    mapped = {entry.to for entry in level.attributes}
    for remote in shape.attributes.values():
        if remote.mandatory and remote.for_units and remote.id not in mapped:
            yield row.warning(
                f"DHIS2 attribute {remote.id}",
                f"“{remote.name}” isn't mapped, and DHIS2 demands a value for it, so no unit can be created here",
                next_step="Map an attribute to it, or choose a synchronisation type that creates nothing.",
            )


def _entry_findings(
    row: Row, entry: AttributeMapping, our_type: OurType, shape: RemoteShape | None
) -> Iterator[Finding]:
    part = f"attribute {entry.source}"
    attribute = our_type.attributes.get(entry.source)
    if attribute is None:
        yield row.error(
            part,
            f"the type {our_type.code} has no attribute of this code",
            next_step=f"Use one of its attributes: {listed(sorted(our_type.attributes))}.",
        )
        return
    if entry.to is not None and entry.groups is not None:
        yield row.error(
            part,
            "it goes to a DHIS2 attribute and to groups in one entry",
            next_step="Make two entries for the attribute, one with `to` and one with `groups`.",
        )
    if attribute.kind != "term" and (entry.terms is not None or entry.groups is not None):
        yield row.error(
            part,
            f"it is of kind {attribute.kind}; only term attributes have options or groups",
            next_step="Leave `terms` and `groups` out, or choose a term attribute.",
        )
        return
    if entry.to is not None:
        yield from _target_findings(row, part, entry, attribute, shape)
    if entry.groups is not None:
        yield from _term_group_findings(row, part, entry, attribute, shape)


def _target_findings(
    row: Row, part: str, entry: AttributeMapping, attribute: OurAttribute, shape: RemoteShape | None
) -> Iterator[Finding]:
    target = entry.to or ""
    if attribute.kind == "term":
        yield from _term_findings(row, part, entry.terms or {}, attribute, word="option")
    if not is_uid(target):
        yield row.error(
            part,
            f"`{target}` is not the id of a DHIS2 attribute",
            next_step="Give the id (eleven letters and digits) that DHIS2 shows for the attribute, not its name.",
        )
        return
    if shape is None:
        return
    remote = shape.attributes.get(target)
    if remote is None:
        yield gone_attribute(row, part, target, shape)
    elif (unfit := unfit_attribute(row, part, attribute, remote, shape)) is not None:
        yield unfit
    elif attribute.kind == "term":
        yield from option_findings(row, part, entry.terms or {}, remote)


def gone_attribute(row: Row, part: str, target: str, shape: RemoteShape) -> Finding:
    """Find that DHIS2 no longer offers an attribute for organisation units."""
    return row.error(
        part,
        f"DHIS2 has no attribute {target} for organisation units; it was deleted, or {shape.user} may not see it",
        next_step="Choose another attribute, or leave the entry unmatched.",
        partial=True,
    )


def unfit_attribute(
    row: Row, part: str, attribute: OurAttribute, remote: RemoteAttribute, shape: RemoteShape
) -> Finding | None:
    """Find that a DHIS2 attribute isn't a valid selection for ours, or no longer."""
    reason = why_not(attribute, remote)
    if reason is None:
        return None
    valid = [f"{other.name} ({other.id})" for other in candidates(attribute, shape)[0]]
    return row.error(
        part,
        f"it can't go to “{remote.name}” ({remote.id}): {reason}",
        next_step=f"Valid selections: {listed(valid)}."
        if valid
        else "There are no valid selections; leave it unmatched.",
        partial=True,
    )


def option_findings(row: Row, part: str, terms: Mapping[str, str], remote: RemoteAttribute) -> Iterator[Finding]:
    """Find options that the attribute's option set doesn't have."""
    codes = {option.code for option in remote.options or ()}
    for term, option in terms.items():
        if option not in codes:
            yield row.error(
                f"{part}, term {term}",
                f"the option set of “{remote.name}” has no option with code {option}",
                next_step=f"Use the code (not the name) of one of its options: {listed(sorted(codes))}.",
                partial=True,
            )


def _term_group_findings(
    row: Row, part: str, entry: AttributeMapping, attribute: OurAttribute, shape: RemoteShape | None
) -> Iterator[Finding]:
    groups = entry.groups or {}
    if entry.clear:
        yield row.error(
            part,
            "`clear` has no effect on groups: units are only ever added to them",
            next_step="Leave `clear` out of this entry.",
        )
    yield from _term_findings(row, part, groups, attribute, word="group")
    for term, group in groups.items():
        yield from group_findings(row, f"{part}, term {term}", group, shape)


def _term_findings(
    row: Row, part: str, mapped: Mapping[str, str], attribute: OurAttribute, *, word: str
) -> Iterator[Finding]:
    terms = attribute.terms or {}
    for term in mapped:
        if term not in terms:
            yield row.error(
                f"{part}, term {term}",
                "the attribute has no such term",
                next_step=f"Use the code of one of its terms: {listed(terms)}.",
            )
    if unmapped := [term for term in terms if term not in mapped]:
        yield row.warning(
            part,
            f"these terms have no {word}, so objects with them will not be exported: {listed(unmapped)}",
            next_step="Give each of them one.",
        )
