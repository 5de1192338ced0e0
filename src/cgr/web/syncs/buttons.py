"""What the form's buttons do to a draft, and what is made of what was typed: pure, never more than was asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.ids import is_uid
from cgr.core.mapping_rules import Finding, Offer, Severity
from cgr.core.records import OurType, RemoteShape
from cgr.web.syncs.drafts import GROUP, EntryDraft, LevelDraft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.core.suggestions import Suggestion
    from cgr.web.syncs.drafts import Draft

ADD_LEVEL = "add-level"
_ABOUT_A_ROW = re.compile(r"(?P<what>remove-level|also|accept)-(?P<level>\d+)(?:-(?P<entry>\d+))?")


class Known(Struct, frozen=True):
    """What the form can choose from: types of the hierarchy, what DHIS2 has (None: never read), offers by type."""

    types: dict[str, OurType]
    shape: RemoteShape | None
    offers: dict[str, Offer]


def press(draft: Draft, button: str, known: Known) -> None:
    """Do what a button says; a button about a row that isn't there does nothing."""
    if button == ADD_LEVEL:
        if may_add_level(draft, known):
            draft.levels.append(_next_level(draft, known))
        return
    found = _ABOUT_A_ROW.fullmatch(button)
    if found is None or not 1 <= int(found["level"]) <= len(draft.levels):
        return
    place = int(found["level"]) - 1
    level = draft.levels[place]
    if found["what"] == "remove-level":
        del draft.levels[place]
        return
    if found["entry"] is None or not 1 <= int(found["entry"]) <= len(level.entries):
        return
    entry = level.entries[int(found["entry"]) - 1]
    level.open = list(dict.fromkeys([*level.open, "attributes"]))
    if found["what"] == "also":
        level.entries.insert(int(found["entry"]), EntryDraft(entry.source, of=entry.of, target=GROUP))
    else:
        _accept(entry, suggestions_for(entry, level, known))


def may_add_level(draft: Draft, known: Known) -> bool:
    """Say whether DHIS2 has a level more, as far as is known (R4.2)."""
    return known.shape is None or len(draft.levels) < len(known.shape.levels)


def _next_level(draft: Draft, known: Known) -> LevelDraft:
    """Give the next level, its type chosen where there is only one."""
    choices = types_for(draft, len(draft.levels) + 1, known) if draft.levels else _tops(known)
    only = choices[0] if len(choices) == 1 else ""
    return LevelDraft(type=only, sync="none" if not draft.levels else "both")


def types_for(draft: Draft, number: int, known: Known) -> list[str]:
    """Give the types that a level may have: those at the top, or directly below the type of the level before."""
    above = draft.levels[number - 2].type if number > 1 else None
    if number == 1:
        tops = _tops(known)
        return [*tops, *(code for code in known.types if code not in tops)]
    return [code for code, one in known.types.items() if one.parent == above]


def _tops(known: Known) -> list[str]:
    return [code for code, one in known.types.items() if one.parent is None]


def suggestions_for(entry: EntryDraft, level: LevelDraft, known: Known) -> list[Suggestion]:
    """Give what the terms that aren't mapped yet might go to; nothing that a person chose is in question."""
    offer = known.offers.get(level.type)
    attribute = next((one for one in offer.attributes if one.code == entry.source), None) if offer else None
    if attribute is None:
        return []
    if entry.target == GROUP:
        return [one for one in attribute.groups if not entry.groups.get(one.term)]
    selection = next((one for one in attribute.valid if one.id == entry.to), None)
    return [one for one in (selection.suggestions if selection else ()) if not entry.terms.get(one.term)]


def _accept(entry: EntryDraft, suggestions: list[Suggestion]) -> None:
    mapped = entry.groups if entry.target == GROUP else entry.terms
    for suggestion in suggestions:
        mapped[suggestion.term] = suggestion.target


def settle(draft: Draft, known: Known) -> list[Finding]:
    """Take over what was typed to be added and what was called by name; tell what of it isn't known.

    Every attribute of a level's type gets its row, and a configuration without levels its first one.
    """
    if not draft.levels and known.types:
        draft.levels.append(_next_level(draft, known))
    names = _ids_by_name(known.shape)
    findings: list[Finding] = []
    for number, level in enumerate(draft.levels, start=1):
        _add_values(level)
        where = f"level {number} ({level.type})"
        if typed := level.add_group.strip():
            group = _group(typed, names, known.shape)
            if group is None:
                findings.append(_unknown_group(f"{where}, group {typed}", typed))
            else:
                level.groups = list(dict.fromkeys([*level.groups, group]))
                level.add_group = ""
        for entry in level.used_entries():
            for term, text in entry.groups.items():
                if text.strip() and (group := _group(text.strip(), names, known.shape)) is not None:
                    entry.groups[term] = group
        our_type = known.types.get(level.type)
        if our_type is not None:
            present = {entry.source for entry in level.used_entries()}
            level.entries += [EntryDraft(code, of=level.type) for code in our_type.attributes if code not in present]
    return findings


def _add_values(level: LevelDraft) -> None:
    for code, typed in level.add_where.items():
        if value := typed.strip():
            level.where[code] = list(dict.fromkeys([*level.where.get(code, []), value]))
    level.add_where = {}


def _ids_by_name(shape: RemoteShape | None) -> Mapping[str, str]:
    return {} if shape is None else {group.name.casefold(): group.id for group in shape.groups.values()}


def _group(typed: str, names: Mapping[str, str], shape: RemoteShape | None) -> str | None:
    """Give the id of a group that is called by its id or name; an id that isn't known there is somebody's to judge."""
    if shape is not None and typed in shape.groups:
        return typed
    return names.get(typed.casefold()) or (typed if is_uid(typed) else None)


def _unknown_group(where: str, typed: str) -> Finding:
    return Finding(
        Severity.ERROR,
        where,
        f"DHIS2 has no organisation unit group called “{typed}”.",
        "Choose one of the list, or refresh the lists if it is new.",
    )
