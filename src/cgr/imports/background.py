"""Imports by the workers: nothing of an import is kept before its end, so one whose worker died simply starts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.errors import BadInput
from cgr.imports.actions import import_units
from cgr.imports.lines import nothing
from cgr.imports.preparing import Request, check_request
from cgr.runs import actions as runs
from cgr.runs.continuing import continue_run
from cgr.runs.interrupting import Interruptible
from cgr.systems.queries import system as find_system

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.jobs import Stopping
    from cgr.runs.models import Run
    from cgr.runs.progress import Recorder


@transaction.atomic
def queue_import(actor: Actor, request: Request) -> Run:
    """Have a worker import the organisation units of a registered DHIS2 (R3.5)."""
    system = find_system(actor, request.system)
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    check_request(actor, request)
    run = runs.queue_new(
        actor,
        kind=runs.Kind.IMPORT,
        goal=runs.Goal.IMPORT,
        counts=nothing(),
        organization=system.organization,
        system=system,
        request=msgspec.to_builtins(request, str_keys=True),
        as_of=timezone.localdate(),
    )
    record(actor, "queue", kind="import run", subject=str(run.pk), organization=system.organization.code)
    return run


@transaction.atomic
def resume_import(actor: Actor, run: Run) -> Run:
    """Have a worker do an import again that had to stop; nothing of it was kept."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if not run.request:
        raise BadInput(
            f"Run {run.pk} was an import in the foreground: nothing is left of it.",
            code="run-not-startable",
            next_step="Import again: cgr import dhis2",
        )
    runs.queue_stored(actor, run, request=run.request, to_resume=True)
    record(actor, "queue", kind="import run", subject=str(run.pk), organization=run.organization.code)
    return run


@transaction.atomic
def cancel_import(actor: Actor, run: Run) -> Run:
    """Stop an import; nothing of it is kept."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    runs.require_cancelled(run)
    record(actor, "cancel", kind="import run", subject=str(run.pk), organization=run.organization.code)
    return run


def continue_import(run_id: int, stopping: Stopping) -> None:
    """Do an import that was queued, or whose worker died. Raises as `continue_run`."""

    def go_on(actor: Actor, run: Run, recorder: Recorder) -> None:
        request = msgspec.convert(run.request, Request, strict=False)
        import_units(actor, request, progress=Interruptible(recorder, run, stopping), into=run)

    continue_run(run_id, go_on)
