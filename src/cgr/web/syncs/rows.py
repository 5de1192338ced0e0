"""A draft and what it can choose from, as the template shows them: each level with its parts, each with its errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cgr.core.mapping import SyncType
from cgr.core.mapping_rules.fields import ATTRIBUTE_PREFIX, DEFAULT_FIELDS, sources_for
from cgr.core.unit_fields import FIELDS
from cgr.web.sentences import in_reader_words
from cgr.web.syncs.buttons import suggestions_for, types_for
from cgr.web.syncs.drafts import ATTRIBUTE, GROUP, NOT_MAPPED, SHARES, FieldDraft
from cgr.web.syncs.words import LIMITS, SOURCES, SYNC_TYPES, said
from cgr.web.words import ATTRIBUTE_KINDS, UNIT_FIELDS, in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.core.mapping_rules import Finding
    from cgr.core.mapping_rules.offering import AttributeOffer, Selection
    from cgr.core.records import OurAttribute, OurType
    from cgr.web.syncs.buttons import Known
    from cgr.web.syncs.drafts import Draft, EntryDraft, LevelDraft

    Shown = dict[str, object]
    Told = dict[str, list[dict[str, str]]]

_LEVEL = re.compile(r"level (?P<number>\d+) \([^)]*\)(?:, (?P<part>.*))?", re.DOTALL)
_FEW = 60
"""So many choices fit into a list to choose from; more are searched by typing."""
_PARTS = {"attributes": ("entry-", "attributes"), "fields": ("field-",), "more": ("where-", "locale", "geometry")}
"""Parts of a level that fold away, and how the ids in them begin."""
_FILTER_KINDS = ("term", "text", "boolean", "integer")


def anchor_of(finding: Finding, draft: Draft) -> str:
    """Give the id of the field that a finding is about, empty when it is about none of the form."""
    where = finding.where
    if where == "levels":
        return "add-level"
    if where.startswith("limits, "):
        return where.removeprefix("limits, ")
    found = _LEVEL.fullmatch(where)
    if found is None:
        return where if where == "locale" else ""
    number = int(found["number"])
    if not 1 <= number <= len(draft.levels):
        return "add-level"
    level = draft.levels[number - 1]
    # An attribute can have two rows; what is said of groups is about the one with groups.
    target = GROUP if GROUP in finding.message[len(where) :] else ATTRIBUTE
    return f"level-{number}-{_part_of(found['part'] or 'type', level, target)}"


def _part_of(part: str, level: LevelDraft, target: str) -> str:
    what, _space, name = part.partition(" ")
    code = name.partition(", term ")[0]
    if what == "attribute":
        rows = [
            (place, entry)
            for place, entry in enumerate(level.entries, start=1)
            if entry.of in ("", level.type) and entry.source == code
        ]
        rows.sort(key=lambda row: (row[1].target != target, not row[1].matched))
        return f"entry-{rows[0][0]}" if rows else "attributes"
    if what == "DHIS2":
        uid = name.removeprefix("attribute ")
        rows = [(place, entry) for place, entry in enumerate(level.entries, start=1) if entry.to == uid]
        return f"entry-{rows[0][0]}" if rows else "attributes"
    return {"field": f"field-{name}", "filter": f"where-{name}", "group": "add_group"}.get(what, part)


def told_by_anchor(findings: Iterable[Finding], draft: Draft) -> Told:
    """Give what was found, in words, by the field that it is about."""
    told: Told = {}
    for finding in findings:
        told.setdefault(anchor_of(finding, draft), []).append(said(finding))
    return told


def levels_shown(draft: Draft, known: Known, told: Told) -> list[Shown]:
    """Give the levels as the form shows them."""
    return [_level(number, level, draft, known, told) for number, level in enumerate(draft.levels, start=1)]


def limits_shown(draft: Draft, told: Told) -> list[Shown]:
    """Give the safety limits as the form shows them."""
    return [
        {"name": name, "label": LIMITS[name], "value": draft.limits.get(name, ""), "told": told.get(name, [])}
        for name in (*SHARES, "min_units")
    ]


def _level(number: int, level: LevelDraft, draft: Draft, known: Known, told: Told) -> Shown:
    prefix = f"level-{number}-"
    our_type = known.types.get(level.type)
    entries = [
        _entry(f"{prefix}entry-{place}", place, entry, level, known, told)
        for place, entry in enumerate(level.entries, start=1)
    ]
    shown = [entry for entry in entries if entry["used"]]
    here = {key.removeprefix(prefix): found for key, found in told.items() if key.startswith(prefix)}
    return {
        "number": number,
        "prefix": prefix,
        "name": _remote_name(number, known),
        "type": level.type,
        "type_label": in_reader_language(our_type.label) if our_type else level.type,
        "types": _types(number, level, draft, known),
        "sync": level.sync,
        "syncs": [(code, name, code == level.sync) for code, (name, _what) in SYNC_TYPES.items()],
        "sync_means": SYNC_TYPES[level.sync][1] if level.sync in SYNC_TYPES else "",
        "groups": [_group(group, known) for group in level.groups],
        "add_group": level.add_group,
        "only_in_groups": level.only_in_groups,
        "entries": shown,
        "stashed": [entry for entry in entries if not entry["used"]],
        "entry_count": len(entries),
        "matched": len({entry["source"] for entry in shown if entry["matched"]}),
        "attributes": len({entry["source"] for entry in shown}),
        "fields": _fields(prefix, level, our_type, told),
        "geometry": level.geometry,
        "has_geometry": our_type is not None and our_type.geometry != "none",
        "filters": _filters(prefix, level, our_type, told),
        "locale": level.locale,
        "exports": level.sync != SyncType.NONE.value,
        "told_type": here.get("type", []),
        "told_group": [*here.get("add_group", []), *here.get("only_in_groups", [])],
        "told_geometry": here.get("geometry", []),
        "told_locale": here.get("locale", []),
        "told_attributes": here.get("attributes", []),
        "open": {name: name in level.open or "error" in _severities(here, name) for name in _PARTS},
        "warned": {name: bool(_severities(here, name)) for name in _PARTS},
    }


def _severities(here: Told, part: str) -> set[str]:
    """Give how bad what was found in a part is, for a part that is folded away."""
    return {one["severity"] for anchor, found in here.items() if anchor.startswith(_PARTS[part]) for one in found}


def _remote_name(number: int, known: Known) -> str:
    if known.shape is None:
        return ""
    return next((level.name for level in known.shape.levels if level.level == number), "")


def _types(number: int, level: LevelDraft, draft: Draft, known: Known) -> list[tuple[str, str, bool]]:
    codes = types_for(draft, number, known)
    if level.type and level.type not in codes:
        codes = [*codes, level.type]
    return [(code, _type_label(code, known), code == level.type) for code in codes]


def _type_label(code: str, known: Known) -> str:
    return in_reader_language(known.types[code].label) if code in known.types else code


def _group(group: str, known: Known) -> Shown:
    found = known.shape.groups.get(group) if known.shape is not None else None
    return {"id": group, "name": found.name if found else group, "gone": known.shape is not None and found is None}


def _entry(prefix: str, place: int, entry: EntryDraft, level: LevelDraft, known: Known, told: Told) -> Shown:
    our_type = known.types.get(level.type)
    attribute = our_type.attributes.get(entry.source) if our_type else None
    offers = known.offers[level.type].attributes if level.type in known.offers else ()
    offer = next((one for one in offers if one.code == entry.source), None)
    selection = next((one for one in offer.valid if one.id == entry.to), None) if offer else None
    is_term = attribute is not None and attribute.kind == "term"
    terms = _terms(entry, attribute, selection, known) if is_term and entry.matched else []
    return {
        "used": entry.of in ("", level.type),
        "place": place,
        "prefix": f"{prefix}-",
        "id": prefix,
        "source": entry.source,
        "of": entry.of or level.type,
        "label": in_reader_language(attribute.label) if attribute else entry.source,
        "kind": ATTRIBUTE_KINDS[attribute.kind] if attribute else "",
        "gone": attribute is None,
        "is_term": is_term,
        "target": entry.target,
        "to": entry.to,
        "matched": entry.matched,
        "choices": _targets(entry, offer),
        "asked": offer is not None,
        "why": [(other.name, in_reader_words(other.why_not)) for other in offer.others] if offer else [],
        "clear": entry.clear,
        "kept": " ".join(entry.kept),
        "terms": terms,
        "unmapped": sum(1 for term in terms if not term["value"]),
        "many": any(term["many"] for term in terms),
        "options": [(one.code, one.name) for one in (selection.options or ())] if selection else [],
        "hidden": _hidden(entry, terms),
        "suggested": len(suggestions_for(entry, level, known)),
        "also": is_term and entry.matched and entry.target == ATTRIBUTE,
        "told": told.get(prefix, []),
    }


def _targets(entry: EntryDraft, offer: AttributeOffer | None) -> list[tuple[str, str, bool]]:
    valid = [(one.id, f"{one.name} ({one.value_type})", one.id == entry.to) for one in offer.valid] if offer else []
    if entry.to and all(not chosen for _id, _name, chosen in valid):
        others = {one.id: one.name for one in offer.others} if offer else {}
        valid.append((entry.to, f"✗ {others.get(entry.to, entry.to)}" if offer else entry.to, True))
    return valid


def _terms(entry: EntryDraft, attribute: OurAttribute | None, selection: Selection | None, known: Known) -> list[Shown]:
    labels = (attribute.terms or {}) if attribute else {}
    to_group = entry.target == GROUP
    mapped = entry.groups if to_group else entry.terms
    if to_group:
        groups = known.shape.groups.values() if known.shape is not None else ()
        choices = [(one.id, one.name) for one in sorted(groups, key=lambda one: one.name.casefold()) if one.writable]
    else:
        choices = [(one.code, f"{one.name} ({one.code})") for one in (selection.options or ())] if selection else []
    names = dict(choices)
    return [
        {
            "code": term,
            "label": in_reader_language(labels[term]) if term in labels else term,
            "gone": term not in labels,
            "name": f"{'group' if to_group else 'term'}-{term}",
            "value": mapped.get(term, ""),
            "typed": names.get(mapped.get(term, ""), mapped.get(term, "")) if to_group else mapped.get(term, ""),
            "many": len(choices) > _FEW,
            "choices": [] if len(choices) > _FEW else _with_chosen(choices, mapped.get(term, "")),
        }
        for term in (*labels, *(term for term in mapped if term not in labels and mapped[term]))
    ]


def _with_chosen(choices: Sequence[tuple[str, str]], chosen: str) -> list[tuple[str, str, bool]]:
    known = [(code, name, code == chosen) for code, name in choices]
    if chosen and all(code != chosen for code, _name in choices):
        known.append((chosen, f"✗ {chosen}", True))
    return known


def _hidden(entry: EntryDraft, shown: Sequence[Shown]) -> list[tuple[str, str]]:
    """Give what was chosen for terms and isn't shown now, so that it is still there when somebody comes back to it."""
    visible = {str(term["name"]) for term in shown}
    chosen = [
        *((f"term-{term}", value) for term, value in entry.terms.items()),
        *((f"group-{term}", value) for term, value in entry.groups.items()),
    ]
    return [(name, value) for name, value in chosen if value and name not in visible]


def _fields(prefix: str, level: LevelDraft, our_type: OurType | None, told: Told) -> list[Shown]:
    names = [*FIELDS, *(name for name in level.fields if name not in FIELDS)]
    return [_field(f"{prefix}field-{name}", name, level.fields.get(name), our_type, told) for name in names]


def _field(anchor: str, name: str, draft: FieldDraft | None, our_type: OurType | None, told: Told) -> Shown:
    field = draft or FieldDraft()
    usual = DEFAULT_FIELDS.get(name)
    sources = sources_for(name, our_type) if our_type is not None and name in FIELDS else ()
    choices = [("", _("as usual: %(source)s") % {"source": _source(usual, our_type)} if usual else _("Not mapped"))]
    if usual or field.source == NOT_MAPPED:
        choices.append((NOT_MAPPED, _("Not mapped")))
    offered = [source for source in sources if source != usual or source == field.source]
    if field.source not in ("", NOT_MAPPED, *offered):
        offered.append(field.source)
    choices += [(source, _source(source, our_type)) for source in offered]
    return {
        "name": name,
        "id": anchor,
        "label": UNIT_FIELDS.get(name, name),
        "choices": [(code, words, code == field.source) for code, words in choices],
        "clear": field.clear,
        "may_clear": field.clear or (_is_mapped(name, field) and not (name in FIELDS and FIELDS[name].required)),
        "long": field.long,
        "told": told.get(anchor, []),
    }


def _is_mapped(name: str, field: FieldDraft) -> bool:
    return field.source != NOT_MAPPED and (field.source != "" or name in DEFAULT_FIELDS)


def _source(source: str, our_type: OurType | None) -> str:
    if source in SOURCES:
        return str(SOURCES[source])
    code = source.removeprefix(ATTRIBUTE_PREFIX)
    attribute = our_type.attributes.get(code) if our_type else None
    return in_reader_language(attribute.label) if attribute else f"✗ {source}"


def _filters(prefix: str, level: LevelDraft, our_type: OurType | None, told: Told) -> list[Shown]:
    attributes = our_type.attributes if our_type else {}
    usable = [one.code for one in attributes.values() if one.kind in _FILTER_KINDS]
    return [
        _filter(f"{prefix}where-{code}", code, level, attributes.get(code), told)
        for code in (*usable, *(code for code in level.where if code not in usable))
    ]


def _filter(anchor: str, code: str, level: LevelDraft, attribute: OurAttribute | None, told: Told) -> Shown:
    values = level.where.get(code, [])
    known: dict[str, str] = {}
    if attribute is not None and attribute.kind == "term":
        known = {term: in_reader_language(label) for term, label in (attribute.terms or {}).items()}
    elif attribute is not None and attribute.kind == "boolean":
        known = {"true": _("yes"), "false": _("no")}
    few = known if len(known) <= _FEW else {}
    return {
        "code": code,
        "id": anchor,
        "label": in_reader_language(attribute.label) if attribute else code,
        "values": [
            (value, known.get(value, value), value in values)
            for value in (*few, *(value for value in values if value not in few))
        ],
        "typed": not few,
        "told": told.get(anchor, []),
    }
