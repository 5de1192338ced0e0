"""Imports by the workers: nothing of an import is kept before its end, so one whose worker died simply starts again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.accounts.queries import organization as find_organization
from cgr.audit.actions import record
from cgr.core.errors import BadInput
from cgr.files import check_size
from cgr.imports.actions import import_units
from cgr.imports.answers import carry_over
from cgr.imports.files import FileRequest, check_file_request, import_file
from cgr.imports.kept_files import forget_file, forget_upload_of, keep_file, kept_file, not_kept
from cgr.imports.lines import nothing
from cgr.imports.notices import RECEIVERS, notify_end_of_import, receivers
from cgr.imports.preparing import Request, check_request
from cgr.registry import queries as registry
from cgr.runs import actions as runs
from cgr.runs.continuing import continue_run
from cgr.runs.interrupting import Interruptible
from cgr.runs.queueing import queue_new, queue_stored
from cgr.systems.queries import system as find_system

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cgr.accounts.actors import Actor
    from cgr.jobs import Stopping
    from cgr.runs.models import Run
    from cgr.runs.progress import Recorder

_PREVIEW = "preview"


@transaction.atomic
def queue_import(
    actor: Actor,
    request: Request,
    *,
    preview: bool = False,
    continuing: Run | None = None,
    notify: Sequence[str] = (),
) -> Run:
    """Have a worker import the organisation units of a registered DHIS2 (R3.5).

    With `preview` it only finds out what that would do, and keeps it. `continuing`: a run whose answers count, too.
    `notify`: e-mail addresses that are told when it has ended.
    """
    system = find_system(actor, request.system)
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    check_request(actor, request)
    run = queue_new(
        actor,
        kind=runs.Kind.IMPORT,
        goal=runs.Goal.IMPORT,
        counts=nothing(),
        organization=system.organization,
        system=system,
        request=_stored(request, preview=preview, notify=notify),
        as_of=timezone.localdate(),
    )
    if continuing is not None:
        carry_over(continuing, run)
    record(actor, "queue", kind="import run", subject=str(run.pk), organization=system.organization.code)
    return run


@transaction.atomic
def queue_file_import(
    actor: Actor, path: Path, request: FileRequest, *, preview: bool = False, notify: Sequence[str] = ()
) -> Run:
    """Have a worker import a file, kept in the database until the run has ended; else as `queue_import`."""
    system = check_file_request(actor, request)
    organization = find_organization(actor, registry.owner_of_type(actor, request.type))
    check_size(path)
    run = queue_new(
        actor,
        kind=runs.Kind.IMPORT,
        goal=runs.Goal.IMPORT,
        counts=nothing(),
        organization=organization,
        system=system,
        request=_stored(request, preview=preview, notify=notify),
        as_of=timezone.localdate(),
    )
    with path.open("rb") as stream:
        keep_file(run, stream)
    record(actor, "queue", kind="import run", subject=str(run.pk), organization=organization.code)
    return run


@transaction.atomic
def resume_import(actor: Actor, run: Run, *, preview: bool = False, notify: Sequence[str] | None = None) -> Run:
    """Have a worker go on with an import, and give the run that does. `notify` None: those are told who were to be.

    One that had to stop is done again, for nothing of it was kept; a preview is carried out, or with `preview` made
    again; one that ended is followed by another run of the same, for which what people answered counts.
    """
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    request = file_request_of(run) if run.is_of_file else request_of(run)
    told = run.request.get(RECEIVERS, ()) if notify is None else notify
    if run.state in {run.State.SUCCESS, run.State.WARNING}:
        if isinstance(request, FileRequest):
            raise not_kept(run)
        return queue_import(actor, request, preview=preview, continuing=run, notify=told)
    is_plan = run.state == run.State.NEW
    preview = preview if is_plan else bool(run.request.get(_PREVIEW))
    stored = _stored(request, preview=preview, notify=told)
    queue_stored(actor, run, request=stored, to_resume=not is_plan)
    record(actor, "queue", kind="import run", subject=str(run.pk), organization=run.organization.code)
    return run


def file_request_of(run: Run) -> FileRequest:
    """Give what was asked for when the import of a file was begun."""
    return msgspec.convert(run.request, FileRequest)


def request_of(run: Run) -> Request:
    """Give what was asked for when the run was begun; BadInput where that isn't kept."""
    try:
        return msgspec.convert(run.request, Request, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(
            f"Of run {run.pk} isn't kept what was asked for.",
            code="run-not-startable",
            next_step="Import again: cgr import dhis2",
        ) from error


def _stored(request: Request | FileRequest, *, preview: bool, notify: Sequence[str]) -> dict[str, object]:
    stored: dict[str, object] = msgspec.to_builtins(request, str_keys=True)
    return {**stored, _PREVIEW: preview, RECEIVERS: receivers(notify)}


@transaction.atomic
def cancel_import(actor: Actor, run: Run) -> Run:
    """Stop an import; nothing of it is kept."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    runs.cancel(run)
    if run.is_of_file:
        forget_file(run)
    record(actor, "cancel", kind="import run", subject=str(run.pk), organization=run.organization.code)
    return run


def continue_import(run_id: int, stopping: Stopping) -> None:
    """Do an import that was queued, or whose worker died. Raises as `continue_run`."""

    def go_on(actor: Actor, run: Run, recorder: Recorder) -> None:
        watcher = Interruptible(recorder, run, stopping)
        preview = bool(run.request.get(_PREVIEW))
        if run.is_of_file:
            with kept_file(run) as path:
                import_file(actor, path, file_request_of(run), preview=preview, progress=watcher, into=run)
            return
        import_units(actor, request_of(run), preview=preview, progress=watcher, into=run)

    run = continue_run(run_id, go_on)
    if run.is_of_file and run.state in {run.State.SUCCESS, run.State.WARNING, run.State.CANCELLED}:
        forget_file(run)
        if run.state != run.State.CANCELLED:
            forget_upload_of(run)
    # The right to write is given back by then: a mail server that doesn't answer must not hold up the next run.
    notify_end_of_import(run)
