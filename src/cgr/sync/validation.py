"""Ask DHIS2 itself what it would say to a plan, before anybody reviews it (R9.1): `importMode=VALIDATE` writes nothing.

It costs a sixth to a thirtieth of a commit (verified facts, section 7). It can't see circles, geometry with Z, new ids
sent twice or option codes (R8); the planner checks those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.batches import BatchSize, fitting, is_creation, writes_unit
from cgr.core.changes import Change, Plan, ProblemCode
from cgr.core.errors import TryLater
from cgr.core.evidence import Evidence
from cgr.core.planner import withdraw
from cgr.runs.evidence import MOST_KEPT
from cgr.sync.delivery import deliver
from cgr.sync.patience import TOO_MUCH_AT_ONCE, patiently
from cgr.sync.sending import evidence_of, send_units, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cgr.core.progress import Progress
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reports import ImportReport

_UNITS_PER_REQUEST = 1_000


class Validated(Struct, frozen=True):
    """A plan without what DHIS2 would refuse; by key of the object, what is kept of the exchange about the refused."""

    plan: Plan
    evidence: dict[int, Evidence]


def validate(client: Dhis2, plan: Plan, *, progress: Progress, wait: Callable[[float], None]) -> Validated:
    """Give the plan without what DHIS2 would refuse: those objects are problems now, their new descendants blocked."""
    changes = [change for change in plan.changes if writes_unit(change)]
    progress.step("validate in DHIS2", len(changes))
    examination = _Examination(client, {change.uid: change for change in changes if is_creation(change)})
    for start in range(0, len(changes), _UNITS_PER_REQUEST):
        batch = changes[start : start + _UNITS_PER_REQUEST]
        patiently(partial(examination.examine, batch), wait)
        progress.advance(len(batch))
    left = withdraw(plan, examination.refused) if examination.refused else plan
    return Validated(left, examination.evidence)


@dataclass(slots=True)
class _Examination:
    """What is known so far. `new`: creations by id; `lost`: units that won't be written, so nothing may need them.

    `failures`: how often in a row a request failed in passing.
    """

    client: Dhis2
    new: Mapping[str, Change]
    size: BatchSize = field(default_factory=lambda: BatchSize(_UNITS_PER_REQUEST))
    failures: int = 0
    refused: dict[str, tuple[ProblemCode, str, str]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    evidence: dict[int, Evidence] = field(default_factory=dict)

    def examine(self, batch: Sequence[Change]) -> None:
        """Have one batch validated; safe to repeat."""
        owners = self.client.owners([change.uid for change in batch if not is_creation(change)])
        due = []
        for change in batch:
            if is_creation(change) or change.uid in owners:
                due.append(change)
            else:
                self._refuse(change.uid, *_gone(change.uid))

        def send(changes: Sequence[Change]) -> ImportReport:
            with_ancestors = (*_new_ancestors(changes, self.new), *changes)
            return send_units(self.client, with_ancestors, owners, strategy="CREATE_AND_UPDATE", validate=True)

        while due:
            count = fitting(due, self.size, lambda change: weight(change, owners.get(change.uid)))
            piece, due = due[:count], due[count:]
            self._examine_piece(piece, send, owners)

    def _examine_piece(
        self,
        piece: Sequence[Change],
        send: Callable[[Sequence[Change]], ImportReport],
        owners: Mapping[str, dict[str, object]],
    ) -> None:
        try:
            delivery = deliver(piece, send, lost=self.lost, failures=self.failures)
        except TryLater as error:
            self.failures += 1
            if error.code in TOO_MUCH_AT_ONCE:
                self.size = self.size.halved()
            raise
        self.failures = 0
        if delivery.too_large:
            self.size = self.size.halved()
        for uid, why in delivery.refused.items():
            self._refuse(uid, why.code, why.message, why.next_step)
        for change in piece:
            if change.uid in delivery.answers and len(self.evidence) < MOST_KEPT:
                kept = evidence_of(self.client, change, owners, delivery.answers[change.uid])
                self.evidence[change.key] = kept
        self.lost.update(delivery.blocked)

    def _refuse(self, uid: str, code: ProblemCode, message: str, next_step: str) -> None:
        self.refused[uid] = code, message, next_step
        self.lost.add(uid)


def _gone(uid: str) -> tuple[ProblemCode, str, str]:
    return (
        ProblemCode.EXTERNAL_ID_NOT_FOUND,
        f"The unit {uid} was deleted in DHIS2 while it was being read.",
        "Correct or remove the external id of the object.",
    )


def _new_ancestors(changes: Sequence[Change], new: Mapping[str, Change]) -> list[Change]:
    """Give the new units above these that aren't among them: DHIS2 would call them unknown references otherwise."""
    present = {change.uid for change in changes}
    ancestors: dict[str, Change] = {}
    for change in changes:
        parent = change.fields.get("parent")
        while parent is not None and isinstance(parent.after, str) and parent.after in new:
            above = new[parent.after]
            if above.uid in ancestors:
                break
            if above.uid not in present:
                ancestors[above.uid] = above
            parent = above.fields.get("parent")
    return sorted(ancestors.values(), key=lambda change: change.depth)
