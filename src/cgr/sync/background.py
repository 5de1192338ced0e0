"""The same verbs for the workers: written down as a run, handed to the engine, taken up by whichever worker is free.

What a worker does with a run follows from what stands in the run, so it doesn't matter which worker, how often it was
delivered, or what became of the worker before (R9.4).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypedDict

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.changes import Counts
from cgr.core.progress import Together
from cgr.jobs import HandedBack, Stopping
from cgr.runs import actions as runs
from cgr.runs.continuing import continue_run
from cgr.runs.interrupting import Interruptible
from cgr.runs.ownership import SystemBusy
from cgr.runs.queries import open_runs, sync_run
from cgr.runs.queueing import queue_new, queue_stored
from cgr.sync.actions import begin, begin_again, carry_out, check_consents, closed_guards, require_reviewed
from cgr.sync.drift import look
from cgr.sync.models import SyncConfig
from cgr.sync.notices import notify_end_of_run
from cgr.sync.planning import plan, plannable, require_only
from cgr.sync.undoing import require_undoable, undo
from cgr.systems.connection import open_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.progress import Progress
    from cgr.runs.models import Run
    from cgr.runs.progress import Recorder


class _Request(TypedDict, total=False):
    """How a worker is to do it: see `queue_plan`, `queue_apply`, `queue_undo`, and `replanning`.

    `begun`: the first request may have been sent. `undoes`: the run that the plan puts back.
    """

    as_of: str | None
    only: str
    consents: list[str]
    why: str
    begun: bool
    undoes: str
    close: str | None


@transaction.atomic
def queue_plan(
    actor: Actor,
    code: str,
    *,
    as_of: date | None = None,
    only: str = "",
    then_apply: bool = False,
    consents: Sequence[str] = (),
    why: str = "",
) -> Run:
    """Have a worker make a plan, and with `then_apply` apply it unless a guard without consent stops it."""
    config = plannable(actor, code)
    check_consents(consents)
    require_only(actor, config, only)
    goal = runs.Goal.RUN if then_apply else runs.Goal.PLAN
    request = _Request(as_of=as_of.isoformat() if as_of else None, only=only, consents=[*consents], why=why)
    run = queue_new(
        actor,
        kind=runs.Kind.SYNC,
        goal=goal,
        organization=config.system.organization,
        system=config.system,
        config=config.code,
        counts=msgspec.to_builtins(Counts()),
        request={**request},
        as_of=as_of or timezone.localdate(),
    )
    _record(actor, "queue", run, goal=goal)
    return run


@transaction.atomic
def queue_look(actor: Actor, code: str) -> Run:
    """Have a worker look for drift; while one is about to, or at it, that one is given."""
    config = plannable(actor, code)
    SyncConfig.objects.select_for_update().get(pk=config.pk)
    going_on = open_runs(config.system_id, config=config.code).filter(kind=runs.Kind.DRIFT).first()
    if going_on is not None:
        return going_on
    run = queue_new(
        actor,
        kind=runs.Kind.DRIFT,
        goal=runs.Goal.LOOK,
        organization=config.organization,
        system=config.system,
        config=config.code,
        counts={},
        request={},
        as_of=timezone.localdate(),
    )
    _record(actor, "queue", run, goal=runs.Goal.LOOK)
    return run


@transaction.atomic
def queue_apply(actor: Actor, run: Run, *, digest: str, consents: Sequence[str] = (), why: str = "") -> Run:
    """Have a worker apply a plan that somebody reviewed."""
    require_reviewed(actor, run, digest=digest, consents=consents)
    queue_stored(actor, run, request={**_Request(consents=[*consents], why=why)})
    _record(actor, "queue", run, goal=runs.Goal.APPLY)
    return run


@transaction.atomic
def queue_undo(actor: Actor, run: Run, *, close: date | None = None) -> Run:
    """Have a worker make the plan that undoes a run; BadInput when it can't be undone. `close`: see `undoing.undo`."""
    require_undoable(actor, run)
    request = _Request(undoes=str(run.pk), close=close.isoformat() if close else None, consents=[], why="")
    made = queue_new(
        actor,
        kind=runs.Kind.SYNC,
        goal=runs.Goal.PLAN,
        organization=run.organization,
        system=run.system,
        config=run.config,
        counts=msgspec.to_builtins(Counts()),
        request={**request},
        as_of=timezone.localdate(),
    )
    _record(actor, "queue", made, goal=runs.Goal.PLAN)
    return made


@transaction.atomic
def queue_resume(actor: Actor, run: Run) -> Run:
    """Have a worker go on with a run that died or had to stop."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    request = {**run.request, "begun": True} if run.digest else run.request
    queue_stored(actor, run, request=request, to_resume=True)
    _record(actor, "queue", run, goal=run.goal)
    return run


def _record(actor: Actor, action: str, run: Run, *, goal: str) -> None:
    record(
        actor,
        action,
        kind="sync run",
        subject=str(run.pk),
        organization=run.organization.code,
        after={"config": run.config, "goal": goal},
    )


def continue_sync(run_id: int, stopping: Stopping, *, watcher: Progress | None = None) -> None:
    """Bring a run as far as it goes: from asked for to planned, from planned to applied. Raises as `continue_run`.

    `watcher`: who is told how it goes on, beside what is kept with the run.
    """

    def go_on(actor: Actor, run: Run, recorder: Recorder) -> None:
        progress = Together(recorder, watcher) if watcher else recorder
        if not run.digest and not _plan(actor, run, Interruptible(progress, run, stopping), stopping):
            return
        _apply(actor, run, progress, stopping)
        if run.state == run.State.QUEUED:
            raise HandedBack

    # The right to write is given back by then: a receiver that doesn't answer must not hold up the next run.
    notify_end_of_run(continue_run(run_id, go_on))


def continue_look(run_id: int, stopping: Stopping, *, watcher: Progress | None = None) -> None:
    """Look for drift, and keep with the run how much was found. Otherwise as `continue_sync`."""

    def go_on(actor: Actor, run: Run, recorder: Recorder) -> None:
        progress = Together(recorder, watcher) if watcher else recorder
        found = look(actor, run.config, progress=Interruptible(progress, run, stopping))
        runs.finish_look(run, counts={"agreed": found.agreed, **found.counts}, drifted=bool(found.drift))

    continue_run(run_id, go_on)


def do_here(run: Run, *, watcher: Progress) -> bool:
    """Do in this process what a worker would do with a queued run. False: another process writes to that DHIS2.

    Then the run stays with the workers; it may be this very run that one of them has taken up already.
    """
    go_on = continue_look if run.kind == runs.Kind.DRIFT else continue_sync
    try:
        go_on(run.pk, Stopping(), watcher=watcher)
    except SystemBusy:
        return False
    finally:
        run.refresh_from_db()
    return True


def _plan(actor: Actor, run: Run, progress: Progress, stopping: Stopping) -> bool:
    """Make the plan. False: a person has to look at it first, because that was asked for or a guard demands it."""
    request = run.request
    if "undoes" in request:
        close = date.fromisoformat(request["close"]) if request["close"] else None
        undone = sync_run(actor, request["undoes"])
        undo(
            actor,
            undone,
            close=close,
            progress=progress,
            wait=stopping.wait,
            into=run,
            only=request.get("only", ""),
        )
    else:
        plan(
            actor,
            run.config,
            as_of=run.as_of if request["as_of"] else None,
            only=request["only"],
            progress=progress,
            wait=stopping.wait,
            into=run,
        )
    closed = closed_guards(run, request["consents"])
    if run.goal == runs.Goal.PLAN or closed is not None:
        runs.leave_as_plan(run, error=None if run.goal == runs.Goal.PLAN else closed)
        return False
    return True


def _apply(actor: Actor, run: Run, progress: Progress, stopping: Stopping) -> None:
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    with open_client(run.dhis2) as client:
        with transaction.atomic():
            if run.request.get("begun"):
                begin_again(actor, run)
            else:
                begin(actor, run, why=run.request["why"])
                run.request["begun"] = True
                run.save(update_fields=["request"])
        carry_out(actor, run, client, progress=progress, wait=stopping.wait, stopping=stopping)
