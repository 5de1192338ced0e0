"""Custom attributes and groups of one object against its unit (R6, R7, R8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import FieldChange
from cgr.core.planner import wording
from cgr.core.values import Refused, render, same_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from cgr.core.planner.comparison import Comparison
    from cgr.core.planner.rules import AttributeRule, LevelRules
    from cgr.core.records import OurObject, TheirUnit, Value

_NO_VALUES: dict[str, str] = {}
_NOBODY: frozenset[str] = frozenset()
_PAIR = 2


def compare_attributes(rules: LevelRules, ours: OurObject, theirs: TheirUnit, found: Comparison) -> None:
    """Compare every mapped attribute as its value type does."""
    present = theirs.attribute_values or _NO_VALUES
    values = ours.values
    for rule in rules.attributes:
        value, there = values.get(rule.source), present.get(rule.target_id)
        letter = rule.letter
        # Most values are equal to the letter; nothing more is asked of those.
        if there is None or value is None:
            is_equal = value is None and not there
        else:
            is_equal = (value if letter is None else letter(value)) == there
        if not is_equal:
            _compare_attribute(rule, value, there, found, rules.locale)


def _compare_attribute(
    rule: AttributeRule, value: Value | None, theirs: str | None, found: Comparison, locale: str
) -> None:
    key = f"attribute:{rule.target_id}"
    if rule.kind == "term" and value is not None:
        term = str(value)
        if term not in rule.terms:
            found.issues.append(wording.term_unmapped(rule.source, term, about=key))
            return
        value = rule.terms[term]
    text = render(rule.kind, rule.target.value_type, value, locale=locale)
    if isinstance(text, Refused):
        found.issues.append(wording.value_refused(rule.target.name, text.reason, about=key))
    elif text is None:
        if not theirs:
            return
        if value is False:
            found.fields[key] = FieldChange(theirs, None)
        else:
            found.nothing_of_ours(key, theirs, clear=rule.clear)
    elif not same_value(rule.target.value_type, text, theirs):
        found.fields[key] = FieldChange(theirs, text)


def compare_groups(
    rules: LevelRules, ours: OurObject, uid: str, members: Mapping[str, AbstractSet[str]], found: Comparison
) -> None:
    """Find the groups that the unit has to join: the level's and its terms', added up; nobody ever leaves one.

    `uid` is empty for a new object.
    """
    if not (rules.groups or rules.term_groups):
        return
    wanted = {*rules.groups}
    old: set[str] = set()
    for rule in rules.term_groups:
        term = ours.values.get(rule.source)
        if term is None:
            continue
        group = rule.groups.get(str(term))
        if group is None:
            found.issues.append(wording.term_unmapped(rule.source, str(term)))
            continue
        wanted.add(group)
        for other in rule.all_groups:
            if uid in members.get(other, _NOBODY):
                old.add(other)
    missing = [group for group in wanted if uid not in members.get(group, _NOBODY)]
    if missing:
        found.groups = tuple(sorted(missing))
    old -= wanted
    if old:
        found.remarks.append(("stays-in-group", wording.stays_in_group(_named(sorted(old), rules))))
    if rules.group_sets and len(wanted) + len(old) > 1:
        _remark_on_sets(rules, wanted, wanted | old, found)


def _remark_on_sets(rules: LevelRules, wanted: set[str], resulting: set[str], found: Comparison) -> None:
    """Remark on two groups of one set, at least one of them by our doing."""
    in_sets = [group for group in resulting if group in rules.group_sets]
    if len(in_sets) < _PAIR:
        return
    by_set: dict[str, list[str]] = {}
    for group in sorted(in_sets):
        for group_set in rules.group_sets[group]:
            by_set.setdefault(group_set, []).append(group)
    for _, groups in sorted(by_set.items()):
        if len(groups) >= _PAIR and wanted.intersection(groups):
            found.remarks.append(("two-groups-of-one-set", wording.two_groups_of_one_set(_named(groups, rules))))


def _named(groups: list[str], rules: LevelRules) -> list[str]:
    return [rules.names.get(group, group) for group in groups]
