"""Plain fields, short names, translations and geometry of one object against its unit (R5.8, R5.9)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cgr.core import geometry, localized, short_names
from cgr.core.changes import FieldChange
from cgr.core.planner import wording
from cgr.core.texts import length, normal, same_text
from cgr.core.unit_fields import field_refusal, field_text

if TYPE_CHECKING:
    from cgr.core.planner.comparison import Comparison
    from cgr.core.planner.rules import FieldRule, LevelRules
    from cgr.core.records import Localized, OurObject, TheirUnit, Value


def compare_fields(rules: LevelRules, ours: OurObject, theirs: TheirUnit, found: Comparison) -> None:
    """Compare every mapped plain field with its translations."""
    for rule in rules.fields:
        value = rule.read(ours)
        present = getattr(theirs, rule.slot)
        # Most values are equal to the letter; nothing more is asked of those.
        if value != present and not _stands_for_no_code(rule, value, theirs):
            _compare_text(rule, field_text(rule.property, value, rules.locale), present, found)
        if rule.translated_as and isinstance(value, dict) and (len(value) > 1 or theirs.translations):
            _compare_translations(rule, value, theirs, found, locale=rules.locale)
        elif rule.translated_as and rule.clear and value is None:
            # What is cleared must not stay behind in other languages.
            _compare_translations(rule, {}, theirs, found, locale=rules.locale)


def _stands_for_no_code(rule: FieldRule, value: Value | None, theirs: TheirUnit) -> bool:
    """Say whether the code is only the unit's own id, which the import gives to a unit without code (contract.md)."""
    return rule.property == "code" and value == theirs.uid and normal(theirs.code) is None


def compare_closed_date(rules: LevelRules, ours: OurObject, theirs: TheirUnit, found: Comparison) -> None:
    """Compare only the closing date: all that an object gets which doesn't exist at the date (R5.10)."""
    for rule in rules.fields:
        if rule.property == "closedDate":
            text = field_text(rule.property, rule.read(ours), rules.locale)
            _compare_text(rule, text, theirs.closed_date, found)


def _compare_text(rule: FieldRule, ours: str | None, theirs: str | None, found: Comparison) -> None:
    if ours == theirs:
        return
    if ours is None:
        if normal(theirs) is not None:
            found.nothing_of_ours(rule.property, theirs, clear=rule.clear)
        return
    if same_text(ours, theirs[:10] if rule.is_date and theirs else theirs):
        return
    refusal = field_refusal(rule.property, ours)
    if refusal:
        found.issues.append(wording.value_refused(rule.property, refusal, about=rule.property))
    else:
        found.fields[rule.property] = FieldChange(theirs, ours)


def _compare_translations(
    rule: FieldRule, value: Localized, theirs: TheirUnit, found: Comparison, *, locale: str
) -> None:
    """Compare the other locales' texts; those in DHIS2 that we don't have stay, corrupt ones too."""
    ours = localized.translations(value, locale)
    present: dict[str, str] = {}
    for kind, where, text in theirs.translations:
        if kind == rule.translated_as:
            present.setdefault(where, text)
    main = localized.best_locale(value, locale)
    if main is not None and main in present:
        ours = {**ours, main: value[main]}
    for where, text in ours.items():
        sent = short_names.shorten(text) if rule.property == "shortName" else text
        if same_text(sent, present.get(where)):
            continue
        key = f"translation:{rule.translated_as}:{where}"
        refusal = field_refusal(rule.property, sent)
        if refusal:
            found.issues.append(wording.value_refused(f"{rule.property} ({where})", refusal, about=key))
        else:
            found.fields[key] = FieldChange(present.get(where), sent)
    for where, text in present.items():
        if where not in ours:
            found.nothing_of_ours(f"translation:{rule.translated_as}:{where}", text, clear=rule.clear)


def compare_short_name(rules: LevelRules, ours: OurObject, theirs: TheirUnit, found: Comparison) -> None:
    """Decide whether the short name follows the label; a hand-made one is left alone (R5.8, contract.md).

    A derived one depends on the siblings in the tree that results, so here it is only asked for.
    """
    rule = rules.short_name
    if rule is None:
        return
    value = rule.read(ours)
    label = field_text("name", value, rules.locale)
    if label is None or (label == theirs.name and theirs.short_name and not rules.short_name_always):
        return
    present = normal(theirs.short_name)
    if rules.short_name_always:
        _follow_label(rule, label, theirs.short_name, found)
        if isinstance(value, dict) and (len(value) > 1 or theirs.translations):
            _compare_translations(rule, value, theirs, found, locale=rules.locale)
    elif present is None or _follows_name(present, label, theirs.name):
        found.label = label


def _follow_label(rule: FieldRule, label: str, present: str | None, found: Comparison) -> None:
    if length(label) <= short_names.LIMIT:
        _compare_text(rule, label, present, found)
    elif not short_names.is_derived(present, label):
        found.label = label


def _follows_name(present: str, label: str, name: str | None) -> bool:
    if same_text(label, name):
        return False
    return short_names.is_derived(present, name) and not short_names.is_derived(present, label)


def compare_geometry(rules: LevelRules, ours: OurObject, theirs: TheirUnit, found: Comparison) -> None:
    """Compare place and outline, however each side writes them; what DHIS2 can't take is a problem (R5.9)."""
    if not rules.geometry:
        return
    wkb = ours.geometry
    if wkb is None:
        if theirs.geometry is not None:
            found.kept.append("geometry")
        return
    if geometry.same_geometry(wkb, theirs.geometry):
        return
    reason = geometry.check(wkb, rules.geometry_type) or geometry.writable(wkb, legacy=rules.legacy_geometry)
    if reason:
        found.issues.append(wording.geometry_unsupported(reason))
    else:
        present = None if theirs.geometry is None else json.loads(theirs.geometry)
        found.fields["geometry"] = FieldChange(present, geometry.to_geojson(wkb))
