"""Apply: write a stored plan to DHIS2, batch by batch, so that a crash at any instant loses and doubles nothing.

Every batch goes the same way, first try or tenth, before a crash or after: write down what travels, read those units
afresh, leave out what is already as planned or was changed by somebody else, send the rest, write down what became of
each. So there is no special path for resuming, and a reply that never came is answered by reading (R9.4).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from time import monotonic
from typing import TYPE_CHECKING

from django.db import transaction

from cgr.core.batches import BatchSize, fitting, is_creation, next_batch, writes_unit
from cgr.core.changes import ANY_VERSION, ProblemCode
from cgr.core.drift import Agreed, agreed
from cgr.core.errors import NeedsPerson, TryLater
from cgr.core.evidence import Answer
from cgr.core.mapping_rules import vanished_part
from cgr.core.overlay import from_owner, overlay
from cgr.core.planner import basis
from cgr.dhis2.errors import UNITS_CHANGED, fault
from cgr.registry.actions import confirm_external_ids, release_external_ids
from cgr.registry.snapshot import versions
from cgr.runs.evidence import room_for_evidence
from cgr.runs.items import PlannedItem, Settled, count_units_due, last_batch, mark_sent, not_made, read_changes, settle
from cgr.runs.queries import is_cancelled
from cgr.sync import outcomes
from cgr.sync.agreement import keep
from cgr.sync.ahead import FRESH_SECONDS, ReadAhead
from cgr.sync.batch import Batch
from cgr.sync.delivery import Delivery, deliver
from cgr.sync.patience import PAUSES, TOO_MUCH_AT_ONCE, patiently, pause_after
from cgr.sync.rechecking import what_is_left
from cgr.sync.sending import evidence_of, send_units, weight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.changes import Change
    from cgr.core.evidence import Evidence
    from cgr.core.mapping import SyncMapping
    from cgr.core.progress import Progress
    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reports import ImportReport
    from cgr.dhis2.writing import Strategy
    from cgr.runs.models import Run


def never() -> bool:
    """Say that nobody asks this process to stop."""
    return False


@dataclass(slots=True)
class Job:
    """Everything that applying one run needs. `wait` takes seconds; tests pass one that doesn't sleep.

    `stopping` says whether this process was asked to stop: then no further batch is begun.

    `size`: of the present batch; `size_announced`: that of the next, whose units may be being read.

    `lost`: units whose change wasn't made, with the name of the object whose own trouble it is; what needs them isn't
    sent. `left`: what DHIS2 still offers of the mapping, asked for before the first unit is written.
    """

    actor: Actor
    run: Run
    client: Dhis2
    mapping: SyncMapping
    progress: Progress
    wait: Callable[[float], None]
    stopping: Callable[[], bool] = never
    size: BatchSize = field(default_factory=BatchSize)
    size_announced: BatchSize = field(default_factory=BatchSize)
    batch: int = 0
    lost: dict[str, str] = field(default_factory=dict)
    left: SyncMapping | None = None
    ahead: ReadAhead = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is read ahead yet."""
        self.ahead = ReadAhead(self.client)


def write_units(job: Job) -> bool:
    """Write every unit of the plan that has no outcome yet. False: the run has to stop between two batches."""
    job.lost = not_made(job.run.pk)
    job.batch = last_batch(job.run.pk)
    count = count_units_due(job.run.pk)
    due = (item for item in read_changes(job.run.pk, unsettled=True) if _unit_is_due(item))
    waiting: deque[PlannedItem] = deque()
    with job.ahead:
        if count:
            _announce(job, waiting, due, after=0)
            job.ahead.begin()
            job.left = patiently(lambda: what_is_left(job.run, job.client, job.mapping), job.wait)
        job.progress.step("write units", count)
        while _fill(job, waiting, due):
            if has_to_stop(job):
                return False
            travelling = [waiting.popleft() for _ in next_batch([item.change for item in waiting], job.size)]
            _announce(job, waiting, due, after=len(travelling))
            _write_batch(job, travelling)
            job.progress.advance(len(travelling))
    return True


def has_to_stop(job: Job) -> bool:
    """Say whether somebody cancelled the run, or this process was asked to stop."""
    return job.stopping() or is_cancelled(job.run)


def _announce(job: Job, waiting: deque[PlannedItem], due: Iterator[PlannedItem], *, after: int) -> None:
    """Say what will be read next if all goes well: as many units as the batch after this one will hold then."""
    size = job.size.after(job.ahead.seconds_to_write(after), sent=after) if after else job.size
    job.size_announced = size
    _fill(job, waiting, due, units=size.units)
    job.ahead.announce([change.uid for change in next_batch([item.change for item in waiting], size)])


def _fill(job: Job, waiting: deque[PlannedItem], due: Iterator[PlannedItem], *, units: int = 0) -> bool:
    """Have as many items waiting as fit one batch, or `units`, without those that depend on units that weren't made."""
    blocked: dict[str, tuple[PlannedItem, Settled]] = {}
    for _ in range(len(waiting)):
        _enqueue(job, waiting, waiting.popleft(), blocked)
    while len(waiting) < (units or job.size.units) and (item := next(due, None)) is not None:
        _enqueue(job, waiting, item, blocked)
    if blocked:
        _store(job, blocked, doubtful={uid for uid, (item, _) in blocked.items() if item.sent_in is not None})
        job.progress.advance(len(blocked))
    return bool(waiting)


def _enqueue(
    job: Job, waiting: deque[PlannedItem], item: PlannedItem, blocked: dict[str, tuple[PlannedItem, Settled]]
) -> None:
    by = _missing(job, item.change)
    # What may have been sent already is read back before it is given up.
    if by is None or item.sent_in is not None:
        waiting.append(item)
    else:
        job.lost[item.change.uid] = by
        blocked[item.change.uid] = item, outcomes.blocked(item, by=by)


def _missing(job: Job, change: Change) -> str | None:
    """Name the object that a change waits for in vain."""
    if not job.lost:
        return None
    return next((job.lost[uid] for uid in change.needs if uid in job.lost), None)


def _unit_is_due(item: PlannedItem) -> bool:
    return writes_unit(item.change) and not item.unit_written


def _write_batch(job: Job, items: Sequence[PlannedItem]) -> None:
    """Bring the units of one batch to an outcome, however often the connection fails; raises when patience ends."""
    job.batch += 1
    mark_sent([item.pk for item in items], batch=job.batch)
    batch = Batch(
        remaining={item.change.uid: item for item in items},
        doubtful={item.change.uid for item in items if item.sent_in is not None},
    )
    while batch.remaining:
        before = len(batch.remaining)
        try:
            _try_batch(job, batch)
        except TryLater as error:
            batch.failed(error, left_before=before)
            job.wait(pause_after(error, batch.failures))
            if error.code in TOO_MUCH_AT_ONCE:
                job.size = job.size.halved()
                _wait_for_server(job, batch)


def _wait_for_server(job: Job, batch: Batch) -> None:
    """Wait until the server has done what it got before we stopped listening, or surely never will."""
    probe = next((item.change for uid, item in batch.remaining.items() if uid in batch.doubtful), None)
    if probe is None:
        return
    for pause in PAUSES:
        if _has_arrived(job, probe):
            return
        job.wait(pause)


def _has_arrived(job: Job, change: Change) -> bool:
    try:
        owner = job.client.owners([change.uid]).get(change.uid)
    except TryLater:
        return False
    return owner is not None and _is_there(job, owner, change)


def _try_batch(job: Job, batch: Batch) -> None:
    """Send what is still to be sent; what has an outcome leaves the batch, also when a later piece fails."""
    owners = job.ahead.owners(list(batch.remaining))
    left = len(batch.remaining)
    due = _sort_out(job, batch, owners)
    if batch.is_left_alone and len(batch.remaining) == left:
        _give_up(job, batch, due, owners)
        return
    batch.note_read(owners)
    requests = 0

    def weigh(change: Change) -> int:
        return weight(change, owners.get(change.uid))

    def send(changes: Sequence[Change]) -> ImportReport:
        nonlocal requests
        requests += 1
        if requests > 1:
            _read_outdated_again(job, batch, changes, owners)
        return _send(job, changes, owners, batch)

    while due:
        count = fitting(due, job.size, weigh)
        piece, due = due[:count], due[count:]
        if not due:
            job.ahead.begin(writing=count)
        began = monotonic()
        delivery = deliver(piece, send, lost=job.lost, failures=batch.failures)
        kept = _evidence(job, delivery, piece, owners)
        seconds = monotonic() - began
        job.ahead.wrote(count, seconds=seconds)
        # No larger than what is being read already: the rest would have to be read while DHIS2 waits.
        after = job.size.halved() if delivery.too_large else job.size.after(seconds, sent=count)
        job.size = min(after, job.size_announced, key=attrgetter("units"))
        _forget_refusals_of_arrived(job, delivery, batch)
        _settle(job, batch, dict(_outcomes_of(job, delivery, batch.remaining, kept)), owners)


def _send(job: Job, changes: Sequence[Change], owners: Mapping[str, dict[str, object]], batch: Batch) -> ImportReport:
    """Send, and keep the books on what DHIS2 may have got: a request that it refuses has written nothing."""
    fresh = batch.sending(changes)
    strategy: Strategy = "CREATE_AND_UPDATE" if is_creation(changes[0]) else "UPDATE"
    try:
        report = send_units(job.client, changes, owners, strategy=strategy, validate=False)
    except NeedsPerson:
        batch.not_stored(fresh)
        raise
    if not report.ok:
        batch.not_stored(fresh, certain=report.certain)
    return report


def _forget_refusals_of_arrived(job: Job, delivery: Delivery, batch: Batch) -> None:
    """Leave to the next round what DHIS2 holds as planned although it refuses it: an earlier try, or this, arrived."""
    refused = [uid for uid in delivery.refused if batch.may_be_there(uid)]
    owners = job.client.owners(refused) if refused else {}
    arrived = [uid for uid, owner in owners.items() if _is_there(job, owner, batch.remaining[uid].change)]
    for uid in arrived:
        del delivery.refused[uid]
    if arrived:
        delivery.blocked.clear()


def _is_there(job: Job, owner: dict[str, object], change: Change) -> bool:
    return is_creation(change) or (_basis(job, owner, change) != change.basis and _is_as_planned(job, owner, change))


def _read_outdated_again(
    job: Job, batch: Batch, changes: Sequence[Change], owners: dict[str, dict[str, object]]
) -> None:
    """Read units again that were read before requests that took long: DHIS2 has no locking (fact H18).

    TryLater when somebody changed one meanwhile, or deleted it: then all that is left of the batch is looked at anew.
    """
    old = batch.outdated(changes, seconds=FRESH_SECONDS)
    if not old:
        return
    now = job.client.owners(old)
    owners.update(now)
    batch.note_read(old)
    outdated = set(old)
    for change in changes:
        if change.uid in outdated and (change.uid not in now or _basis(job, now[change.uid], change) != change.basis):
            raise fault(UNITS_CHANGED, f"The unit {change.uid} was changed in DHIS2 while others were being written.")


def _give_up(job: Job, batch: Batch, due: Sequence[Change], owners: Mapping[str, dict[str, object]]) -> None:
    """Tell of units to which DHIS2 says OK without storing them: it counts them as ignored and gives no reason."""
    room = room_for_evidence(job.run.pk)
    answer = Answer("OK, with counts that leave this unit out")
    settled = {}
    for place, change in enumerate(due):
        kept = evidence_of(job.client, change, owners, answer) if place < room else None
        settled[change.uid] = outcomes.left_alone(batch.remaining[change.uid], kept)
        job.lost[change.uid] = outcomes.name_of(change)
    _settle(job, batch, settled, owners)


def _sort_out(job: Job, batch: Batch, owners: Mapping[str, dict[str, object]]) -> list[Change]:
    """Compare what DHIS2 and the registry hold now with what was planned; give what is due, settle the others."""
    ours = versions([item.change.key for item in batch.remaining.values()])
    settled: dict[str, Settled] = {}
    due: list[Change] = []
    for uid, item in batch.remaining.items():
        change = item.change
        outcome = _outcome_before_sending(job, item, owners.get(uid), sent=batch.may_be_there(uid))
        if outcome is None and change.version not in {ANY_VERSION, ours.get(change.key)}:
            outcome = outcomes.changed_in_registry(item)
        part = vanished_part(change, job.mapping, job.left or job.mapping) if outcome is None else None
        if part is not None:
            outcome = outcomes.no_longer_offered(item, part)
        by = _missing(job, change)
        if outcome is None and by is not None:
            outcome = outcomes.blocked(item, by=by)
        if outcome is None:
            due.append(change)
            continue
        settled[uid] = outcome
        if not outcome.unit_written:
            job.lost[uid] = by or outcomes.name_of(change)
    _settle(job, batch, settled, owners)
    return due


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


def _evidence(
    job: Job, delivery: Delivery, piece: Sequence[Change], owners: Mapping[str, dict[str, object]]
) -> dict[str, Evidence]:
    """Gather what is kept of the exchange of each refused unit, as far as the run keeps any more."""
    refused = [change for change in piece if change.uid in delivery.answers]
    room = room_for_evidence(job.run.pk) if refused else 0
    return {
        change.uid: evidence_of(job.client, change, owners, delivery.answers[change.uid]) for change in refused[:room]
    }


def _outcomes_of(
    job: Job, delivery: Delivery, items: Mapping[str, PlannedItem], kept: Mapping[str, Evidence]
) -> Iterator[tuple[str, Settled]]:
    for change in delivery.accepted:
        yield change.uid, outcomes.written(items[change.uid])
    for uid, why in delivery.refused.items():
        job.lost[uid] = outcomes.name_of(items[uid].change)
        yield uid, outcomes.refused(items[uid], why, kept.get(uid))
    for uid, parent in delivery.blocked.items():
        job.lost[uid] = job.lost[parent]
        yield uid, outcomes.blocked(items[uid], by=job.lost[parent])


def _settle(job: Job, batch: Batch, settled: Mapping[str, Settled], owners: Mapping[str, dict[str, object]]) -> None:
    _store(
        job,
        {uid: (batch.remaining[uid], outcome) for uid, outcome in settled.items()},
        doubtful=batch.doubtful,
        written=[
            _as_agreed(job, owners.get(uid), batch.remaining[uid].change)
            for uid, outcome in settled.items()
            if outcome.unit_written
        ],
    )
    for uid in settled:
        del batch.remaining[uid]


def _as_agreed(job: Job, owner: dict[str, object] | None, change: Change) -> Agreed:
    """Give what the unit holds now that the change was made."""
    unit = from_owner(overlay(owner, change))
    return agreed(unit, job.mapping, change.level, key=change.key, version=change.version)


def _store(
    job: Job,
    settled: Mapping[str, tuple[PlannedItem, Settled]],
    *,
    doubtful: set[str],
    written: Sequence[Agreed] = (),
) -> None:
    """Write outcomes and, in the same transaction, what they mean for the external ids of new units, and for drift.

    The id of a unit that may be in DHIS2 stays reserved: given up, it would be made there a second time (R9.4).
    """
    made: list[int] = []
    free: list[int] = []
    for uid, (item, outcome) in settled.items():
        if not is_creation(item.change):
            continue
        if outcome.unit_written:
            made.append(item.change.key)
        elif uid not in doubtful and not _is_in_dhis2(outcome):
            free.append(item.change.key)
    with transaction.atomic():
        settle([outcome for _, outcome in settled.values()])
        keep(job.run.config, written)
        if made:
            confirm_external_ids(job.actor, job.run.dhis2.code, made)
        if free:
            release_external_ids(job.actor, job.run.dhis2.code, free)


def _is_in_dhis2(outcome: Settled) -> bool:
    return outcome.error is not None and outcome.error["code"] == ProblemCode.CHANGED_IN_DHIS2
