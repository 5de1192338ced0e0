"""Getting one batch accepted: what DHIS2 blames is taken out with what depends on it, the rest is sent again.

Only `atomicMode=ALL` is used, so that a refused request has written nothing (verified facts H2, R2); validation and
apply share this loop and differ only in what `send` does.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct, field

from cgr.core.batches import halves, is_creation
from cgr.core.changes import Change
from cgr.core.errors import NeedsPerson, TryLater
from cgr.core.evidence import Answer
from cgr.core.refusals import STOP_THE_RUN, Verdict, too_large, unnamed, verdict
from cgr.dhis2.errors import REQUEST_TOO_LARGE, SERVER_ERROR
from cgr.dhis2.reports import ImportReport

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from cgr.dhis2.reports import Refusal

_FAILURES_OF_A_SERVER = 5
"""So often in a row, over a minute with the pauses between, that a server is ill and not a unit its trouble."""

_MOST_UNNAMED = 10
"""So many units that each make DHIS2 fail alone are no longer the units' fault: the server is ill."""


class Delivery(Struct):
    """What became of one batch: each of its units is in one of the three.

    `blocked`: unit → the unit whose change it needed and that wasn't made. `answers`: what DHIS2 said of each refused
    unit. `too_large`: a request was, for the server or a proxy before it, so the next ones should be smaller.
    `suspicious`: the server has failed so often that one of the units may be why.
    """

    accepted: list[Change] = field(default_factory=list)
    refused: dict[str, Verdict] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    too_large: bool = False
    unnamed: int = 0
    suspicious: bool = False


def deliver(
    changes: Sequence[Change],
    send: Callable[[Sequence[Change]], ImportReport],
    *,
    lost: Container[str] = (),
    failures: int = 0,
) -> Delivery:
    """Send changes, parents first, until DHIS2 takes all that is left; raises what `send` raises.

    `lost`: units whose change wasn't made before; what needs them isn't sent. `failures`: how often in a row that was
    tried before; after many, a page that says "server error" is taken for what a unit among these brings about, as
    DHIS2's own words are at once. Raises `NeedsPerson` when we may not write units at all, `TryLater` when the server
    fails on whatever it is sent.
    """
    delivery = Delivery(suspicious=failures >= _FAILURES_OF_A_SERVER)
    _deliver(_without_orphans(changes, delivery, lost), send, delivery)
    return delivery


def _deliver(remaining: list[Change], send: Callable[[Sequence[Change]], ImportReport], delivery: Delivery) -> None:
    while remaining := _without_orphans(remaining, delivery):
        report = _answer(remaining, send, delivery)
        if report.ok:
            delivery.accepted += remaining
            return
        if _take_out_blamed(report, remaining, delivery):
            continue
        if len(remaining) == 1:
            _take_out_unnamed(remaining[0].uid, report, delivery)
            return
        first, second = halves(remaining)
        _deliver(list(first), send, delivery)
        _deliver(list(second), send, delivery)
        return


def _answer(
    changes: Sequence[Change], send: Callable[[Sequence[Change]], ImportReport], delivery: Delivery
) -> ImportReport:
    """Send; a request that is too large, or on which the server fails time and again, is refused naming nobody."""
    try:
        return send(changes)
    except TryLater as error:
        if error.code != SERVER_ERROR or not delivery.suspicious:
            raise
        return ImportReport(ok=False, message=error.message, certain=False)
    except NeedsPerson as error:
        if error.code != REQUEST_TOO_LARGE:
            raise
        delivery.too_large = True
        if len(changes) == 1:
            delivery.refused[changes[0].uid] = too_large(error.message)
            delivery.answers[changes[0].uid] = Answer(error.message)
        return ImportReport(ok=False, message=error.message)


def _take_out_unnamed(uid: str, report: ImportReport, delivery: Delivery) -> None:
    """Refuse the unit that halving has found to be the one that DHIS2 fails on (verified fact H23)."""
    if uid in delivery.refused:
        return
    delivery.refused[uid] = unnamed(report.message)
    delivery.answers[uid] = Answer(report.message, _reports_by_unit(report)[None])
    delivery.unnamed += 1
    if delivery.unnamed > _MOST_UNNAMED:
        raise TryLater(
            f"DHIS2 fails on one unit after the other without naming a reason: {report.message}",
            code="server-failing",
            next_step="Look into DHIS2's own log, then continue the run with cgr sync resume.",
        )


def _without_orphans(changes: Sequence[Change], delivery: Delivery, lost: Container[str] = ()) -> list[Change]:
    """Take out what was refused, and what needs it: below a new parent that isn't there a unit would become a root."""
    kept = []
    for change in changes:
        if change.uid in delivery.refused:
            continue
        missing = next(
            (uid for uid in change.needs if uid in delivery.refused or uid in delivery.blocked or uid in lost), None
        )
        if missing is None:
            kept.append(change)
        else:
            delivery.blocked[change.uid] = missing
    return kept


def _take_out_blamed(report: ImportReport, sent: Sequence[Change], delivery: Delivery) -> bool:
    changes = {change.uid: change for change in sent}
    reports = _reports_by_unit(report)
    found = False
    for refusal in report.refusals:
        if refusal.dhis2_code in STOP_THE_RUN:
            raise _no_authority(refusal)
        change = changes.get(refusal.uid or "")
        if change is not None and change.uid not in delivery.refused:
            about = refusal.property or ""
            ours = not about or about in change.fields or is_creation(change)
            why = verdict(refusal.dhis2_code, message=refusal.message, property=about, ours=ours)
            delivery.refused[change.uid] = why
            delivery.answers[change.uid] = Answer(report.message, reports[change.uid])
            found = True
    return found


def _reports_by_unit(report: ImportReport) -> dict[str | None, tuple[str, ...]]:
    """Give DHIS2's own error reports by unit; under None those that name nobody."""
    found: dict[str | None, dict[str, None]] = defaultdict(dict)
    for refusal in report.refusals:
        if refusal.report:
            found[refusal.uid][refusal.report] = None
    return defaultdict(tuple, {uid: tuple(reports) for uid, reports in found.items()})


def _no_authority(refusal: Refusal) -> NeedsPerson:
    return NeedsPerson(
        f"DHIS2 doesn't let this account write organisation units: {refusal.message}",
        code="authority-missing",
        next_step="Give the account's role the authority F_ORGANISATIONUNIT_ADD in DHIS2; cgr system check names all.",
    )
