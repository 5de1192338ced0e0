"""The verbs of a synchronisation: check, plan, apply, resume, cancel. Pages, API and command line call these.

What is here works in the process that calls it; `sync/background.py` hands the same verbs to the workers.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from time import sleep
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.batches import is_creation
from cgr.core.errors import BadInput, CgrError, NeedsConsent
from cgr.core.mapping import Limits, SyncMapping
from cgr.core.progress import Progress, Silent
from cgr.registry.actions import release_external_ids, reserve_external_ids
from cgr.registry.snapshot import versions
from cgr.runs import actions as runs
from cgr.runs.items import never_sent_creations, read_changes
from cgr.runs.ownership import SystemBusy, require_right, sole_writer
from cgr.runs.queries import is_cancelled
from cgr.runs.queueing import hand_back
from cgr.sync.applying import Job, never, write_units
from cgr.sync.groups import fill_groups
from cgr.sync.notices import notify_end_of_run
from cgr.sync.paths import rebuild_paths
from cgr.sync.planning import check, plan
from cgr.sync.replanning import queue_what_changed
from cgr.systems.connection import open_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run

__all__ = ["apply", "cancel", "check", "check_consents", "plan", "resume"]

_GUARDS = frozenset(Limits.__struct_fields__) - {"min_units"}


def apply(
    actor: Actor,
    run: Run,
    *,
    digest: str,
    consents: Sequence[str] = (),
    why: str = "",
    progress: Progress | None = None,
    wait: Callable[[float], None] = sleep,
) -> Run:
    """Apply a plan that somebody reviewed: `digest` says which plan they saw, `consents` which guards they lift."""
    require_reviewed(actor, run, digest=digest, consents=consents)
    with _telling_of_the_end(run), sole_writer(run.dhis2), open_client(run.dhis2) as client:
        with transaction.atomic():
            runs.claim(run)
            begin(actor, run, why=why)
        return carry_out(actor, run, client, progress=progress or Silent(), wait=wait)


def require_reviewed(actor: Actor, run: Run, *, digest: str, consents: Sequence[str]) -> None:
    """Refuse to apply a plan that isn't the one somebody looked at, isn't waiting any more, or that a guard stops."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if digest != run.digest:
        raise NeedsConsent(
            f"The digest doesn't match: plan {run.pk} has {run.digest}.",
            code="digest-mismatch",
            next_step=f"Look at the plan as it is (cgr sync report {run.pk}) and apply it with its own digest.",
        )
    runs.require_startable(run)
    check_consents(consents)
    if closed := closed_guards(run, consents):
        raise closed


def begin(actor: Actor, run: Run, *, why: str) -> None:
    """Write down, in the transaction that claims the run, what has to stand before the first request is sent."""
    run.consents = [{"guard": guard["code"], "by": actor.name, "why": why} for guard in run.summary["guards"]]
    run.save(update_fields=["consents"])
    reserve_ids(actor, run)
    record(
        actor,
        "apply",
        kind="sync run",
        subject=str(run.pk),
        organization=run.organization.code,
        after={"digest": run.digest, "consents": run.consents},
    )


def check_consents(consents: Iterable[str]) -> None:
    """Refuse consent to something that is no guard: a slip of the pen must not look like a decision."""
    unheard = sorted(set(consents) - _GUARDS)
    if unheard:
        raise BadInput(
            f"There is no guard {', '.join(unheard)}.",
            code="unknown-guard",
            next_step=f"Consent to those that the plan names, of {', '.join(sorted(_GUARDS))}.",
        )


def closed_guards(run: Run, consents: Sequence[str]) -> NeedsConsent | None:
    """Give what stops a plan that exceeds a safety limit without consent, None when nothing does."""
    closed = [guard for guard in run.summary["guards"] if guard["code"] not in consents]
    if not closed:
        return None
    shares = "; ".join(f"{guard['code']} is {guard['value']:.0%}, the limit {guard['limit']:.0%}" for guard in closed)
    options = " ".join(f"--consent {guard['code']}" for guard in run.summary["guards"])
    return NeedsConsent(
        f"The plan exceeds a safety limit: {shares}.",
        code=closed[0]["code"],
        next_step=f"Look at plan {run.pk} (cgr sync report {run.pk}). If it is right: cgr sync apply {run.pk} --digest "
        f"{run.digest} {options} --why TEXT",
    )


def reserve_ids(actor: Actor, run: Run) -> None:
    """Write down the ids of new units before the first is sent, so that a repeat can never make a second one."""
    # A first run may make hundreds of thousands of units: no more of each is kept than this needs.
    changes = (item.change for item in read_changes(run.pk, unsettled=True))
    new = [(change.key, change.uid, change.version) for change in changes if is_creation(change)]
    ours = versions([key for key, _, _ in new])
    # An object edited since may have got an id by hand, or be gone; it is left out when its turn comes.
    fresh = [(key, uid) for key, uid, version in new if ours.get(key) == version]
    if fresh:
        reserve_external_ids(actor, run.dhis2.code, fresh)


def resume(actor: Actor, run: Run, *, progress: Progress | None = None, wait: Callable[[float], None] = sleep) -> Run:
    """Go on with a run whose process died or that had to stop: everything without an outcome (R9.4)."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    with _telling_of_the_end(run), sole_writer(run.dhis2), open_client(run.dhis2) as client:
        with transaction.atomic():
            runs.claim(run, to_resume=True)
            begin_again(actor, run)
        return carry_out(actor, run, client, progress=progress or Silent(), wait=wait)


def begin_again(actor: Actor, run: Run) -> None:
    """Write down that a run goes on; what was reserved for units that weren't sent is reserved again."""
    reserve_ids(actor, run)
    record(actor, "resume", kind="sync run", subject=str(run.pk), organization=run.organization.code)


def carry_out(
    actor: Actor,
    run: Run,
    client: Dhis2,
    *,
    progress: Progress,
    wait: Callable[[float], None],
    stopping: Callable[[], bool] = never,
) -> Run:
    """Do what has no outcome yet. The right to write is held, the run is claimed and begun.

    `stopping`: whether this process was asked to stop; then the run goes back into the queue at the next good place.
    """
    progress.measure(client)
    client.before_each_post(partial(require_right, run))
    with _failing_in_words(run, client):
        mapping = msgspec.convert(run.settings, SyncMapping)
        job = Job(actor=actor, run=run, client=client, mapping=mapping, progress=progress, wait=wait, stopping=stopping)
        went_through = write_units(job) and fill_groups(job)
        if not went_through and not is_cancelled(run):
            hand_back(run, requests=client.requests)
            return run
        rebuild_paths(job)
        if went_through:
            with transaction.atomic():
                if runs.finish(run, requests=client.requests):
                    queue_what_changed(actor, run)
            return run
        never_sent = never_sent_creations(run.pk)
        if never_sent:
            release_external_ids(actor, run.dhis2.code, never_sent)
        runs.leave_cancelled(run, requests=client.requests)
        return run


@contextmanager
def _telling_of_the_end(run: Run) -> Iterator[None]:
    """Tell those who asked for it, however the run ended; a process that dies tells nobody, for its run goes on.

    Outside of the right to write: a receiver that doesn't answer must not keep the next run from its DHIS2.
    """
    before = run.state
    try:
        yield
    except CgrError:
        if run.state != before:
            notify_end_of_run(run)
        raise
    notify_end_of_run(run)


@contextmanager
def _failing_in_words(run: Run, client: Dhis2) -> Iterator[None]:
    """Write down why a run had to stop, then let the error go on to whoever started it."""
    try:
        yield
    except SystemBusy:
        raise  # the run is another process's now: what it says stands
    except CgrError as error:
        require_right(run)
        runs.fail(run, error, requests=client.requests)
        raise


@transaction.atomic
def cancel(actor: Actor, run: Run) -> Run:
    """Stop a run: at once if nothing was sent, else after the batch in flight."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    runs.cancel(run)
    record(actor, "cancel", kind="sync run", subject=str(run.pk), organization=run.organization.code)
    return run
