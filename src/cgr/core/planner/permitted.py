"""Taking out what our account in DHIS2 may not do (R4.4): each such object is told, everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.batches import writes_unit
from cgr.core.changes import Change, Kind, Plan, ProblemCode
from cgr.core.mapping_rules.authorities import MOVE, WRITE, ask_for, may_move, may_write
from cgr.core.planner.withdrawing import withdraw

if TYPE_CHECKING:
    from cgr.core.records import RemoteShape


def permitted(plan: Plan, shape: RemoteShape) -> Plan:
    """Make problems of the changes that need an authority which we lack; memberships alone need none of these."""
    refusals = {change.uid: refusal for change in plan.changes if (refusal := _refusal(change, shape)) is not None}
    return withdraw(plan, refusals) if refusals else plan


def _refusal(change: Change, shape: RemoteShape) -> tuple[ProblemCode, str, str] | None:
    if writes_unit(change) and not may_write(shape):
        return _lacks(shape, WRITE, "written")
    if Kind.MOVE in change.kinds and not may_move(shape):
        return _lacks(shape, MOVE, "moved")
    return None


def _lacks(shape: RemoteShape, authority: str, what: str) -> tuple[ProblemCode, str, str]:
    message = f"It can't be {what}: the user {shape.user} lacks the authority {authority} in DHIS2."
    return ProblemCode.REFUSED_BY_DHIS2, message, ask_for(authority)
