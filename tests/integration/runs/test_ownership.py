"""The right to write to a DHIS2: one process has it, and one that gives no sign of life loses it for good."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.jobs import forgotten
from cgr.runs import actions as runs
from cgr.runs import ownership
from cgr.runs.delivery import deliver_again
from cgr.runs.models import Run, RunProgress
from cgr.runs.ownership import SystemBusy, is_abandoned, require_right, sole_writer
from cgr.runs.progress import progress_json, recording
from cgr.runs.queueing import queue_new, take_up
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.progress import Meter

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor("cli:test", is_system_administrator=True)
LONG_AGO = timedelta(minutes=5)
LONGEST_S = 120


@pytest.fixture
def system() -> ExternalSystem:
    save_organization(OPERATOR, "MOH", label={"default": "MOH"})
    save_system(
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": "HMIS"},
        url="https://hmis.example.org",
        sign_in=SignIn("basic", "cgr", "s3cret"),
    )
    return ExternalSystem.objects.get(code="hmis")


def queue(system: ExternalSystem) -> Run:
    return queue_new(
        OPERATOR,
        kind=Run.Kind.SYNC,
        goal=Run.Goal.RUN,
        organization=system.organization,
        system=system,
        request={},
        counts={},
        as_of=date(2026, 11, 28),
        config="all",
    )


class Holder:
    """Another process, as far as the database can tell: it holds the right until it is let go or loses it."""

    def __init__(self, system: ExternalSystem) -> None:
        self._system = system
        self._ready = threading.Event()
        self._let_go = threading.Event()
        self.session = 0
        self.found: BaseException | None = None
        self._thread = threading.Thread(target=self._hold)
        self._thread.start()
        assert self._ready.wait(LONGEST_S)

    def _hold(self) -> None:
        try:
            with sole_writer(self._system):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    (self.session,) = cursor.fetchone()
                self._ready.set()
                self._let_go.wait(LONGEST_S)
                require_right(Run(system=self._system))
        except (DatabaseError, InterfaceError) as error:
            self.found = error
        finally:
            connection.close()

    def let_go(self) -> BaseException | None:
        self._let_go.set()
        self._thread.join(LONGEST_S)
        return self.found


@pytest.fixture
def holder(system: ExternalSystem) -> Iterator[Holder]:
    made = Holder(system)
    yield made
    made.let_go()


def note_progress(run: Run, session: int, *, seen_ago: timedelta) -> None:
    now = timezone.now()
    RunProgress.objects.create(run=run, step="write units", since=now, session=session, seen=now - seen_ago)


def test_a_second_writer_is_refused_and_told_who_has_the_right(system: ExternalSystem, holder: Holder) -> None:
    run = queue(system)
    assert take_up(run)
    note_progress(run, holder.session, seen_ago=timedelta(seconds=1))
    with pytest.raises(SystemBusy, match=f"run {run.pk} of cli:test"), sole_writer(system):
        pass
    assert holder.let_go() is None
    with sole_writer(system):
        require_right(run)
    with pytest.raises(SystemBusy):
        require_right(run)


def test_a_silent_holder_loses_the_right_and_can_write_nothing_any_more(
    system: ExternalSystem, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "SIGN_OF_LIFE_S", 0.5)
    run = queue(system)
    assert take_up(run)
    note_progress(run, holder.session, seen_ago=LONG_AGO)
    time.sleep(0.6)  # nor does it use its session
    with sole_writer(system):
        require_right(run)
        assert isinstance(holder.let_go(), DatabaseError | InterfaceError)


def test_a_holder_without_any_progress_is_left_alone(system: ExternalSystem, holder: Holder) -> None:
    note_progress(queue(system), holder.session + 1, seen_ago=LONG_AGO)
    with pytest.raises(SystemBusy), sole_writer(system):
        pass
    assert holder.let_go() is None


def test_a_run_is_abandoned_when_its_session_has_ended_or_it_is_silent(system: ExternalSystem, holder: Holder) -> None:
    alive, silent, ended, unknown = (queue(system) for _ in range(4))
    note_progress(alive, holder.session, seen_ago=timedelta(seconds=1))
    note_progress(silent, holder.session, seen_ago=LONG_AGO)
    note_progress(ended, 1, seen_ago=timedelta(seconds=1))
    assert [is_abandoned(run) for run in (alive, silent, ended, unknown)] == [False, True, True, True]


def test_a_run_that_the_engine_lost_sight_of_is_delivered_again(system: ExternalSystem, holder: Holder) -> None:
    waiting, going_on, dead, over = (queue(system) for _ in range(4))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    for run in (going_on, dead):
        assert take_up(run)
    note_progress(going_on, holder.session, seen_ago=timedelta(seconds=1))
    runs.cancel(over)
    every = [run.pk for run in (waiting, going_on, dead, over)]
    assert forgotten(every) == every
    assert deliver_again() == 2
    assert forgotten(every) == [going_on.pk, over.pk]
    assert deliver_again() == 0


class Requests:
    requests = 7
    seconds_in_requests = 3.0


def test_progress_is_seen_by_others_while_the_run_is_in_a_transaction(system: ExternalSystem) -> None:
    run = queue(system)
    meter: Meter = Requests()
    with recording(run) as recorder:
        recorder.measure(meter)
        recorder.step("read DHIS2", 10)
        recorder.step("write units", 100)
        recorder.advance(25)
    shown: dict[str, Any] = progress_json(run) or {}
    assert (shown["step"], shown["steps_done"]) == ("write units", ["read DHIS2"])
    assert (shown["done"], shown["total"], shown["requests"]) == (25, 100, 7)
    assert shown["waited_s"] == 3.0
    assert shown["left_s"] >= 0


def test_a_run_that_never_began_has_no_progress(system: ExternalSystem) -> None:
    assert progress_json(queue(system)) is None
