"""The life of a run: stored, claimed by one process, ended. States change only here, each by one conditional update."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.core.errors import BadInput, CgrError
from cgr.core.plan_json import digest
from cgr.runs.items import outcome_counts, rows_of, store_rows
from cgr.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.changes import Plan
    from cgr.core.mapping_rules import Finding
    from cgr.core.plan_words import Names
    from cgr.systems.models import ExternalSystem

_ENDED_WELL = frozenset({"done"})


@transaction.atomic
def store_plan(
    actor: Actor,
    plan: Plan,
    *,
    system: ExternalSystem,
    config: str,
    findings: Sequence[Finding],
    names: Names,
    requests: int,
    only: str = "",
) -> Run:
    """Write a run with its plan: before this there is nothing to resume, after it everything is.

    `findings`: what of the mapping was left out because DHIS2 no longer has it (R4.4). `only`: `failed-of:RUN` when
    the plan was limited to the objects of that run.
    """
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    run = Run.objects.create(
        kind=Run.Kind.SYNC,
        organization=system.organization,
        system=system,
        config=config,
        settings=msgspec.to_builtins(plan.mapping),
        as_of=plan.as_of,
        actor=actor.name,
        requests=requests,
        digest=digest(plan),
        names=msgspec.to_builtins(names),
        summary={
            "dhis2": {"version": plan.dhis2_version, "units": plan.units},
            "counts": msgspec.to_builtins(plan.counts),
            "guards": msgspec.to_builtins(plan.guards),
            "findings": msgspec.to_builtins(list(findings)),
            **({"only": only} if only else {}),
        },
    )
    store_rows(run.pk, rows_of(plan))
    run.refresh_from_db()
    return run


def begin_import(actor: Actor, *, system: ExternalSystem, settings: dict[str, object], today: str) -> Run:
    """Write down an import that begins; its lines are stored as it goes on."""
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    return Run.objects.create(
        kind=Run.Kind.IMPORT,
        organization=system.organization,
        system=system,
        settings=settings,
        as_of=today,
        state=Run.State.RUNNING,
        started=timezone.now(),
        actor=actor.name,
    )


def finish_import(run: Run, *, counts: dict[str, int], requests: int) -> None:
    """End an import: with a warning when units conflict."""
    run.state = Run.State.WARNING if counts["conflict"] else Run.State.SUCCESS
    run.summary = {"counts": counts}
    run.ended = timezone.now()
    run.requests = requests
    run.save()


@contextmanager
def sole_writer(system: int) -> Iterator[None]:
    """Hold the right to write to one DHIS2 while the block runs; it ends with the connection, so a crash frees it.

    Parallel imports gain nothing on a DHIS2 and can dead-lock there (verified facts, section 7).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('cgr.runs'), %s)", [system])
        row = cursor.fetchone()
    if not row or not row[0]:
        message = "Another run is writing to this DHIS2 at the moment."
        raise BadInput(message, code="system-busy", next_step="Wait until it has ended: cgr sync runs shows it.")
    try:
        yield
    finally:
        if connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('cgr.runs'), %s)", [system])


def claim(run: Run, *, to_resume: bool = False) -> None:
    """Set a stored plan, or a run that died or had to stop, to running; BadInput when it is in another state."""
    states = [Run.State.RUNNING, Run.State.FAILURE] if to_resume else [Run.State.NEW]
    claimed = Run.objects.filter(pk=run.pk, state__in=states).update(
        state=Run.State.RUNNING, started=run.started or timezone.now(), ended=None, error=None
    )
    if claimed != 1:
        run.refresh_from_db()
        raise _not_startable(run)
    run.refresh_from_db()


def require_startable(run: Run) -> None:
    """Refuse a run that isn't a plan waiting to be applied; BadInput."""
    if run.state != Run.State.NEW:
        raise _not_startable(run)


def _not_startable(run: Run) -> BadInput:
    hint = f"Look at what it did (cgr sync report {run.pk}), then make a new plan."
    if run.state == Run.State.RUNNING:
        hint = f"If the process that ran it died, continue it: cgr sync resume {run.pk}"
    if run.state == Run.State.FAILURE:
        hint = f"Continue it: cgr sync resume {run.pk}"
    if run.state == Run.State.NEW:
        hint = f"It is a plan that was never applied: cgr sync apply {run.pk} --digest {run.digest}"
    return BadInput(
        f"Run {run.pk} is {run.state}; it can't be started in this state.", code="run-not-startable", next_step=hint
    )


def finish(run: Run, *, requests: int) -> Run:
    """End a run that went through: success when all was done and nothing was a problem, else warning."""
    counts = outcome_counts(run.pk)
    left_out = bool(run.summary["findings"])
    spotless = not left_out and not run.summary["counts"]["problem"] and set(counts) <= _ENDED_WELL
    return _end(run, Run.State.SUCCESS if spotless else Run.State.WARNING, requests=requests)


def fail(run: Run, error: CgrError, *, requests: int) -> Run:
    """End a run that had to stop; what has no outcome yet can be continued with resume."""
    return _end(run, Run.State.FAILURE, requests=requests, error=error.as_json()["error"])


def leave_cancelled(run: Run, *, requests: int) -> Run:
    """Note when a run that was cancelled has really stopped."""
    return _end(run, Run.State.CANCELLED, requests=requests)


@transaction.atomic
def _end(run: Run, state: Run.State, *, requests: int, error: object = None) -> Run:
    """End a run; one that was cancelled meanwhile stays cancelled."""
    rows = Run.objects.filter(pk=run.pk)
    rows.update(ended=timezone.now(), requests=F("requests") + requests, error=error)
    rows.filter(state=Run.State.RUNNING).update(state=state)
    run.refresh_from_db()
    return run


def add_finding(run: Run, finding: Finding) -> None:
    """Keep with a run what a person has to know about it as a whole."""
    run.summary["findings"].append(msgspec.to_builtins(finding))
    run.save(update_fields=["summary"])


def runs_with_stale_paths(run: Run) -> list[int]:
    """Give the run and those of its system that stopped before they had paths rebuilt, since the last that had."""
    others = Run.objects.filter(system=run.system_id, kind=Run.Kind.SYNC).exclude(pk=run.pk)
    went_through = [Run.State.SUCCESS, Run.State.WARNING, Run.State.CANCELLED]
    last = others.filter(state__in=went_through).aggregate(Max("ended"))["ended__max"]
    stopped = others.filter(state__in=[Run.State.FAILURE, Run.State.RUNNING])
    since = stopped if last is None else stopped.filter(Q(ended=None) | Q(ended__gt=last))
    return [run.pk, *since.values_list("pk", flat=True)]


def cancel(run: Run) -> bool:
    """Cancel a run: at once when nothing was sent yet, else after the batch in flight. False: it had ended."""
    return (
        Run.objects.filter(pk=run.pk, state__in=[Run.State.NEW, Run.State.QUEUED, Run.State.RUNNING]).update(
            state=Run.State.CANCELLED, ended=timezone.now()
        )
        == 1
    )


def is_cancelled(run: Run) -> bool:
    """Say whether somebody cancelled the run meanwhile."""
    return Run.objects.filter(pk=run.pk, state=Run.State.CANCELLED).exists()
