"""A preview is reviewed, applied, corrected, retried and undone in a browser; its DHIS2 is the sandbox."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.background import continue_look, continue_sync, queue_plan

from ..acceptance.country import ID_OF, OPENED, PLACES, Country, facility, metadata, object_of  # noqa: TID252 - tests are no installed package
from .waiting import queued_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer


pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
PASSWORD = "a-long-Password-1"
LONGEST_S = 120
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
        run = queued_run()
        go_on = continue_look if run.kind == Run.Kind.DRIFT else continue_sync
        thread = threading.Thread(target=self._do, args=(go_on, run.pk))
        thread.start()
        self._threads.append(thread)

    def finish(self) -> None:
        """Wait until all is done."""
        for thread in self._threads:
            thread.join(LONGEST_S)
            assert not thread.is_alive()

    @staticmethod
    def _do(go_on: Callable[[int, Stopping], None], run: int) -> None:
        try:
            go_on(run, Stopping())
        finally:
            connections.close_all()


# One story, because each step stands on the one before it.
def test_a_preview_becomes_a_run_whose_failure_is_corrected_retried_and_undone(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    country: Country,
    look: Callable[[str], None],
    sign_in: Callable[[str, str], None],
) -> None:
    save_organization(country.actor, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    add_user(country.actor, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
    country.edit("F1", label={"default": "Bo Health Centre"})
    country.edit("F2", parents={"admin": "B"}, geometry=POINT)
    country.write(facility("NEW", "D", label={"default": "New Hope"}, geometry=POINT))
    country.edit("F4", parents={"admin": [{"from": OPENED, "to": None, "parent": code} for code in ("D", "A")]})
    sign_in("banda", PASSWORD)
    worker = Worker()

    # A preview is made in the background; the page comes to show it by itself.
    run = queue_plan(country.actor, "all")
    page.goto(f"{live_server.url}/jobs/")
    page.get_by_role("link", name=str(run.pk), exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("queued")
    worker.begin()
    approve = page.get_by_role("button", name="Update 2 and create 1 organisation units in HMIS")
    approve.wait_for()
    worker.finish()
    assert page.get_by_role("row", name="4 Facility").inner_text().split()[2:] == list("121011")
    assert page.get_by_text("3 accepted").is_visible()
    look("runs-preview")

    # It is filtered by its address, and looked at on a map; a place opens its card.
    page.get_by_label("Kind").select_option("move")
    page.get_by_label("Name, code or DHIS2 id").fill("kono")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("kind=move"))
    rows = page.get_by_role("region", name="Changes and problems").get_by_role("row")
    expect(rows.locator("th, td").first).to_have_text("Kind")
    assert [row.split("\n")[0].split("\t")[0] for row in rows.all_inner_texts()] == ["Kind", "~ changed"]
    page.get_by_role("link", name="Map").click()
    chosen = page.locator("cgr-map[data-drawn]")
    chosen.wait_for()
    page.wait_for_function("document.querySelector('cgr-map').map.getLayer('points')")
    page.wait_for_function("document.querySelector('cgr-map').map.areTilesLoaded()")
    chosen.click()
    page.get_by_role("dialog").get_by_text("It moves from Abo (OuDistrictA) to Bo (OuDistrictB).").wait_for()
    look("runs-map-card")
    page.keyboard.press("Escape")

    # Nothing is sent without consent and a reason; by the keyboard alone.
    page.goto(f"{live_server.url}/runs/{run.pk}/")
    page.get_by_label("Why is this right?").focus()
    page.keyboard.type("Kabwe, 23.11.")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is sent before you consent.").wait_for()
    assert page.get_by_label("Why is this right?").input_value() == "Kabwe, 23.11."
    look("runs-consent-missing")
    assert Run.objects.get(pk=run.pk).state == Run.State.NEW
    page.get_by_label("I have looked at it, and it is right.").focus()
    page.keyboard.press("Space")
    approve.focus()
    country.spoil(**{ID_OF["F1"]: {"openingDate": None}})
    country.world.faults.add(Fault("call", method="POST", path="/api/metadata", times=1, call=_hold))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("queued")

    # While it goes on, only the live part changes.
    worker.begin()
    expect(page.get_by_role("status")).to_contain_text("Writing organisation units")
    expect(page.get_by_text("waiting for DHIS2")).to_be_visible()
    look("runs-under-way")
    typed = page.get_by_label("Name, code or DHIS2 id")
    page.locator("#level").select_option("3")
    typed.fill("Bo")
    _GO_ON.set()
    page.get_by_role("button", name="Retry 2 failed objects").wait_for()
    worker.finish()
    # What was being typed and chosen meanwhile stays as it was.
    expect(typed).to_be_focused()
    assert typed.input_value() == "Bo"
    assert page.locator("#level").input_value() == "3"
    expect(page.get_by_role("status")).to_contain_text("warning")
    assert page.get_by_text("banda consented to many changes: “Kabwe, 23.11.”").is_visible()
    look("runs-problems")
    assert country.unit("F2")["parent"]["id"] == ID_OF["B"]
    assert country.unit("F1")["name"] == "Bo Clinic"

    # What failed is there with what was sent and answered, and to take away.
    page.get_by_label("Problems, by their cause").get_by_role("link", name="Facility Bo Health Centre").click()
    page.get_by_role("dialog").get_by_text("What DHIS2 answered").click()
    page.get_by_role("dialog").get_by_text("errorReports").wait_for()
    look("runs-line")
    page.keyboard.press("Escape")
    for kind in ("CSV", "XLSX"):
        with page.expect_download() as download:
            page.get_by_role("link", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"all-{run.pk}.{kind.lower()}"
        assert download.value.path().stat().st_size > 500

    # The cause is put right, and only what failed is done again.
    country.world.faults.clear()
    country.edit("F4", parents={"admin": "D"})
    page.get_by_role("button", name="Retry 2 failed objects").click()
    page.get_by_role("button", name="Cancel the run").wait_for()
    worker.begin()
    page.get_by_role("button", name="Update 1 organisation unit in HMIS").click()
    worker.finish()
    page.get_by_text("queued").wait_for()
    worker.begin()
    expect(page.get_by_role("status")).to_contain_text("success")
    worker.finish()
    assert country.unit("F1")["name"] == "Bo Health Centre"

    # The first run is undone, and the unit that it created is closed.
    page.goto(f"{live_server.url}/runs/{run.pk}/")
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("dialog").get_by_label("Close the units that this run created on").fill("2026-11-23")
    look("runs-undo")
    page.get_by_role("button", name="Preview the undoing").click()
    page.get_by_text("It undoes").wait_for()
    worker.begin()
    page.get_by_role("button", name="Update 2 organisation units in HMIS").wait_for()
    worker.finish()

    # What somebody does in DHIS2 meanwhile is found by looking, which a worker does: the page shows how far it is.
    country.delete_unit("F3")
    page.goto(f"{live_server.url}/synchronization/id/all/drift/")
    page.get_by_role("button", name="Look at HMIS now").click()
    expect(page.get_by_role("status")).to_contain_text("queued")
    look("drift-under-way")
    worker.begin()
    page.get_by_role("row", name="facility F3").get_by_text("deleted in DHIS2").wait_for()
    worker.finish()
    page.get_by_role("button", name="Look at HMIS now").wait_for()

    # In French, each of the pages.
    page.get_by_role("button", name="Français").click()
    looking = Run.objects.latest("pk").pk
    for address in (
        f"runs/{run.pk}/",
        f"runs/{looking - 1}/",
        f"runs/{looking}/",
        "jobs/",
        "",
        "synchronization/id/all/drift/",
    ):
        page.goto(f"{live_server.url}/{address}")
        look(f"runs-french-{address.replace('/', '-')}")


_GO_ON = threading.Event()


def _hold(_world: World, _request: object) -> None:
    _GO_ON.wait(LONGEST_S)
