"""Undo a run: read DHIS2 as it is, plan what puts back what the run changed, have DHIS2 validate it, store it (R9.5).

What comes of it is a plan like any other: reviewed, guarded, applied by its digest, resumed, and undone itself.
"""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.batches import is_creation
from cgr.core.errors import BadInput
from cgr.core.mapping import SyncMapping
from cgr.core.plan_words import Names, names_for
from cgr.core.planner import Theirs, limited
from cgr.core.progress import Progress, Silent
from cgr.core.report import OutcomeState
from cgr.core.undoing import Done, UndoneRun
from cgr.core.undoing import undo as plan_undo
from cgr.dhis2.versions import version_text
from cgr.runs import actions as runs
from cgr.runs.evidence import keep_evidence_of_problems
from cgr.runs.items import read_changes, skipped_as_changed
from cgr.runs.queries import sync_run
from cgr.sync.gather import fields_to_read
from cgr.sync.validation import validate
from cgr.systems.connection import open_client
from cgr.systems.reading import read_units
from cgr.systems.shapes import read_and_keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run


def undo(
    actor: Actor,
    run: Run,
    *,
    close: date | None = None,
    progress: Progress | None = None,
    wait: Callable[[float], None] = sleep,
    into: Run | None = None,
    only: str = "",
) -> Run:
    """Store the plan that undoes a synchronization that has ended; BadInput when it hasn't, or was never applied.

    `close`: the closedDate for the units that the run created, which can't be deleted. `into`: the run that a worker
    makes the plan for. `only`: skipped-of:RUN, an earlier undoing whose skipped objects are planned again.
    """
    require_undoable(actor, run)
    watcher = progress or Silent()
    until = close.isoformat() if close is not None else None
    # What the run was planned with, not what the configuration says now: it may map other fields meanwhile.
    mapping = msgspec.convert(run.settings, SyncMapping)
    with open_client(run.dhis2) as client:
        watcher.measure(client)
        shape = read_and_keep(client, run.dhis2).shape
        units = read_units(client, fields_to_read(mapping, shape), progress=watcher)
        watcher.step("compare")
        theirs = Theirs(units=units, members={}, version=version_text(shape.version))
        made = plan_undo(
            _done(run),
            theirs,
            shape,
            run=_undone(actor, run, mapping),
            as_of=timezone.localdate().isoformat(),
            close=until,
        )
        if only:
            made = limited(made, skipped_as_changed(int(only.partition(":")[2])))
        checked = validate(client, made, progress=watcher, wait=wait)
        watcher.step("store the plan")
        about = {"undoes": str(run.pk)}
        about |= {name: told for name, told in (("close", until), ("only", only)) if told}
        with transaction.atomic():
            stored = runs.store_plan(
                actor,
                checked.plan,
                system=run.dhis2,
                config=run.config,
                findings=(),
                names=names_for(checked.plan, shape, units),
                requests=client.requests,
                about=about,
                into=into,
            )
            keep_evidence_of_problems(stored.pk, checked.evidence)
            record(
                actor,
                "plan",
                kind="sync run",
                subject=str(stored.pk),
                organization=run.organization.code,
                after=about,
            )
    return stored


def require_undoable(actor: Actor, run: Run) -> None:
    """Refuse who may not stop or start runs, and BadInput for a run that goes on or was never applied."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if run.state in {run.State.QUEUED, run.State.RUNNING}:
        raise BadInput(
            f"Run {run.pk} is {run.state}: it can be undone when it has ended.",
            code="run-not-ended",
            next_step=f"Wait for it, or stop it (cgr sync cancel {run.pk}); if its process died, continue it first: "
            f"cgr sync resume {run.pk}",
        )
    if run.started is None:
        raise BadInput(
            f"Run {run.pk} is a plan that was never applied: it did nothing that could be undone.",
            code="run-not-applied",
            next_step="Choose a run that was applied: cgr sync runs lists them.",
        )


def _done(run: Run) -> Iterator[Done]:
    """Give what the run did, and what it may have done: a change that was sent without our hearing what became of it.

    Whether DHIS2 holds what was sent tells the two apart.
    """
    for item in read_changes(run.pk):
        in_doubt = item.sent_in is not None and item.outcome in {"", OutcomeState.UNKNOWN}
        if item.unit_written or in_doubt:
            yield Done(item.change, in_groups=item.outcome == OutcomeState.DONE)


def _undone(actor: Actor, run: Run, mapping: SyncMapping) -> UndoneRun:
    origin = run
    while "undoes" in origin.summary:
        # An undoing looks at nothing but what was done; shares are of what the first run looked at.
        origin = sync_run(actor, origin.summary["undoes"])
    existing = sum(1 for item in read_changes(origin.pk) if origin is not run or not is_creation(item.change))
    return UndoneRun(
        id=str(run.pk),
        mapping=mapping,
        linked=origin.summary["counts"]["unchanged"] + existing,
        names=msgspec.convert(run.names, Names),
    )
