"""The life of a run: stored, claimed by one process, ended.

States change only here and, between the workers' hands, in `queueing`: each by one conditional update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from django.db.models import Case, F, Max, Q, When
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.core.errors import BadInput, CgrError
from cgr.core.mapping_rules import Finding
from cgr.core.plan_counts import counts_by_level
from cgr.core.plan_json import digest
from cgr.runs.interrupting import Cancelled
from cgr.runs.items import forget_lines, outcome_counts, rows_of, store_rows
from cgr.runs.models import Run
from cgr.runs.queries import how_to_see

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.accounts.models import Organization
    from cgr.core.changes import Plan
    from cgr.core.notices import Notice
    from cgr.core.plan_words import Names
    from cgr.runs.items import Row
    from cgr.systems.models import ExternalSystem

Goal = Run.Goal
Kind = Run.Kind

_ENDED_WELL = frozenset({"done"})


@transaction.atomic
def store_plan(  # noqa: PLR0913 - what is known of a plan when it is made
    actor: Actor,
    plan: Plan,
    *,
    system: ExternalSystem,
    config: str,
    findings: Sequence[Finding],
    names: Names,
    requests: int,
    about: Mapping[str, str],
    unchanged: Mapping[str, int] | None = None,
    into: Run | None = None,
) -> Run:
    """Write a run with its plan: before this there is nothing to resume, after it everything is.

    `findings`: what of the mapping was left out because DHIS2 no longer has it (R4.4). `about`: what kind of plan
    it is, shown with it: `only` (failed-of:RUN, skipped-of:RUN) when it was limited to objects of that run; `undoes`
    and `close`.
    `unchanged`: objects that need nothing, by type, where that was looked at. `into`: the run that a worker makes the
    plan for.
    """
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    run = into or Run(
        kind=Run.Kind.SYNC, organization=system.organization, system=system, config=config, actor=actor.name
    )
    run.settings = msgspec.to_builtins(plan.mapping)
    run.as_of = plan.as_of
    run.requests += requests
    run.digest = digest(plan)
    run.names = msgspec.to_builtins(names)
    run.summary = {
        "dhis2": {"version": plan.dhis2_version, "units": plan.units},
        "counts": msgspec.to_builtins(plan.counts),
        "levels": msgspec.to_builtins(counts_by_level(plan, unchanged=unchanged)),
        "guards": msgspec.to_builtins(plan.guards),
        "findings": msgspec.to_builtins(list(findings)),
        **about,
    }
    run.save(update_fields=None if into is None else _PLANNED)
    store_rows(run.pk, rows_of(plan))
    run.refresh_from_db()
    return run


_PLANNED = ("settings", "as_of", "requests", "digest", "names", "summary")  # its state may be changed meanwhile


def begin_import(
    actor: Actor,
    *,
    organization: Organization,
    system: ExternalSystem | None,
    settings: dict[str, object],
    today: str,
    request: dict[str, object] | None = None,
    into: Run | None = None,
) -> Run:
    """Write down an import that begins; its lines are stored as it goes on. `into`: the run that a worker does.

    `system` None: a file whose rows have no external ids.
    `request`: what somebody asked for, from which it can be done again. Lines of a preview of it are taken away.
    """
    require(actor, Permission.MANAGE_RUNS, organization=organization.code)
    if into is not None:
        into.settings = settings
        into.as_of = today
        into.save(update_fields=["settings", "as_of"])
        forget_lines(into.pk)
        return into
    return Run.objects.create(
        kind=Run.Kind.IMPORT,
        organization=organization,
        system=system,
        settings=settings,
        request=request or {},
        as_of=today,
        state=Run.State.RUNNING,
        started=timezone.now(),
        actor=actor.name,
    )


@transaction.atomic
def keep_preview(run: Run, *, settings: dict[str, object], summary: dict[str, Any], rows: Iterable[Row]) -> None:
    """Keep what a worker found an import would do, to be looked at and done later; `Cancelled` as `finish_import`."""
    forget_lines(run.pk)
    store_rows(run.pk, rows)
    kept = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=Run.State.NEW, goal="", started=None, settings=settings, summary=summary
    )
    if kept != 1:
        raise Cancelled
    run.refresh_from_db()


def finish_import(run: Run, *, summary: dict[str, Any], requests: int) -> None:
    """End an import: with a warning when units conflict. `Cancelled` when somebody cancelled it: nothing is written."""
    state = Run.State.WARNING if summary["counts"]["conflict"] else Run.State.SUCCESS
    ended = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=state, summary=summary, ended=timezone.now(), requests=F("requests") + requests
    )
    if ended != 1:
        raise Cancelled
    run.refresh_from_db()


def finish_look(run: Run, *, counts: dict[str, int], drifted: bool) -> None:
    """End a look for drift: with a warning when something drifted."""
    run.summary = {**run.summary, "counts": counts}
    run.save(update_fields=["summary"])
    _end(run, Run.State.WARNING if drifted else Run.State.SUCCESS, requests=0)


def claim(run: Run, *, to_resume: bool = False) -> None:
    """Set a stored plan, or a run that died or had to stop, to running; BadInput when it is in another state.

    From then on it is a run in the foreground: no worker goes on with it.
    """
    states = [Run.State.RUNNING, Run.State.FAILURE] if to_resume else [Run.State.NEW]
    claimed = Run.objects.filter(pk=run.pk, state__in=states).update(
        state=Run.State.RUNNING, goal="", started=run.started or timezone.now(), ended=None, error=None
    )
    if claimed != 1:
        run.refresh_from_db()
        raise not_startable(run)
    run.refresh_from_db()


def leave_as_plan(run: Run, *, error: CgrError | None = None) -> None:
    """Leave what a worker planned as a plan to be reviewed; `error`: why it wasn't applied though that was asked."""
    Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=Run.State.NEW, goal="", started=None, error=error and error.as_json()["error"]
    )
    run.refresh_from_db()


def require_startable(run: Run) -> None:
    """Refuse a run that isn't a plan waiting to be applied; BadInput."""
    if run.state != Run.State.NEW:
        raise not_startable(run)


def not_startable(run: Run) -> BadInput:
    """Say that a run can't be started in the state that it is in, and what can be done instead."""
    hint = f"Look at what it did (cgr sync report {run.pk}), then make a new plan."
    if run.state == Run.State.QUEUED:
        hint = f"A worker takes it up when its turn comes; stop that with: cgr sync cancel {run.pk}"
    if run.state == Run.State.RUNNING:
        hint = f"If the process that ran it died, continue it: cgr sync resume {run.pk}"
    if run.state == Run.State.FAILURE:
        hint = f"Continue it: cgr sync resume {run.pk}"
    if run.state == Run.State.NEW and run.kind == Run.Kind.SYNC:
        hint = f"It is a plan that was never applied: cgr sync apply {run.pk} --digest {run.digest}"
    message = f"Run {run.pk} is {run.state}; it can't be started in this state."
    if run.state in {Run.State.SUCCESS, Run.State.WARNING}:
        message = f"Run {run.pk} has ended already ({run.state}); it can't be applied again, nor resumed."
    return BadInput(message, code="run-not-startable", next_step=hint)


def finish(run: Run, *, requests: int) -> bool:
    """End a run that went through: success when all was done and nothing was a problem, else warning.

    False: it isn't this call that ended it, because somebody cancelled it meanwhile.
    """
    counts = outcome_counts(run.pk)
    left_out = bool(run.summary["findings"])
    spotless = not left_out and not run.summary["counts"]["problem"] and set(counts) <= _ENDED_WELL
    return _end(run, Run.State.SUCCESS if spotless else Run.State.WARNING, requests=requests)


def fail(run: Run, error: CgrError, *, requests: int) -> None:
    """End a run that had to stop; what has no outcome yet can be continued with resume."""
    _end(run, Run.State.FAILURE, requests=requests, error=error.as_json()["error"])


def leave_cancelled(run: Run, *, requests: int) -> None:
    """Note when a run that was cancelled has really stopped."""
    _end(run, Run.State.CANCELLED, requests=requests)


@transaction.atomic
def _end(run: Run, state: Run.State, *, requests: int, error: object = None) -> bool:
    """End a run; one that was cancelled meanwhile stays cancelled, and False is given."""
    rows = Run.objects.filter(pk=run.pk)
    rows.update(ended=timezone.now(), requests=F("requests") + requests, error=error)
    count = rows.filter(state__in=[Run.State.QUEUED, Run.State.RUNNING]).update(state=state)
    run.refresh_from_db()
    return count == 1


def keep_planned_again(run: Run, again: Run | None, *, objects: int) -> None:
    """Keep with a run which other one plans so many of its objects again; None: the next one on schedule."""
    run.summary["planned_again"] = {"run": str(again.pk) if again else None, "objects": objects}
    run.save(update_fields=["summary"])


def add_finding(run: Run, finding: Finding) -> None:
    """Keep with a run what a person has to know about it as a whole."""
    run.summary["findings"].append(msgspec.to_builtins(finding))
    run.save(update_fields=["summary"])


def known_findings(run: Run) -> list[Finding]:
    """Give what is kept with a run already."""
    return msgspec.convert(run.summary["findings"], list[Finding])


def keep_notices(run: Run, notices: Sequence[Notice]) -> None:
    """Keep with a run whom we told that it ended, and whether that worked."""
    if notices:
        run.notices = [*run.notices, *msgspec.to_builtins(notices)]
        run.save(update_fields=["notices"])


def runs_with_stale_paths(run: Run) -> list[int]:
    """Give the run and those of its system that stopped before they had paths rebuilt, since the last that had."""
    others = Run.objects.filter(system=run.system_id, kind=Run.Kind.SYNC).exclude(pk=run.pk)
    went_through = Q(state__in=[Run.State.SUCCESS, Run.State.WARNING, Run.State.CANCELLED], error__isnull=True)
    last = others.filter(went_through).aggregate(Max("ended"))["ended__max"]
    # One that was cancelled ends when its process has tidied up, which it may not have lived or managed to do.
    untidy = Q(state=Run.State.CANCELLED) & (Q(ended=None) | Q(error__isnull=False))
    stopped = others.filter(Q(state__in=[Run.State.FAILURE, Run.State.RUNNING]) | untidy)
    since = stopped if last is None else stopped.filter(Q(ended=None) | Q(ended__gt=last))
    return [run.pk, *since.values_list("pk", flat=True)]


def cancel(run: Run) -> None:
    """Cancel a run: at once when it wasn't begun, else after the batch in flight, and then it ends (`leave_cancelled`).

    The caller has checked who asks. BadInput when it had ended.
    """
    open_states = [Run.State.NEW, Run.State.QUEUED, Run.State.RUNNING]
    cancelled = Run.objects.filter(pk=run.pk, state__in=open_states).update(
        state=Run.State.CANCELLED, ended=Case(When(started=None, then=timezone.now()))
    )
    run.refresh_from_db()
    if cancelled != 1:
        raise BadInput(
            f"Run {run.pk} has ended already: {run.state}.",
            code="run-ended",
            next_step=f"See what it did: {how_to_see(run)}",
        )
