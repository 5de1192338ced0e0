"""Runs on their way through the workers' hands: written down and queued in one transaction, taken up, handed back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.jobs import enqueue
from cgr.runs.actions import not_startable
from cgr.runs.models import Run
from cgr.runs.ownership import is_abandoned

if TYPE_CHECKING:
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.accounts.models import Organization
    from cgr.systems.models import ExternalSystem


@transaction.atomic
def queue_new(  # noqa: PLR0913 - what is known of a run before it begins
    actor: Actor,
    *,
    kind: Run.Kind,
    goal: Run.Goal,
    organization: Organization,
    system: ExternalSystem | None,
    request: dict[str, Any],
    as_of: date,
    counts: dict[str, int],
    config: str = "",
) -> Run:
    """Write a run for a worker to do, and hand it to the engine, in one transaction. `counts`: of nothing, as yet."""
    require(actor, Permission.MANAGE_RUNS, organization=organization.code)
    run = Run.objects.create(
        kind=kind,
        organization=organization,
        system=system,
        config=config,
        as_of=as_of,
        state=Run.State.QUEUED,
        actor=actor.name,
        goal=goal,
        request=request,
        summary={"findings": [], "counts": counts, "guards": [], "dhis2": {}},
    )
    deliver(run)
    return run


@transaction.atomic
def queue_stored(actor: Actor, run: Run, *, request: dict[str, Any], to_resume: bool = False) -> Run:
    """Hand a stored plan, or a run that died or had to stop, to the workers; BadInput when it is in another state.

    A worker acts with the rights of whoever asked last.
    """
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    goal: str = Run.Goal.IMPORT if run.kind == Run.Kind.IMPORT else Run.Goal.APPLY
    if to_resume and not run.digest:
        goal = run.goal or goal
    stored = Run.objects.filter(pk=run.pk)
    ready = stored.filter(state__in=[Run.State.FAILURE] if to_resume else [Run.State.NEW])
    if to_resume and is_abandoned(run):
        ready = stored.filter(state__in=[Run.State.FAILURE, Run.State.RUNNING])
    queued = ready.update(
        state=Run.State.QUEUED, goal=goal, request=request, actor=actor.name, deliveries=0, ended=None, error=None
    )
    run.refresh_from_db()
    if queued != 1:
        raise not_startable(run)
    deliver(run)
    return run


def deliver(run: Run) -> None:
    """Have a worker go on with a run; of one DHIS2 only one at a time, in the order in which they were asked for."""
    enqueue(f"continue-{run.kind}", lock=f"system-{run.system_id}", run=run.pk)


def take_up(run: Run) -> bool:
    """Set a run to running that was queued for a worker, or whose worker died. False: there is nothing to do for it."""
    taken = Run.objects.filter(pk=run.pk, state__in=[Run.State.QUEUED, Run.State.RUNNING]).exclude(goal="")
    count = taken.update(
        state=Run.State.RUNNING, started=run.started or timezone.now(), ended=None, deliveries=F("deliveries") + 1
    )
    run.refresh_from_db()
    return count == 1


def hand_back(run: Run, *, requests: int = 0) -> None:
    """Put a run back in the queue whose worker was asked to stop; one that was cancelled meanwhile stays cancelled."""
    rows = Run.objects.filter(pk=run.pk)
    rows.update(requests=F("requests") + requests)
    # It was stopped on purpose: that doesn't count as a worker that died of it.
    rows.filter(state=Run.State.RUNNING).update(state=Run.State.QUEUED, deliveries=F("deliveries") - 1)
    run.refresh_from_db()
