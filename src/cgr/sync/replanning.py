"""Planning again by itself what had changed on either side when a run came to it (R9.1).

What comes of it is a plan like any other: previewed, guarded, validated, waiting for somebody to apply it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.utils import timezone

from cgr.accounts.policy import Permission, may
from cgr.audit.actions import record
from cgr.core.changes import Counts
from cgr.runs import actions as runs
from cgr.runs.items import skipped_as_changed
from cgr.runs.queueing import queue_new
from cgr.sync.models import SyncConfig
from cgr.sync.schedules import schedule_of

if TYPE_CHECKING:
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run


def queue_what_changed(actor: Actor, run: Run) -> None:
    """Have a worker plan again what the run left alone because it had changed, and keep with the run which run does.

    To be called in the transaction that ends the run, so that there is one such plan after any crash, and never two.
    Where a schedule applies the configuration by itself, its next run takes these objects with all the others.
    """
    keys = skipped_as_changed(run.pk)
    config = SyncConfig.objects.filter(code=run.config, system=run.system_id).first()
    # It may be gone by now, or the actor's rights: the objects stay listed with the run, to be planned by somebody.
    if not keys or config is None or not may(actor, Permission.MANAGE_RUNS, organization=run.organization.code):
        return
    undoes = run.summary.get("undoes")
    schedule = schedule_of(config)
    if schedule is not None and schedule.apply and not schedule.paused and not undoes:
        runs.keep_planned_again(run, None, objects=len(keys))
        return
    as_of = _day_again(run)
    again = queue_new(
        actor,
        kind=runs.Kind.SYNC,
        goal=runs.Goal.PLAN,
        organization=run.organization,
        system=run.system,
        config=run.config,
        counts=msgspec.to_builtins(Counts()),
        request={
            "only": f"skipped-of:{run.pk}",
            "as_of": as_of.isoformat() if as_of else None,
            "consents": [],
            "why": "",
            **({"undoes": undoes, "close": run.summary.get("close")} if undoes else {}),
        },
        as_of=as_of or timezone.localdate(),
    )
    runs.keep_planned_again(run, again, objects=len(keys))
    record(
        actor,
        "queue",
        kind="sync run",
        subject=str(again.pk),
        organization=run.organization.code,
        after={"config": again.config, "goal": again.goal, "only": again.request["only"]},
    )


def _day_again(run: Run) -> date | None:
    """Give the day that a run was planned for, None where that was the day on which it was planned: then it is today.

    Which of both somebody meant isn't kept; what is planned for another day than its own was asked for.
    """
    return None if run.as_of == timezone.localdate(run.created) else run.as_of
