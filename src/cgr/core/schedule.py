"""When a synchronization configuration runs by itself (R9.5): a cron expression in a time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from croniter import CroniterBadDateError, croniter
from msgspec import Struct

_FIELDS = 5


class Schedule(Struct, frozen=True, forbid_unknown_fields=True):
    """When, and what: `apply` False only makes plans, for somebody to review. A paused schedule starts nothing."""

    cron: str
    time_zone: str = "UTC"
    apply: bool = True
    paused: bool = False


def schedule_problem(schedule: Schedule) -> str | None:
    """Say what is wrong with a schedule, None when nothing is."""
    if schedule.time_zone not in available_timezones():
        return f'There is no time zone "{schedule.time_zone}". Give one like Africa/Lusaka or UTC.'
    if len(schedule.cron.split()) != _FIELDS or not croniter.is_valid(schedule.cron):
        return (
            f'"{schedule.cron}" isn\'t a cron expression of five fields (minute, hour, day, month, weekday), '
            "like 30 2 * * 1-5."
        )
    try:
        croniter(schedule.cron, datetime(2000, 1, 1, tzinfo=ZoneInfo("UTC"))).get_next(datetime)
    except CroniterBadDateError:
        return f'"{schedule.cron}" never comes: no such day exists.'
    return None


def next_time(schedule: Schedule, *, after: datetime) -> datetime | None:
    """Give the first moment after `after` that the schedule names, in its own time zone; None while it is paused.

    An hour that is left out when clocks go forward is made up for at the hour that follows.
    """
    if schedule.paused:
        return None
    local = after.astimezone(ZoneInfo(schedule.time_zone))
    moment: datetime = croniter(schedule.cron, local).get_next(datetime)
    return moment
