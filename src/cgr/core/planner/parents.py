"""Who can be placed in DHIS2 below whom: missing parents, what they block, and circles (R5.5, R5.11).

The result doesn't depend on the order of the objects: an object is stopped once and for all, and whatever is new below
it follows. Stopping the moves of one circle can close another, so that is looked for until none is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import ObjectRef, ProblemCode
from cgr.core.planner import wording
from cgr.core.planner.tree import Above, circles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.planner.drafts import Draft, Issue, Survey
    from cgr.core.planner.theirs import Theirs


def drop_parents_already_right(survey: Survey) -> None:
    """Forget wanted parents that a unit has already; seen only now when the parent came after the child."""
    for draft in survey.drafts.values():
        place = survey.places.get(draft.parent) if draft.parent is not None else None
        if draft.unit is not None and place is not None and place.uid is not None and place.uid == draft.unit.parent:
            draft.parent = None


def report_several_parents(survey: Survey) -> None:
    """Keep relationships back that are several; values of units that exist are still exported (R5.4, contract.md)."""
    for draft in survey.drafts.values():
        if draft.rivals:
            known = sorted(survey.places[key].object for key in draft.rivals if key in survey.places)
            draft.issues.append(wording.several_parents(known, stops=draft.creates))


def settle_parents(survey: Survey, theirs: Theirs) -> None:
    """Stop every object that can't be placed, and everything new below it."""
    waiting = _waiting_for_new(survey)
    stopped = [draft for draft in survey.drafts.values() if draft.stopped]
    for draft in survey.drafts.values():
        issue = _parent_issue(draft, survey)
        if issue is not None:
            draft.issues.append(issue)
            stopped.append(draft)
    _block_below(stopped, waiting)
    while stopped := _stop_circles(survey, theirs):
        _block_below(stopped, waiting)


def _waiting_for_new(survey: Survey) -> dict[int, list[Draft]]:
    waiting: dict[int, list[Draft]] = {}
    for draft in survey.drafts.values():
        if draft.parent is not None and _creation(draft.parent, survey) is not None:
            waiting.setdefault(draft.parent, []).append(draft)
    return waiting


def _creation(key: int, survey: Survey) -> Draft | None:
    draft = survey.drafts.get(key)
    return draft if draft is not None and draft.creates else None


def _parent_issue(draft: Draft, survey: Survey) -> Issue | None:
    """Say why the parent can be none, apart from new parents that are stopped themselves."""
    if draft.parent is None or _creation(draft.parent, survey) is not None:
        return None
    place = survey.places.get(draft.parent)
    if place is None:
        return wording.parent_not_in_dhis2(None)
    if place.uid is not None:
        return wording.blocked(place.object) if place.uid in survey.shared else None
    if draft.parent in survey.drafts:
        return wording.blocked(place.object)
    return wording.parent_not_in_dhis2(place.object)


def _block_below(stopped: list[Draft], waiting: dict[int, list[Draft]]) -> None:
    while stopped:
        parent = stopped.pop()
        for draft in waiting.get(parent.key, ()):
            if not draft.stopped:
                draft.issues.append(wording.blocked(_root_cause(parent)))
                stopped.append(draft)


def _root_cause(draft: Draft) -> ObjectRef:
    """Name the object whose own problem it is: the one at the top of a chain of blocked ones."""
    if any(issue.stops and issue.code is not ProblemCode.BLOCKED for issue in draft.issues):
        return draft.object
    return next((issue.blocked_by for issue in draft.issues if issue.blocked_by is not None), draft.object)


def _stop_circles(survey: Survey, theirs: Theirs) -> list[Draft]:
    placed = placements(survey.drafts.values())
    stopped = []
    for circle in circles(sorted(placed), resulting_tree(placed, survey, theirs)):
        on_it = [placed[uid] for uid in circle if uid in placed]
        for draft in on_it:
            others = sorted(other.object for other in on_it if other is not draft)
            draft.issues.append(wording.cycle(others))
            stopped.append(draft)
    return stopped


def placements(drafts: Iterable[Draft]) -> dict[str, Draft]:
    """Give the drafts that put a unit below another one, by unit id; stopped ones are left out."""
    return {draft.uid: draft for draft in drafts if draft.parent is not None and not draft.stopped}


def parent_uid(draft: Draft, survey: Survey) -> str | None:
    """Give the unit that the draft's unit will be below."""
    if draft.parent is None:
        return draft.unit.parent if draft.unit is not None else None
    creation = _creation(draft.parent, survey)
    return creation.uid if creation is not None else survey.places[draft.parent].uid


def resulting_tree(placed: dict[str, Draft], survey: Survey, theirs: Theirs) -> Above:
    """Give the tree that results: DHIS2's, with our moves and creations laid over it."""
    moved = {uid: parent_uid(draft, survey) for uid, draft in placed.items()}

    def above(uid: str) -> str | None:
        if uid in moved:
            return moved[uid]
        unit = theirs.units.get(uid)
        return unit.parent if unit is not None else None

    return above
