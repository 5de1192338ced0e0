"""The life of a run: stored, claimed by one process, ended. States change only here, each by one conditional update."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from cgr.core.errors import BadInput, CgrError
from cgr.runs.items import outcome_counts, rows_of, store_rows
from cgr.runs.models import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.changes import Plan
    from cgr.core.mapping_rules import Finding
    from cgr.systems.models import ExternalSystem

_ENDED_WELL = frozenset({"done"})


@transaction.atomic
def store_plan(
    actor: Actor,
    plan: Plan,
    *,
    system: ExternalSystem,
    config: str,
    digest: str,
    findings: Sequence[Finding],
    requests: int,
) -> Run:
    """Write a run with its plan: before this there is nothing to resume, after it everything is.

    `findings`: what of the mapping was left out because DHIS2 no longer has it (R4.4).
    """
    run = Run.objects.create(
        kind=Run.Kind.SYNC,
        organization=system.organization,
        system=system,
        config=config,
        settings=msgspec.to_builtins(plan.mapping),
        as_of=plan.as_of,
        actor=actor.name,
        requests=requests,
        digest=digest,
        summary={
            "dhis2": {"version": plan.dhis2_version, "units": plan.units},
            "counts": msgspec.to_builtins(plan.counts),
            "guards": msgspec.to_builtins(plan.guards),
            "findings": msgspec.to_builtins(list(findings)),
        },
    )
    store_rows(run.pk, rows_of(plan))
    run.refresh_from_db()
    return run


def begin_import(actor: Actor, *, system: ExternalSystem, settings: dict[str, object], today: str) -> Run:
    """Write down an import that begins; its lines are stored as it goes on."""
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
        message = f"Run {run.pk} is {run.state}; it can't be started in this state."
        hint = (
            f"If the process that ran it died, continue it: cgr sync resume {run.pk}"
            if run.state == Run.State.RUNNING
            else f"Look at what it did (cgr sync report {run.pk}), then make a new plan."
        )
        raise BadInput(message, code="run-not-startable", next_step=hint)
    run.refresh_from_db()


def finish(run: Run, *, requests: int) -> Run:
    """End a run that went through: success when everything planned was done and nothing was a problem, else warning."""
    counts = outcome_counts(run.pk)
    spotless = not run.summary["counts"]["problem"] and set(counts) <= _ENDED_WELL
    run.state = Run.State.SUCCESS if spotless else Run.State.WARNING
    return _end(run, requests=requests)


def fail(run: Run, error: CgrError, *, requests: int) -> Run:
    """End a run that had to stop; what has no outcome yet can be continued with resume."""
    run.state = Run.State.FAILURE
    run.error = error.as_json()["error"]
    return _end(run, requests=requests)


def _end(run: Run, *, requests: int) -> Run:
    run.ended = timezone.now()
    run.requests += requests
    run.save(update_fields=["state", "ended", "requests", "error"])
    return run


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
