"""Which unit an object is: ids of new units, ids that several objects claim, and new roots (R5.1, R5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import Note
from cgr.core.ids import derive_uid
from cgr.core.planner import wording
from cgr.core.planner.drafts import Draft, Issue, Survey

if TYPE_CHECKING:
    from cgr.core.planner.theirs import Theirs

_ROOTS_NAMED = 3


def give_ids(survey: Survey, theirs: Theirs, *, system: str) -> None:
    """Give every new object the id that follows from its own, counting on while an id is taken; reserved ones stay."""
    given: set[str] = set()
    for draft in survey.drafts.values():
        if not draft.creates or draft.uid:
            continue
        first = uid = derive_uid(system, draft.object_uid, 0)
        attempt = 0
        while uid in theirs.units or uid in survey.claims or uid in given:
            attempt += 1
            uid = derive_uid(system, draft.object_uid, attempt)
        if first in theirs.units and not draft.stopped:
            message = wording.possibly_created_before(first)
            survey.notes.append(Note("possibly-created-before", draft.object, message))
        draft.uid = uid
        given.add(uid)


def report_shared_ids(survey: Survey) -> None:
    """Stop all objects that claim one unit: which of them it is can't be known.

    Objects that aren't exported are only named when one that is shares the id, or has them as its parent.
    """
    needed = {draft.parent for draft in survey.drafts.values()}
    for uid, keys in survey.shared.items():
        if not any(survey.places[key].selected or key in needed for key in keys):
            continue
        for key in keys:
            others = sorted(survey.places[other].object for other in keys if other != key)
            issue = wording.duplicate_external_id(uid, others)
            survey.drafts[key] = _only_a_problem(key, uid, survey, issue)


def _only_a_problem(key: int, uid: str, survey: Survey, issue: Issue) -> Draft:
    """Forget what comparing with a unit that may be another's has found."""
    place = survey.places[key]
    return Draft(key=key, version=0, object=place.object, object_uid="", rules=place.rules, uid=uid, issues=[issue])


def report_second_roots(survey: Survey, theirs: Theirs) -> None:
    """Stop new top-level objects where DHIS2 has a root, or would get several at once (R5.6)."""
    new = [draft for draft in survey.drafts.values() if draft.creates and draft.rules.number == 1]
    if not new:
        return
    roots = sorted(unit.uid for unit in theirs.units.values() if unit.parent is None)
    if not roots and len(new) == 1:
        return
    for draft in new:
        others = [other.object for other in new if other is not draft]
        draft.issues.append(wording.second_root(roots[:_ROOTS_NAMED], others))
