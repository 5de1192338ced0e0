"""Limiting a plan to some of its objects, as when only those are tried again that failed in an earlier run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from cgr.core.changes import Change, Guard, Kind, Plan, Problem
from cgr.core.planner import wording
from cgr.core.planner.assembling import counted, in_order
from cgr.core.planner.withdrawing import dependants
from cgr.core.safety import round_share

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet


def limited(plan: Plan, keys: AbstractSet[int]) -> Plan:
    """Give the plan for the objects with these keys alone; what needs another object's change is blocked by it.

    Objects that are neither changed nor a problem any more count as unchanged. The shares that guards look at are
    those of the changes that are left.
    """
    outside = [change.uid for change in plan.changes if change.key not in keys]
    without = dependants(plan.changes, outside)
    by_uid = {change.uid: change for change in plan.changes}
    changes = tuple(change for change in plan.changes if change.key in keys and change.uid not in without)
    blocked = [
        _blocked(change, by_uid[without[change.uid]])
        for change in plan.changes
        if change.key in keys and change.uid in without
    ]
    problems = in_order([*(problem for problem in plan.problems if problem.key in keys), *blocked])
    shown = {change.object for change in changes} | {problem.object for problem in problems}
    touched = {change.key for change in changes} | {problem.key for problem in problems}
    return replace(
        plan,
        changes=changes,
        problems=problems,
        notes=tuple(note for note in plan.notes if note.object in shown),
        guards=tuple(_guards(plan, changes)),
        counts=counted(changes, problems, unchanged=len(keys - touched), not_selected=0),
    )


def _blocked(change: Change, cause: Change) -> Problem:
    issue = wording.not_in_this_plan(cause.object)
    return Problem(
        code=issue.code,
        object=change.object,
        uid=None if Kind.CREATE in change.kinds else change.uid,
        level=change.level,
        message=issue.message,
        next_step=issue.next_step,
        blocked_by=cause.object,
        key=change.key,
    )


def _guards(plan: Plan, left: Iterable[Change]) -> Iterable[Guard]:
    kinds = {"changed_share": {Kind.UPDATE, Kind.MOVE}, "moved_share": {Kind.MOVE}}
    left = list(left)
    for guard in plan.guards:
        counted_kinds = kinds.get(guard.code)
        if counted_kinds is None:
            yield guard
            continue
        before = _of_kinds(plan.changes, counted_kinds)
        value = guard.value * _of_kinds(left, counted_kinds) / before if before else 0.0
        if value > guard.limit:
            yield replace(guard, value=round_share(value))


def _of_kinds(changes: Iterable[Change], kinds: AbstractSet[Kind]) -> int:
    return sum(1 for change in changes if not kinds.isdisjoint(change.kinds))
