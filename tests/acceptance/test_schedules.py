"""Schedules: a configuration that is due becomes a run for the workers, once, with the rights of whoever set it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from cgr.accounts.actions import add_user
from cgr.accounts.actors import actor_named
from cgr.accounts.models import User
from cgr.core.errors import BadInput
from cgr.core.schedule import Schedule, next_time
from cgr.jobs import Stopping, forgotten
from cgr.sync.background import continue_sync
from cgr.sync.models import SyncConfig
from cgr.sync.scheduling import queue_due, set_schedule

if TYPE_CHECKING:
    from .country import Country

pytestmark = pytest.mark.django_db
NIGHTLY = Schedule("30 2 * * *", "Africa/Lusaka")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        (NIGHTLY, "2026-11-23T00:29:59+00:00", "2026-11-23T02:30:00+02:00"),
        (NIGHTLY, "2026-11-23T00:30:00+00:00", "2026-11-24T02:30:00+02:00"),
        (Schedule("0 6 * * 1", "Asia/Dili"), "2026-11-23T00:00:00+00:00", "2026-11-30T06:00:00+09:00"),
        (Schedule("30 2 29 2 *"), "2026-11-23T00:00:00+00:00", "2028-02-29T02:30:00+00:00"),
        # The hour that Paris leaves out in spring, and the one it has twice in autumn.
        (Schedule("30 2 * * *", "Europe/Paris"), "2026-03-28T12:00:00+00:00", "2026-03-29T03:00:00+02:00"),
        (Schedule("30 4 * * *", "Europe/Paris"), "2026-10-24T12:00:00+00:00", "2026-10-25T04:30:00+01:00"),
    ],
)
def test_the_next_time_is_told_in_the_schedules_own_time_zone(schedule: Schedule, after: str, due: str) -> None:
    assert next_time(schedule, after=at(after)) == at(due)


def test_a_paused_schedule_has_no_next_time() -> None:
    assert next_time(Schedule("* * * * *", paused=True), after=datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("schedule", "about"),
    [
        (Schedule("30 2 * *"), "five fields"),
        (Schedule("* * * * * *"), "five fields"),
        (Schedule("every day"), "five fields"),
        (Schedule("60 2 * * *"), "five fields"),
        (Schedule("0 0 30 2 *"), "never comes"),
        (Schedule("30 2 * * *", "Africa/Nowhere"), "Africa/Nowhere"),
    ],
)
def test_a_schedule_that_is_none_is_refused_in_words(country: Country, schedule: Schedule, about: str) -> None:
    with pytest.raises(BadInput, match=about):
        set_schedule(country.actor, "all", schedule)
    assert SyncConfig.objects.get(code="all").schedule is None


def test_what_is_due_becomes_one_run_and_is_due_again_later(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    set_schedule(country.actor, "all", NIGHTLY)
    assert queue_due() == 0
    tomorrow = timezone.now() + timedelta(days=1)
    assert queue_due(now=tomorrow) == 1
    assert queue_due(now=tomorrow) == 0
    (run,) = country.runs()
    assert (run.state, run.goal, run.actor) == ("queued", "run", country.actor.name)
    assert forgotten([run.pk]) == []
    continue_sync(run.pk, Stopping())
    run.refresh_from_db()
    assert run.state == "success"
    assert country.unit("F1")["name"] == "Bo Hospital"
    row = SyncConfig.objects.get(code="all")
    assert row.next_at is not None
    assert tomorrow < row.next_at <= tomorrow + timedelta(days=1)


def test_it_leaves_out_a_time_while_its_last_run_goes_on(country: Country) -> None:
    set_schedule(country.actor, "all", NIGHTLY)
    assert queue_due(now=timezone.now() + timedelta(days=1)) == 1
    assert queue_due(now=timezone.now() + timedelta(days=2)) == 0
    assert len(country.runs()) == 1


def test_after_an_outage_what_was_missed_is_done_once(country: Country) -> None:
    set_schedule(country.actor, "all", NIGHTLY)
    assert queue_due(now=timezone.now() + timedelta(days=9)) == 1
    assert len(country.runs()) == 1


def test_paused_or_removed_it_starts_nothing(country: Country) -> None:
    set_schedule(country.actor, "all", Schedule(NIGHTLY.cron, NIGHTLY.time_zone, paused=True))
    assert queue_due(now=timezone.now() + timedelta(days=9)) == 0
    set_schedule(country.actor, "all", NIGHTLY)
    set_schedule(country.actor, "all", None)
    assert queue_due(now=timezone.now() + timedelta(days=9)) == 0


def test_somebody_who_lost_their_rights_starts_nothing_any_more(country: Country) -> None:
    add_user(country.actor, "chanda", password="a long enough word", role="registry-administrator", organization="MOH")
    set_schedule(actor_named("chanda"), "all", NIGHTLY)
    User.objects.filter(username="chanda").update(is_active=False)
    assert queue_due(now=timezone.now() + timedelta(days=1)) == 0
    row = SyncConfig.objects.get(code="all")
    assert row.schedule_error["code"] == "unknown-or-not-allowed"
    assert country.runs() == []
    assert row.next_at is not None  # given back their rights, it goes on


def test_a_schedule_that_only_plans_leaves_a_plan(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    set_schedule(country.actor, "all", Schedule(NIGHTLY.cron, NIGHTLY.time_zone, apply=False))
    queue_due(now=timezone.now() + timedelta(days=1))
    (run,) = country.runs()
    continue_sync(run.pk, Stopping())
    run.refresh_from_db()
    assert (run.state, run.summary["counts"]["update"]) == ("new", 1)
    assert country.unit("F1")["name"] == "Bo Clinic"


def test_a_configuration_file_sets_keeps_and_removes_it(country: Country) -> None:
    document = country.document()
    (sync,) = document["syncs"]
    country.apply_document({**document, "syncs": [{**sync, "schedule": {"cron": "0 3 * * *"}}]})
    row = SyncConfig.objects.get(code="all")
    assert row.schedule == {"cron": "0 3 * * *", "time_zone": "UTC", "apply": True, "paused": False}
    country.apply_document(document)
    row.refresh_from_db()
    assert row.next_at is not None
    country.apply_document({**document, "syncs": [{**sync, "schedule": None}]})
    row.refresh_from_db()
    assert (row.schedule, row.next_at) == (None, None)
