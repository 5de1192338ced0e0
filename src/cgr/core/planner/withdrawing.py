"""Taking refused objects out of a plan, with everything that can't be done without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from cgr.core.changes import Change, Kind, ObjectRef, Plan, Problem, ProblemCode
from cgr.core.planner import wording
from cgr.core.planner.assembling import counted, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def withdraw(plan: Plan, refusals: Mapping[str, tuple[ProblemCode, str, str]]) -> Plan:
    """Make problems of the changes that DHIS2 refuses; what needs them is blocked. Guards stay as they were found.

    `refusals`: unit id → (code, message, next step); ids that aren't in the plan are ignored.
    """
    dropped = dependants(plan.changes, refusals)
    by_uid = {change.uid: change for change in plan.changes if change.uid in dropped or change.uid in refusals}
    problems = list(plan.problems)
    for uid, change in by_uid.items():
        if uid in refusals:
            problems.append(_problem(change, *refusals[uid]))
        else:
            problems.append(_blocked(change, by_uid[dropped[uid]]))
    changes = tuple(change for change in plan.changes if change.uid not in by_uid)
    return replace(
        plan,
        changes=changes,
        problems=in_order(problems),
        counts=counted(changes, problems, unchanged=plan.counts.unchanged, not_selected=plan.counts.not_selected),
    )


def dependants(changes: Iterable[Change], refused: Iterable[str]) -> dict[str, str]:
    """Give the changes that must not be sent when those are refused: unit id → the refused unit that it is for.

    Refused units themselves are left out. Apply uses this too when a batch comes back.
    """
    needing: dict[str, list[str]] = {}
    for change in changes:
        for needed in change.needs:
            needing.setdefault(needed, []).append(change.uid)
    causes = {uid: uid for uid in refused}
    waiting = sorted(causes, reverse=True)
    while waiting:
        uid = waiting.pop()
        for dependant in needing.get(uid, ()):
            if dependant not in causes:
                causes[dependant] = causes[uid]
                waiting.append(dependant)
    return {uid: cause for uid, cause in causes.items() if uid != cause}


def _blocked(change: Change, cause: Change) -> Problem:
    by_creation = Kind.CREATE in cause.kinds
    issue = wording.blocked(cause.object) if by_creation else wording.blocked_by_move(cause.object)
    return _problem(change, issue.code, issue.message, issue.next_step, blocked_by=cause.object)


def _problem(
    change: Change, code: ProblemCode, message: str, next_step: str, *, blocked_by: ObjectRef | None = None
) -> Problem:
    return Problem(
        code=code,
        object=change.object,
        uid=None if Kind.CREATE in change.kinds else change.uid,
        level=change.level,
        message=message,
        next_step=next_step,
        blocked_by=blocked_by,
        key=change.key,
    )
