"""From settled drafts to the plan: sorted, counted, with everything that apply needs beside each change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import Change, Counts, FieldChange, Kind, Plan, Problem
from cgr.core.planner.basis import basis
from cgr.core.planner.parents import parent_uid, placements, resulting_tree
from cgr.core.planner.rules import SLOTS
from cgr.core.planner.tree import Above, awaited_moves, depth
from cgr.core.safety import Shares, guards

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.mapping import SyncMapping
    from cgr.core.planner.drafts import Draft, Survey
    from cgr.core.planner.theirs import Theirs

_FIELD_ORDER = {name: place for place, name in enumerate((*SLOTS, "geometry", "parent"))}


def assemble(survey: Survey, theirs: Theirs, mapping: SyncMapping, *, as_of: str) -> Plan:
    """Make the plan of drafts in which all is settled."""
    problems = _problems(survey)
    changes = _changes(survey, theirs, mapping)
    touched = {change.key for change in changes} | {problem.key for problem in problems}
    unchanged = sum(1 for key, place in survey.places.items() if place.selected and key not in touched)
    shares = Shares(
        linked=survey.linked,
        changed=sum(1 for change in changes if Kind.UPDATE in change.kinds or Kind.MOVE in change.kinds),
        moved=sum(1 for change in changes if Kind.MOVE in change.kinds),
        ids=survey.linked + survey.ids_not_found,
        ids_not_found=survey.ids_not_found,
    )
    notes = sorted(survey.notes, key=lambda note: (note.object, note.code, note.message))
    return Plan(
        as_of=as_of,
        mapping=mapping,
        dhis2_version=theirs.version,
        units=sum(1 for unit in theirs.units.values() if unit.level <= len(mapping.levels)),
        counts=counted(changes, problems, unchanged=unchanged, not_selected=survey.not_selected),
        guards=guards(shares, mapping.limits),
        changes=changes,
        problems=problems,
        notes=tuple(notes),
    )


def untouched(survey: Survey, plan: Plan) -> list[int]:
    """Give the keys of the selected objects that are in no change of the unit itself and in no problem."""
    touched = {change.key for change in plan.changes if change.fields} | {problem.key for problem in plan.problems}
    return [key for key, place in survey.places.items() if place.selected and key not in touched]


def counted(changes: Iterable[Change], problems: Iterable[Problem], *, unchanged: int, not_selected: int) -> Counts:
    """Count changes by kind (they overlap) and problems by object (contract.md)."""
    kinds = dict.fromkeys(Kind, 0)
    for change in changes:
        for kind in change.kinds:
            kinds[kind] += 1
    return Counts(
        create=kinds[Kind.CREATE],
        update=kinds[Kind.UPDATE],
        move=kinds[Kind.MOVE],
        group=kinds[Kind.GROUP],
        unchanged=unchanged,
        problem=len({problem.key for problem in problems}),
        not_selected=not_selected,
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort problems by level, object and code."""
    return tuple(
        sorted(
            problems, key=lambda problem: (problem.level, problem.object, problem.key, problem.code, problem.message)
        )
    )


def _problems(survey: Survey) -> tuple[Problem, ...]:
    return in_order(
        Problem(
            code=issue.code,
            object=draft.object,
            uid=None if draft.creates else draft.uid or None,
            level=draft.rules.number,
            message=issue.message,
            next_step=issue.next_step,
            blocked_by=issue.blocked_by,
            key=draft.key,
        )
        for draft in survey.drafts.values()
        for issue in draft.issues
    )


def _changes(survey: Survey, theirs: Theirs, mapping: SyncMapping) -> tuple[Change, ...]:
    sent = [draft for draft in survey.drafts.values() if not draft.stopped]
    placed = placements(sent)
    above = resulting_tree(placed, survey, theirs)
    created = {draft.uid for draft in sent if draft.creates}
    moves = {uid: draft.unit.parent for uid, draft in placed.items() if draft.unit is not None}
    awaited = awaited_moves(moves, above)
    for draft in sent:
        parent = parent_uid(draft, survey)
        if draft.parent is not None:
            draft.fields["parent"] = FieldChange(draft.unit.parent if draft.unit is not None else None, parent)
        new_parent = [parent] if parent is not None and parent in created else []
        draft.needs = tuple(new_parent + sorted(set(awaited.get(draft.uid, ())) - set(new_parent)))
    return _ordered(sent, above, mapping)


def _ordered(sent: list[Draft], above: Above, mapping: SyncMapping) -> tuple[Change, ...]:
    known: dict[str, int] = {}
    changes = []
    for draft in sent:
        kinds = _kinds(draft)
        if kinds:
            changes.append(_change(draft, kinds, depth(draft.uid, above, known), mapping))
    changes.sort(key=lambda change: (change.depth, Kind.CREATE not in change.kinds, change.object, change.key))
    return tuple(changes)


def _kinds(draft: Draft) -> tuple[Kind, ...]:
    kinds = []
    if draft.creates:
        kinds.append(Kind.CREATE)
    else:
        if any(key != "parent" for key in draft.fields):
            kinds.append(Kind.UPDATE)
        if "parent" in draft.fields:
            kinds.append(Kind.MOVE)
    if draft.groups:
        kinds.append(Kind.GROUP)
    return tuple(kinds)


def _change(draft: Draft, kinds: tuple[Kind, ...], level: int, mapping: SyncMapping) -> Change:
    fields = {key: draft.fields[key] for key in sorted(draft.fields, key=_field_place)}
    return Change(
        kinds=kinds,
        object=draft.object,
        uid=draft.uid,
        level=draft.rules.number,
        fields=fields,
        groups=draft.groups,
        key=draft.key,
        version=draft.version,
        depth=level,
        basis="" if draft.unit is None else basis(draft.unit, mapping, draft.rules.number, fields),
        needs=draft.needs,
    )


def _field_place(key: str) -> tuple[int, str]:
    return (_FIELD_ORDER.get(key, len(_FIELD_ORDER)), key)
