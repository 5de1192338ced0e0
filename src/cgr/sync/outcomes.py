"""What becomes of one planned change, in the words of the report (contract.md: outcome, code, message, next step)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import asdict

from cgr.core.changes import Change, ProblemCode
from cgr.core.report import OutcomeError, OutcomeState
from cgr.runs.items import PlannedItem, Settled

if TYPE_CHECKING:
    from cgr.core.evidence import Evidence
    from cgr.core.refusals import Verdict

_PLAN_AGAIN = "Plan again and review what would happen now."


def name_of(change: Change) -> str:
    """Name an object as people do."""
    return f"{change.object.type} {change.object.code}"


def written(item: PlannedItem) -> Settled:
    """Say that the unit is as planned; the item is done when no groups are left to fill."""
    return Settled(item.pk, "" if item.change.groups else OutcomeState.DONE.value, unit_written=True)


def refused(item: PlannedItem, why: Verdict, evidence: Evidence | None = None) -> Settled:
    """Say why DHIS2 doesn't take the unit."""
    error = _error(
        why.code, why.message, why.next_step, dhis2_code=why.dhis2_code or None, property=why.property or None
    )
    return Settled(item.pk, OutcomeState.FAILED.value, error=error, evidence=evidence)


def left_alone(item: PlannedItem, evidence: Evidence | None = None) -> Settled:
    """Say that DHIS2 says OK and leaves the unit as it was."""
    message = f"DHIS2 answered OK, but left the unit {item.change.uid} as it was and gave no reason."
    next_step = "Change the unit by hand in DHIS2, or have its log looked at for this moment."
    error = _error(ProblemCode.REFUSED_BY_DHIS2, message, next_step)
    return Settled(item.pk, OutcomeState.FAILED.value, error=error, evidence=evidence)


def blocked(item: PlannedItem, *, by: str) -> Settled:
    """Say that the unit needs another change that wasn't made."""
    message = f"It needs {by} to be written first, which could not be done, so this unit was not tried."
    error = _error(ProblemCode.BLOCKED, message, f"Solve the problem of {by}, then plan again.")
    type_code, _, code = by.partition(" ")
    by_object = {"type": type_code, "code": code}
    return Settled(item.pk, OutcomeState.BLOCKED.value, error={**error, "blocked_by": by_object})


def gone(item: PlannedItem) -> Settled:
    """Say that the unit was deleted in DHIS2 since the plan; it is never made again (contract.md)."""
    message = f"The unit {item.change.uid} was deleted in DHIS2 since the plan was made; it is not created again."
    error = _error(ProblemCode.EXTERNAL_ID_NOT_FOUND, message, "Correct or remove the external id of the object.")
    return Settled(item.pk, OutcomeState.FAILED.value, error=error)


def in_all_groups(item: PlannedItem) -> Settled:
    """Say that all is done: the unit is as planned and a member of every group."""
    return Settled(item.pk, OutcomeState.DONE.value, unit_written=True)


def changed_in_dhis2(item: PlannedItem) -> Settled:
    """Say that somebody changed mapped fields there since the plan."""
    message = f"Somebody changed the unit {item.change.uid} in DHIS2 since the plan was made; it was left as it is."
    return Settled(
        item.pk, OutcomeState.SKIPPED.value, error=_error(ProblemCode.CHANGED_IN_DHIS2, message, _PLAN_AGAIN)
    )


def no_longer_offered(item: PlannedItem, part: str) -> Settled:
    """Say that the change needs something of the configuration that vanished from DHIS2 since the plan (R4.4)."""
    message = f"DHIS2 has ceased to offer {part} since the plan was made; nothing was sent for {name_of(item.change)}."
    return Settled(
        item.pk, OutcomeState.SKIPPED.value, error=_error(ProblemCode.CHANGED_IN_DHIS2, message, _PLAN_AGAIN)
    )


def changed_in_registry(item: PlannedItem) -> Settled:
    """Say that somebody changed the object here since the plan."""
    message = f"{name_of(item.change)} was changed in the registry since the plan was made; nothing was sent for it."
    return Settled(
        item.pk, OutcomeState.SKIPPED.value, error=_error(ProblemCode.CHANGED_IN_REGISTRY, message, _PLAN_AGAIN)
    )


def not_in_group(item: PlannedItem, group: str, *, reason: str, evidence: Evidence) -> Settled:
    """Say that the unit is as planned, but a group didn't take it."""
    error = _error(
        ProblemCode.REFUSED_BY_DHIS2,
        f"The unit {item.change.uid} could not be added to the group {group}: {reason}",
        "Give the DHIS2 account write access to the group (sharing, and F_ORGUNITGROUP_PUBLIC_ADD), then plan again.",
        property="groups",
    )
    return Settled(item.pk, OutcomeState.FAILED.value, unit_written=True, error=error, evidence=evidence)


def _error(
    code: ProblemCode,
    message: str,
    next_step: str,
    *,
    dhis2_code: str | None = None,
    property: str | None = None,  # noqa: A002 - the key of contract.md
) -> dict[str, object]:
    return asdict(OutcomeError(code.value, message, next_step, dhis2_code, property))
