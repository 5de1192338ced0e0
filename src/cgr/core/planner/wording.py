"""The sentences of a plan's problems and notes: what is wrong, and what the keeper of the object can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.changes import ObjectRef, ProblemCode
from cgr.core.mapping import SyncType
from cgr.core.planner.drafts import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SYNC_NAMES = {
    SyncType.NONE: "None",
    SyncType.ORG_UNITS: "Org Units",
    SyncType.RELATIONSHIPS: "Relationships",
    SyncType.BOTH: "Org Units and Relationships",
}


def named(thing: ObjectRef) -> str:
    """Name an object in a sentence."""
    return f"{thing.type} {thing.code}"


def listed(words: Iterable[str]) -> str:
    """Join words for a sentence."""
    *first, last = list(words)
    return f"{', '.join(first)} and {last}" if first else last


def new_not_creatable(sync: SyncType) -> Issue:
    """Report a new object whose level creates nothing (R5.2)."""
    return Issue(
        ProblemCode.NEW_NOT_CREATABLE,
        f"It has no external id, so it is new, and it cannot be created with “{_SYNC_NAMES[sync]}”.",
        "Give it the id of its unit in DHIS2, or set its level to “Org Units and Relationships”.",
    )


def external_id_not_found(uid: str) -> Issue:
    """Report an external id that is no unit; it is never created (R5.3)."""
    return Issue(
        ProblemCode.EXTERNAL_ID_NOT_FOUND,
        f"Its external id {uid} belongs to no organisation unit in DHIS2.",
        "Correct the external id; remove it if the unit shall be created anew.",
    )


def duplicate_external_id(uid: str, others: Sequence[ObjectRef]) -> Issue:
    """Report an id that several objects claim: two objects can't be one unit (R0.5)."""
    return Issue(
        ProblemCode.DUPLICATE_EXTERNAL_ID,
        f"Its external id {uid} is also that of {listed(named(other) for other in others)}.",
        "Find out whose unit it is and correct the external id of the other.",
    )


def no_parent() -> Issue:
    """Report an object without a parent: sent like that, the unit would become a root of DHIS2 (R5.5)."""
    return Issue(
        ProblemCode.NO_PARENT,
        "It has no parent in force at this date.",
        "Give it a parent in this hierarchy that is in force.",
    )


def several_parents(parents: Sequence[ObjectRef], *, stops: bool) -> Issue:
    """Report parents of which nobody can say which is meant (R5.4)."""
    names = f" ({listed(named(parent) for parent in parents)})" if len(parents) > 1 else ""
    return Issue(
        ProblemCode.SEVERAL_PARENTS,
        f"It has more than one parent in force at this date{names}, so its relationship is not exported.",
        "End all of its parent relationships but one.",
        stops=stops,
    )


def parent_not_in_dhis2(parent: ObjectRef | None) -> Issue:
    """Report a parent below which nothing can be put (R5.5)."""
    which = f"Its parent {named(parent)}" if parent else "Its parent, which isn't of a level of this configuration,"
    return Issue(
        ProblemCode.PARENT_NOT_IN_DHIS2,
        f"{which} has no organisation unit in DHIS2, and this run doesn't create one.",
        "Give the parent its external id, or have it created: valid, selected and in existence at this date.",
    )


def blocked(by: ObjectRef) -> Issue:
    """Report that everything new below an object in error waits for it (R5.5)."""
    return Issue(
        ProblemCode.BLOCKED,
        f"It can't be placed in DHIS2 as long as {named(by)} has a problem.",
        f"Solve the problem of {named(by)}; nothing has to be done here.",
        blocked_by=by,
    )


def blocked_by_move(by: ObjectRef) -> Issue:
    """Report a move that would close a circle without the other, which DHIS2 2.43 stores (verified fact H5)."""
    return Issue(
        ProblemCode.BLOCKED,
        f"It can't move before {named(by)} has moved out of its way: the two would be above one another.",
        f"Solve the problem of {named(by)}; nothing has to be done here.",
        blocked_by=by,
    )


def not_in_this_plan(by: ObjectRef) -> Issue:
    """Report an object that needs another's change in a plan that was limited to some objects."""
    return Issue(
        ProblemCode.BLOCKED,
        f"It needs {named(by)} to be written first, which isn't among the objects that this plan is limited to.",
        "Make a plan of the whole configuration.",
        blocked_by=by,
    )


def second_root(roots: Sequence[str], others: Sequence[ObjectRef]) -> Issue:
    """Report a new root that nobody consented to (R5.6)."""
    if roots:
        message = f"It is a new top-level object, and DHIS2 already has a root ({', '.join(roots)})."
    else:
        message = f"It would be one of several new roots, beside {listed(named(other) for other in others)}."
    return Issue(
        ProblemCode.SECOND_ROOT,
        message,
        "Give it the external id of the root; only if DHIS2 shall have several, set allow_new_root: true.",
    )


def cycle(others: Sequence[ObjectRef]) -> Issue:
    """Report a placement that would close a circle (R5.11)."""
    below = f"Below {listed(named(other) for other in others)}, it" if others else "Below itself, it"
    return Issue(
        ProblemCode.CYCLE,
        f"{below} would close a circle of parents, cut off from the tree.",
        "Correct the parents so that no object is above itself; compare them with the tree in DHIS2.",
    )


def required_missing(properties: Iterable[str]) -> Issue:
    """Report what DHIS2 demands of every unit (R5.8, E4000)."""
    names = listed(properties)
    return Issue(
        ProblemCode.REQUIRED_MISSING,
        f"DHIS2 demands {names}, and there is no value for it.",
        f"Give the object a value for {names}, or map the field to an attribute that has one.",
    )


def value_refused(what: str, reason: str, *, about: str) -> Issue:
    """Report a value that DHIS2 would refuse (R7.2)."""
    return Issue(
        ProblemCode.VALUE_REFUSED,
        f"{what} can't be sent: {reason}.",
        f"Correct the value for {what} in the registry, or map it to something else.",
        about=about,
    )


def closed_before_opened(opened: str, closed: str) -> Issue:
    """Report what DHIS2 refuses as E4013."""
    return Issue(
        ProblemCode.VALUE_REFUSED,
        f"The unit would close ({closed}) before it opens ({opened}), which DHIS2 refuses.",
        "Correct the period in which the object exists; if DHIS2 keeps an old closedDate, map it with clear: true.",
    )


def geometry_unsupported(reason: str) -> Issue:
    """Report a geometry that DHIS2 can't take (R5.9)."""
    return Issue(
        ProblemCode.GEOMETRY_UNSUPPORTED,
        f"Its geometry can't be sent: {reason}.",
        "Correct the geometry, or switch geometry off for this level.",
    )


def term_unmapped(attribute: str, term: str, *, about: str = "") -> Issue:
    """Report a term without an option or a group (R8)."""
    return Issue(
        ProblemCode.TERM_UNMAPPED,
        f"The term {term} of {attribute} is not mapped.",
        f"Map the term {term} in the configuration, or correct the object's {attribute}.",
        about=about,
    )


def mandatory_missing(names: Iterable[str]) -> Issue:
    """Report E4011, which also hits updates that have nothing to do with the attribute (verified fact R12)."""
    what = listed(names)
    return Issue(
        ProblemCode.MANDATORY_ATTRIBUTE_MISSING,
        f"DHIS2 demands a value for {what}, and the unit would have none.",
        f"Map {what} and give the object a value, or fill it in in DHIS2.",
    )


def taken(code: ProblemCode, what: str, value: str, holder: str, *, hand_over: bool, swap: bool) -> Issue:
    """Report a code or a unique value that another unit of DHIS2 holds (verified fact R9)."""
    if swap:
        message = f"{what} {value} is held by unit {holder} in DHIS2, and the two would exchange theirs."
        step = "DHIS2 can't exchange them in one step: give one of the objects a third value, run, then the right one."
    elif hand_over:
        message = f"{what} {value} is still held by unit {holder} in DHIS2, which is to get another one in this run."
        step = "Run again after this run, when the value is free."
    else:
        message = f"{what} {value} is already that of unit {holder} in DHIS2."
        step = "Find out whose it is and correct the other."
    return Issue(code, message, step)


def wanted_twice(code: ProblemCode, what: str, value: str, others: Sequence[ObjectRef]) -> Issue:
    """Report a code or a unique value that several objects of the run want."""
    return Issue(
        code,
        f"{what} {value} is also wanted by {listed(named(other) for other in others)}.",
        "Only one of them can have it in DHIS2: correct the others.",
    )


def not_in_existence(when: str) -> str:
    """Note that an object isn't created because of its dates (R5.10)."""
    return f"It doesn't exist at this date ({when}), so no unit is created for it."


def not_cleared(fields: Sequence[str]) -> str:
    """Note that nothing of ours is nothing said (contract.md)."""
    return f"The registry has no value for {listed(fields)}; DHIS2 keeps its own."


def possibly_created_before(uid: str) -> str:
    """Note that the id which this object would have got first is a unit already."""
    return (
        f"DHIS2 has a unit {uid}, which is the id that this object would have got: it may have been created from it "
        "before. If so, give the object that external id instead of creating a second unit."
    )


def stays_in_group(groups: Sequence[str]) -> str:
    """Note that memberships are only ever added (R8.2)."""
    return f"Its term has changed; the unit stays in {listed(groups)}, as nothing is ever taken out of a group."


def two_groups_of_one_set(groups: Sequence[str]) -> str:
    """Note what DHIS2 doesn't enforce (verified fact H20)."""
    return f"The unit would be in {listed(groups)}, which are of one group set; take it out of the wrong one in DHIS2."
