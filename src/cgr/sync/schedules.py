"""The schedule of one configuration, in its row: read, laid down, shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.utils import timezone

from cgr.core.errors import BadInput
from cgr.core.schedule import Schedule, next_time, schedule_problem

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.sync.models import SyncConfig


def schedule_of(row: SyncConfig) -> Schedule | None:
    """Give the schedule of a configuration, None when it runs only when somebody asks."""
    return None if row.schedule is None else msgspec.convert(row.schedule, Schedule)


def lay_down(row: SyncConfig, schedule: Schedule | None, *, by: Actor) -> None:
    """Put a schedule, or its absence, into an unsaved row; BadInput when it can't be."""
    if schedule is not None and (problem := schedule_problem(schedule)):
        raise BadInput(problem, code="bad-schedule", next_step=f'Correct the schedule of "{row.code}".')
    row.schedule = None if schedule is None else msgspec.to_builtins(schedule)
    row.next_at = None if schedule is None else next_time(schedule, after=timezone.now())
    row.scheduled_by = "" if schedule is None else by.name
    row.schedule_error = None


def schedule_json(row: SyncConfig) -> dict[str, object]:
    """Give a schedule for scripts and pages; `next` is null while it is paused or absent."""
    return {
        "config": row.code,
        "schedule": row.schedule,
        "next": row.next_at.isoformat() if row.next_at else None,
        "by": row.scheduled_by or None,
        "error": row.schedule_error,
    }
