"""Apply: write a stored plan to DHIS2, batch by batch, so that a crash at any instant loses and doubles nothing.

Every batch goes the same way, first try or tenth, before a crash or after: write down what travels, read those units
afresh, leave out what is already as planned or was changed by somebody else, send the rest, write down what became of
each. So there is no special path for resuming, and a reply that never came is answered by reading (R9.4).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from django.db import transaction

from cgr.core.batches import SMALLEST, BatchSize, is_creation, next_batch, writes_unit
from cgr.core.errors import OtherSide, TryLater
from cgr.core.overlay import from_owner, overlay
from cgr.core.planner import basis
from cgr.dhis2.errors import REQUEST_TOO_LARGE, SERVER_AWAY, TIME_OUT
from cgr.registry.actions import confirm_external_ids, release_external_ids
from cgr.registry.snapshot import versions
from cgr.runs.actions import is_cancelled
from cgr.runs.items import PlannedItem, Settled, last_batch, mark_sent, not_made, read_changes, settle
from cgr.sync import outcomes
from cgr.sync.delivery import Delivery, deliver
from cgr.sync.sending import send_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.changes import Change
    from cgr.core.mapping import SyncMapping
    from cgr.core.progress import Progress
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reports import ImportReport
    from cgr.dhis2.writing import Strategy
    from cgr.runs.models import Run

_PATIENCE = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Seconds to wait after the n-th failure in a row; then the run stops and can be resumed."""

_TOO_MUCH = frozenset({SERVER_AWAY, TIME_OUT, REQUEST_TOO_LARGE})
_STILL_WORKING = frozenset({SERVER_AWAY, TIME_OUT})
"""After these, a proxy's 504 among them, the server most likely goes on importing (api.md 5.5)."""


@dataclass(slots=True)
class Job:
    """Everything that applying one run needs. `wait` takes seconds; tests pass one that doesn't sleep.

    `lost`: units whose change wasn't made, with the object's name; what needs them isn't sent.
    """

    actor: Actor
    run: Run
    client: Dhis2
    mapping: SyncMapping
    progress: Progress
    wait: Callable[[float], None]
    size: BatchSize = field(default_factory=BatchSize)
    batch: int = 0
    lost: dict[str, str] = field(default_factory=dict)

    def lose(self, change: Change) -> None:
        """Remember that a change wasn't made."""
        self.lost[change.uid] = outcomes.name_of(change)


def write_units(job: Job) -> bool:
    """Write every unit of the plan that has no outcome yet. False: somebody cancelled the run between two batches."""
    job.lost = not_made(job.run.pk)
    job.batch = last_batch(job.run.pk)
    due = (item for item in read_changes(job.run.pk, unsettled=True) if _unit_is_due(item))
    waiting: deque[PlannedItem] = deque()
    while _fill(job, waiting, due):
        if is_cancelled(job.run):
            return False
        batch = next_batch([item.change for item in waiting], job.size)
        travelling = [waiting.popleft() for _ in batch]
        _write_batch(job, travelling)
        job.progress.advance(len(travelling))
    return True


def _fill(job: Job, waiting: deque[PlannedItem], due: Iterator[PlannedItem]) -> bool:
    """Have as many items waiting as fit one batch, without those that depend on units that weren't made."""
    blocked: list[Settled] = []
    for _ in range(len(waiting)):
        _enqueue(job, waiting, waiting.popleft(), blocked)
    while len(waiting) < job.size.units and (item := next(due, None)) is not None:
        _enqueue(job, waiting, item, blocked)
    settle(blocked)
    job.progress.advance(len(blocked))
    return bool(waiting)


def _enqueue(job: Job, waiting: deque[PlannedItem], item: PlannedItem, blocked: list[Settled]) -> None:
    by = next((job.lost[uid] for uid in item.change.needs if uid in job.lost), None)
    if by is None:
        waiting.append(item)
    else:
        job.lose(item.change)
        blocked.append(outcomes.blocked(item, by=by))


def _unit_is_due(item: PlannedItem) -> bool:
    return writes_unit(item.change) and not item.unit_written


def _write_batch(job: Job, items: Sequence[PlannedItem]) -> None:
    """Bring the units of one batch to an outcome, however often the connection fails; raises when patience ends."""
    job.batch += 1
    mark_sent([item.pk for item in items], batch=job.batch)
    remaining = {item.change.uid: item for item in items}
    sent = {uid for uid, item in remaining.items() if item.sent_in is not None}
    for pause in (*_PATIENCE, None):
        try:
            _try_batch(job, remaining, sent)
        except OtherSide as error:
            if pause is None or not _may_pass(job, error):
                raise
            if error.code in _TOO_MUCH:
                job.size = job.size.halved()
            if isinstance(error, TryLater):
                _pause(job, error, pause, remaining)
        else:
            return


def _may_pass(job: Job, error: OtherSide) -> bool:
    """Say whether trying again can help: later, or with fewer units at once."""
    return isinstance(error, TryLater) or (error.code == REQUEST_TOO_LARGE and job.size.units > SMALLEST)


def _pause(job: Job, error: TryLater, pause: float, remaining: Mapping[str, PlannedItem]) -> None:
    """Wait before the next try; after a time-out as long as the server may still be busy with what it got."""
    job.wait(error.retry_after.total_seconds() if error.retry_after else pause)
    if not error.sent or error.code not in _STILL_WORKING:
        return
    probe = next(iter(remaining.values())).change
    for longer in _PATIENCE:
        owner = job.client.owners([probe.uid]).get(probe.uid)
        if owner is not None and (is_creation(probe) or _is_as_planned(job, owner, probe)):
            return
        job.wait(longer)


def _try_batch(job: Job, remaining: dict[str, PlannedItem], sent: set[str]) -> None:
    """Send what is still to be sent; what has an outcome leaves `remaining`, also when a later piece fails.

    `sent` gathers the ids that DHIS2 may have got, in this process or before a crash.
    """
    owners = job.client.owners(list(remaining))
    settled, due = _sort_out(job, remaining, owners, sent)
    _store(job, settled, remaining)

    def send(batch: Sequence[Change]) -> ImportReport:
        sent.update(change.uid for change in batch)
        strategy: Strategy = "CREATE_AND_UPDATE" if is_creation(batch[0]) else "UPDATE"
        return send_units(job.client, batch, owners, strategy=strategy, validate=False)

    while due:
        piece, due = due[: job.size.units], due[job.size.units :]
        began = monotonic()
        delivery = deliver(piece, send)
        job.size = job.size.after(monotonic() - began, sent=len(piece))
        _store(job, list(_outcomes_of(job, delivery, remaining)), remaining)


def _sort_out(
    job: Job, items: Mapping[str, PlannedItem], owners: Mapping[str, dict[str, object]], sent: set[str]
) -> tuple[list[Settled], list[Change]]:
    """Compare what DHIS2 and the registry hold now with what was planned: what has an outcome already, what is due."""
    ours = versions([item.change.key for item in items.values()])
    settled: list[Settled] = []
    due: list[Change] = []
    for uid, item in items.items():
        change = item.change
        outcome = _outcome_before_sending(job, item, owners.get(uid), sent=uid in sent)
        if outcome is None and ours.get(change.key) != change.version:
            outcome = outcomes.changed_in_registry(item)
        missing = next((needed for needed in change.needs if needed in job.lost), None)
        if outcome is None and missing is not None:
            outcome = outcomes.blocked(item, by=job.lost[missing])
        if outcome is None:
            due.append(change)
            continue
        settled.append(outcome)
        if not outcome.unit_written:
            job.lose(change)
    return settled, due


def _outcome_before_sending(
    job: Job, item: PlannedItem, owner: dict[str, object] | None, *, sent: bool
) -> Settled | None:
    change = item.change
    if owner is None:
        return None if is_creation(change) else outcomes.gone(item)
    if is_creation(change):
        # The id is reserved for this object: if we sent it before, the unit is ours, whatever was edited there since.
        return outcomes.written(item) if sent else outcomes.changed_in_dhis2(item)
    if _basis(job, owner, change) == change.basis:
        return None
    return outcomes.written(item) if _is_as_planned(job, owner, change) else outcomes.changed_in_dhis2(item)


def _basis(job: Job, owner: dict[str, object], change: Change) -> str:
    return basis(from_owner(owner), job.mapping, change.level, change.fields)


def _is_as_planned(job: Job, owner: dict[str, object], change: Change) -> bool:
    """Say whether laying the change over the unit changes nothing: an earlier try arrived, or somebody did the same."""
    return _basis(job, overlay(owner, change), change) == _basis(job, owner, change)


def _outcomes_of(job: Job, delivery: Delivery, items: Mapping[str, PlannedItem]) -> Iterator[Settled]:
    for change in delivery.accepted:
        yield outcomes.written(items[change.uid])
    for uid, why in delivery.refused.items():
        job.lose(items[uid].change)
        yield outcomes.refused(items[uid], why)
    for uid, parent in delivery.blocked.items():
        job.lose(items[uid].change)
        yield outcomes.blocked(items[uid], by=job.lost[parent])


def _store(job: Job, settled: Sequence[Settled], remaining: dict[str, PlannedItem]) -> None:
    """Write outcomes and, in the same transaction, what they mean for the external ids of new units."""
    by_pk = {item.pk: item for item in remaining.values()}
    made: list[int] = []
    not_made: list[int] = []
    for outcome in settled:
        change = by_pk[outcome.pk].change
        if is_creation(change):
            (made if outcome.unit_written else not_made).append(change.key)
    with transaction.atomic():
        settle(settled)
        if made:
            confirm_external_ids(job.actor, job.run.system.code, made)
        if not_made:
            release_external_ids(job.actor, job.run.system.code, not_made)
    for outcome in settled:
        del remaining[by_pk[outcome.pk].change.uid]
