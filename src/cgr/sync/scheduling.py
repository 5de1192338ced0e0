"""Schedules: a configuration that is due is handed to the workers like any other run, by whoever set its schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from cgr.accounts.actors import actor_named
from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.errors import CgrError
from cgr.core.schedule import next_time
from cgr.runs.actions import Kind
from cgr.runs.queries import open_runs
from cgr.sync.background import queue_plan
from cgr.sync.configs import config as find_config
from cgr.sync.models import SyncConfig
from cgr.sync.schedules import lay_down, schedule_of

if TYPE_CHECKING:
    from datetime import datetime

    from cgr.accounts.actors import Actor
    from cgr.core.schedule import Schedule


@transaction.atomic
def set_schedule(actor: Actor, code: str, schedule: Schedule | None) -> SyncConfig:
    """Give a configuration a schedule, another one, or none. Its runs have the rights of who set it last."""
    row = find_config(actor, code, for_update=True)
    require(actor, Permission.MANAGE_RUNS, organization=row.organization.code)
    before = row.schedule
    lay_down(row, schedule, by=actor)
    row.save(update_fields=["schedule", "next_at", "scheduled_by", "schedule_error"])
    if row.schedule != before:
        record(
            actor,
            "schedule",
            kind="sync",
            subject=code,
            organization=row.organization.code,
            before={"schedule": before},
            after={"schedule": row.schedule},
        )
    return row


def queue_due(*, now: datetime | None = None) -> int:
    """Queue what is due and work out when it is due next; returns how many runs. Harmless when done by several.

    A configuration whose last run hasn't ended yet is left out this time. After an outage what was missed is done once.
    """
    moment = now or timezone.now()
    due = SyncConfig.objects.filter(next_at__lte=moment).order_by("next_at").values_list("pk", "next_at")
    return sum(_queue(pk, at, moment) for pk, at in list(due) if at is not None)


@transaction.atomic
def _queue(pk: int, at: datetime, now: datetime) -> bool:
    claimed = SyncConfig.objects.filter(pk=pk, next_at=at).update(next_at=None)
    if claimed != 1:
        return False  # another worker was first, or somebody changed the schedule
    row = SyncConfig.objects.select_related("system", "organization").get(pk=pk)
    schedule = schedule_of(row)
    if schedule is None:
        return False
    row.next_at = next_time(schedule, after=now)
    row.schedule_error = None
    queued = not open_runs(row.system_id, config=row.code).exclude(kind=Kind.DRIFT).exists()
    if queued:
        try:
            with transaction.atomic():
                queue_plan(actor_named(row.scheduled_by), row.code, then_apply=schedule.apply)
        except CgrError as error:
            row.schedule_error = error.as_json()["error"]
            queued = False
    row.save(update_fields=["next_at", "schedule_error"])
    return queued
