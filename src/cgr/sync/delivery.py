"""Getting one batch accepted: what DHIS2 blames is taken out with what depends on it, the rest is sent again.

Only `atomicMode=ALL` is used, so that a refused request has written nothing (verified facts H2, R2); validation and
apply share this loop and differ only in what `send` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from cgr.core.batches import halves
from cgr.core.changes import Change
from cgr.core.errors import NeedsPerson, TryLater
from cgr.core.refusals import STOP_THE_RUN, Verdict, unnamed, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cgr.dhis2.reports import ImportReport, Refusal

_MOST_UNNAMED = 10
"""So many units that each make DHIS2 fail alone are no longer the units' fault: the server is ill."""


class Delivery(Struct):
    """What became of one batch. `blocked`: unit → the unit whose change it needed and that wasn't made."""

    accepted: list[Change] = field(default_factory=list)
    refused: dict[str, Verdict] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    unnamed: int = 0


def deliver(changes: Sequence[Change], send: Callable[[Sequence[Change]], ImportReport]) -> Delivery:
    """Send changes, parents first, until DHIS2 takes all that is left; raises what `send` raises.

    Raises `NeedsPerson` when we may not write units at all, `TryLater` when the server fails on whatever it is sent.
    """
    delivery = Delivery()
    _deliver(list(changes), send, delivery)
    return delivery


def _deliver(remaining: list[Change], send: Callable[[Sequence[Change]], ImportReport], delivery: Delivery) -> None:
    while remaining := _without_orphans(remaining, delivery):
        report = send(remaining)
        if report.ok:
            delivery.accepted += remaining
            return
        if _take_out_blamed(report, remaining, delivery):
            continue
        if len(remaining) > 1:
            first, second = halves(remaining)
            _deliver(list(first), send, delivery)
            _deliver(list(second), send, delivery)
            return
        delivery.refused[remaining[0].uid] = unnamed(report.message)
        delivery.unnamed += 1
        if delivery.unnamed > _MOST_UNNAMED:
            message = f"DHIS2 fails on one unit after the other without naming a reason: {report.message}"
            raise TryLater(
                message,
                code="server-failing",
                next_step="Look into DHIS2's own log, then continue the run with cgr sync resume.",
            )


def _without_orphans(changes: list[Change], delivery: Delivery) -> list[Change]:
    """Take out what was refused, and what needs it: below a new parent that isn't there a unit would become a root."""
    kept = []
    for change in changes:
        if change.uid in delivery.refused:
            continue
        missing = next((uid for uid in change.needs if uid in delivery.refused or uid in delivery.blocked), None)
        if missing is None:
            kept.append(change)
        else:
            delivery.blocked[change.uid] = missing
    return kept


def _take_out_blamed(report: ImportReport, sent: Sequence[Change], delivery: Delivery) -> bool:
    uids = {change.uid for change in sent}
    found = False
    for refusal in report.refusals:
        if refusal.dhis2_code in STOP_THE_RUN:
            raise _no_authority(refusal)
        if refusal.uid in uids and refusal.uid not in delivery.refused:
            why = verdict(refusal.dhis2_code, message=refusal.message, property=refusal.property or "")
            delivery.refused[refusal.uid] = why
            found = True
    return found


def _no_authority(refusal: Refusal) -> NeedsPerson:
    return NeedsPerson(
        f"DHIS2 doesn't let this account write organisation units: {refusal.message}",
        code="authority-missing",
        next_step="Give the account's role the authority F_ORGANISATIONUNIT_ADD in DHIS2; cgr system check names all.",
    )
