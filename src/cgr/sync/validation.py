"""Ask DHIS2 itself what it would say to a plan, before anybody reviews it (R9.1): `importMode=VALIDATE` writes nothing.

It costs a sixth to a thirtieth of a commit (verified facts, section 7). It can't see circles, geometry with Z, new ids
sent twice or option codes (R8); the planner checks those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.batches import is_creation, writes_unit
from cgr.core.changes import Change, Plan, ProblemCode
from cgr.core.planner import withdraw
from cgr.sync.delivery import deliver
from cgr.sync.sending import send_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgr.core.progress import Progress
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reports import ImportReport

_UNITS_PER_REQUEST = 1_000


def validate(client: Dhis2, plan: Plan, *, progress: Progress) -> Plan:
    """Give the plan without what DHIS2 would refuse: those objects are problems now, their new descendants blocked."""
    changes = [change for change in plan.changes if writes_unit(change)]
    progress.step("validate in DHIS2", len(changes))
    new = {change.uid: change for change in changes if is_creation(change)}
    refused: dict[str, tuple[ProblemCode, str, str]] = {}
    for start in range(0, len(changes), _UNITS_PER_REQUEST):
        batch = changes[start : start + _UNITS_PER_REQUEST]
        refused.update(_refusals(client, batch, new))
        progress.advance(len(batch))
    return withdraw(plan, refused) if refused else plan


def _refusals(
    client: Dhis2, batch: Sequence[Change], new: Mapping[str, Change]
) -> dict[str, tuple[ProblemCode, str, str]]:
    owners = client.owners([change.uid for change in batch if not is_creation(change)])
    gone = {change.uid for change in batch if not is_creation(change) and change.uid not in owners}

    def send(changes: Sequence[Change]) -> ImportReport:
        with_ancestors = (*_new_ancestors(changes, new), *changes)
        return send_units(client, with_ancestors, owners, strategy="CREATE_AND_UPDATE", validate=True)

    delivery = deliver([change for change in batch if change.uid not in gone], send)
    refused = {uid: (why.code, why.message, why.next_step) for uid, why in delivery.refused.items()}
    for uid in gone:
        refused[uid] = (
            ProblemCode.EXTERNAL_ID_NOT_FOUND,
            f"The unit {uid} was deleted in DHIS2 while it was being read.",
            "Correct or remove the external id of the object.",
        )
    return refused


def _new_ancestors(changes: Sequence[Change], new: Mapping[str, Change]) -> list[Change]:
    """Give the new units above these that aren't among them: DHIS2 would call them unknown references otherwise."""
    present = {change.uid for change in changes}
    ancestors: dict[str, Change] = {}
    for change in changes:
        parent = change.fields.get("parent")
        while parent is not None and isinstance(parent.after, str) and parent.after in new:
            above = new[parent.after]
            if above.uid not in present:
                ancestors.setdefault(above.uid, above)
            parent = above.fields.get("parent")
    return sorted(ancestors.values(), key=lambda change: change.depth)
