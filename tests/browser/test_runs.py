"""A preview is reviewed, consented to, applied, corrected, retried and undone in a browser; the DHIS2 is the sandbox."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from cgr.accounts.actions import add_user
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.background import continue_sync, queue_plan

from ..acceptance.country import PLACES, Country, metadata, object_of

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a-long-Password-1"
POINT = {"type": "Point", "coordinates": [-1.5, 5.5]}


@pytest.fixture
def country(monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    """The country on both sides; its safety limits stop a plan that changes a tenth."""
    monkeypatch.setenv("TEST_PASSWORD", "district")
    world = World("2.42")
    world.load({"version": "2.42", "metadata": metadata("2.42")})
    with serve(world) as server:
        country = Country(server)
        country.configure(limits={"changed_share": 0.1, "min_units": 1})
        country.write(*(object_of(*place) for place in PLACES))
        yield country


class Worker:
    """A worker in a thread of its own, as `cgr work` has one: it takes up what is queued, when it is told to."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Take up what is queued."""
        run = Run.objects.get(state=Run.State.QUEUED).pk
        thread = threading.Thread(target=self._do, args=(run,))
        thread.start()
        self._threads.append(thread)

    def finish(self) -> None:
        """Wait until all is done."""
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    @staticmethod
    def _do(run: int) -> None:
        try:
            continue_sync(run, Stopping())
        finally:
            connections.close_all()


def test_first(page, live_server, country, look, sign_in):
    add_user(country.actor, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
    country.edit("F1", label={"default": "Bo Health Centre"})
    country.edit("F2", parents={"admin": "B"}, geometry=POINT)
    country.write(
        {
            "type": "facility",
            "code": "NEW",
            "label": {"default": "New Hope"},
            "exists": [{"from": "2020-01-01", "to": None}],
            "parents": {"admin": "D"},
            "geometry": POINT,
        }
    )
    country.edit(
        "F4",
        parents={
            "admin": [
                {"from": "2000-01-01", "to": None, "value": "D"},
                {"from": "2001-01-01", "to": None, "value": "A"},
            ]
        },
    )
    sign_in("banda", PASSWORD)
    run = queue_plan(country.actor, "all")
    page.goto(f"{live_server.url}/runs/{run.pk}/")
    look("runs-queued")
    worker = Worker()
    worker.begin()
    page.get_by_role("button", name="Discard").wait_for()
    worker.finish()
    look("runs-preview")
    page.get_by_role("link", name="Map").click()
    page.wait_for_timeout(3000)
    look("runs-map")
