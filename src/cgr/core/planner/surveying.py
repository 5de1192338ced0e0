"""The one walk over our objects: selection, matching, and the comparison of each object with its unit.

Objects stream through; what stays in memory is a `Place` for each and a `Draft` for those that differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import Note, ObjectRef
from cgr.core.mapping import SyncType
from cgr.core.planner import wording
from cgr.core.planner.attributes import compare_attributes, compare_groups
from cgr.core.planner.comparison import Comparison
from cgr.core.planner.drafts import Draft, Issue, Place, Survey
from cgr.core.planner.fields import compare_closed_date, compare_fields, compare_geometry, compare_short_name
from cgr.core.planner.theirs import NOTHING, Theirs
from cgr.core.records import Existence, OurObject, TheirUnit, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.planner.rules import LevelRules


def survey(ours: Iterable[OurObject], theirs: Theirs, levels: dict[str, LevelRules]) -> Survey:
    """Look at every object once; objects whose type is in no level are none of the run's business."""
    found = Survey()
    for one in ours:
        rules = levels.get(one.type)
        if rules is not None:
            _look_at(one, rules, theirs, found)
    return found


def _look_at(ours: OurObject, rules: LevelRules, theirs: Theirs, found: Survey) -> None:
    unit = theirs.units.get(ours.external_id) if ours.external_id is not None else None
    # Id and code as DHIS2's record holds them, so that the two copies of a text don't both stay in memory.
    uid = unit.uid if unit is not None else ours.external_id
    code = unit.code if unit is not None and unit.code == ours.code else ours.code
    place = Place(code, rules, uid if unit is not None else None)
    found.places[ours.key] = place
    if uid is not None and not ours.invalid:
        _claim(uid, ours.key, found)
    if rules.sync is SyncType.NONE:
        return
    if ours.invalid or (rules.where and not _passes(rules, ours.values)):
        found.not_selected += 1
    elif unit is None:
        _without_unit(ours, place, found)
    elif rules.only_in_groups and not _is_member(unit.uid, rules.groups, theirs.members):
        found.not_selected += 1
    else:
        found.selected += 1
        found.linked += 1
        place.selected = True
        _compare(ours, unit, place, theirs, found)


def _claim(uid: str, key: int, found: Survey) -> None:
    first = found.claims.setdefault(uid, key)
    if first != key:
        found.shared.setdefault(uid, [first]).append(key)


def _passes(rules: LevelRules, values: dict[str, Value]) -> bool:
    return all(_filter_text(values.get(code)) in accepted for code, accepted in rules.where)


def _filter_text(value: Value | None) -> str | None:
    """Write a value as the filter of a configuration names it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return value.get("default")
    return None if value is None else str(value)


def _is_member(uid: str, groups: Iterable[str], members: dict[str, set[str]]) -> bool:
    return any(uid in members.get(group, ()) for group in groups)


def _without_unit(ours: OurObject, place: Place, found: Survey) -> None:
    """R5.2, R5.3, R5.10, R6.2: an object that has no unit in DHIS2."""
    rules = place.rules
    if ours.external_id is not None and not ours.reserved:
        found.ids_not_found += 1
        _stop(ours, place, found, wording.external_id_not_found(ours.external_id), uid=ours.external_id)
    elif rules.only_in_groups:
        found.not_selected += 1
    elif ours.existence is not Existence.EXISTS:
        found.not_selected += 1
        when = f"from {ours.starts}" if ours.existence is Existence.NOT_YET else f"until {ours.ends}"
        found.notes.append(Note("not-in-existence", place.object, wording.not_in_existence(when)))
    elif rules.sync is not SyncType.BOTH:
        _stop(ours, place, found, wording.new_not_creatable(rules.sync))
    else:
        found.selected += 1
        place.selected = True
        _draft_creation(ours, place, found)


def _stop(ours: OurObject, place: Place, found: Survey, issue: Issue, *, uid: str = "") -> None:
    found.selected += 1
    place.selected = True
    found.drafts[ours.key] = Draft(
        key=ours.key,
        version=ours.version,
        object=place.object,
        object_uid=ours.uid,
        rules=place.rules,
        uid=uid,
        issues=[issue],
    )


def _draft_creation(ours: OurObject, place: Place, found: Survey) -> None:
    rules = place.rules
    comparison = Comparison()
    _compare_values(ours, NOTHING, rules, {}, comparison)
    parent = _needed_parent(ours, None, rules, found, comparison)
    found.drafts[ours.key] = _draft(ours, place, comparison, parent=parent, uid=ours.external_id or "", unit=None)
    _note(comparison, place.object, rules, found)


def _compare(ours: OurObject, unit: TheirUnit, place: Place, theirs: Theirs, found: Survey) -> None:
    rules = place.rules
    comparison = Comparison()
    parent = None
    if ours.existence is Existence.EXISTS:
        if rules.exports_values:
            _compare_values(ours, unit, rules, theirs.members, comparison)
        if rules.exports_parent:
            parent = _needed_parent(ours, unit, rules, found, comparison)
    elif rules.exports_values:
        compare_closed_date(rules, ours, unit, comparison)
    _note(comparison, place.object, rules, found)
    if parent is None and comparison.is_empty:
        return
    found.drafts[ours.key] = _draft(ours, place, comparison, parent=parent, uid=unit.uid, unit=unit)


def _draft(
    ours: OurObject, place: Place, comparison: Comparison, *, parent: int | None, uid: str, unit: TheirUnit | None
) -> Draft:
    """Draft the creation of a unit (None), or the change of one that is there."""
    return Draft(
        key=ours.key,
        version=ours.version,
        object=place.object,
        object_uid=ours.uid,
        rules=place.rules,
        uid=uid,
        unit=unit,
        creates=unit is None,
        parent=parent,
        rivals=comparison.rivals,
        label=comparison.label,
        fields=comparison.fields,
        groups=comparison.groups,
        issues=comparison.issues,
    )


def _compare_values(
    ours: OurObject, unit: TheirUnit, rules: LevelRules, members: dict[str, set[str]], comparison: Comparison
) -> None:
    compare_fields(rules, ours, unit, comparison)
    compare_short_name(rules, ours, unit, comparison)
    compare_geometry(rules, ours, unit, comparison)
    compare_attributes(rules, ours, unit, comparison)
    compare_groups(rules, ours, unit.uid, members, comparison)


def _needed_parent(
    ours: OurObject, unit: TheirUnit | None, rules: LevelRules, found: Survey, comparison: Comparison
) -> int | None:
    """Give the key of the parent that the unit has to get; None when it has it, needs none, or there is no one parent.

    Several are only written down here: their names may still be to come.
    """
    if not rules.exports_parent:
        return None
    parents = ours.parents if len(ours.parents) == 1 else tuple(dict.fromkeys(ours.parents))
    if not parents:
        comparison.issues.append(wording.no_parent())
        return None
    if len(parents) > 1:
        comparison.rivals = parents
        return None
    parent = found.places.get(parents[0])
    if unit is not None and parent is not None and parent.uid is not None and parent.uid == unit.parent:
        return None
    return parents[0]


def _note(comparison: Comparison, one: ObjectRef, rules: LevelRules, found: Survey) -> None:
    if comparison.kept:
        kept = [rules.names.get(key, key) for key in comparison.kept]
        found.notes.append(Note("not-cleared", one, wording.not_cleared(kept)))
    for code, message in comparison.remarks:
        found.notes.append(Note(code, one, message))
