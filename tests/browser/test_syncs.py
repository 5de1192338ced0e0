"""The manual page's synchronization, registered in a browser by somebody who knows DHIS2; the DHIS2 is the sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.urls import path
from playwright.sync_api import expect

from cgr.accounts.actions import add_user
from cgr.project import urls
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.models import SyncConfig

from ..integration.web.ministry import (  # noqa: TID252 - tests are no installed package
    BEDS,
    CLINICS,
    METADATA,
    OPERATOR,
    OWNER,
    PRIVATE,
    PUBLIC,
    configure,
    write_objects,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from playwright.sync_api import Locator, Page
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
PASSWORD = "sun-and-rain-9"


def _run(_request: HttpRequest, run: str) -> HttpResponse:
    return HttpResponse(f'<link rel="icon" href="data:,"><h1>Run {run}</h1>')


# The page of a run is another story; here only that it is led to.
urlpatterns = [*urls.urlpatterns, path("runs/<str:run>/", _run)]


# One story, because each step stands on the one before it.
def test_a_synchronization_with_four_levels_is_registered_corrected_previewed_and_deleted(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    settings: SettingsWrapper,
    look: Callable[[str], None],
    sign_in: Callable[[str, str], None],
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "district")
    world = World("2.42")
    world.load({"metadata": METADATA})
    settings.ROOT_URLCONF = __name__
    with serve(world) as dhis2:
        configure(dhis2.url)
        add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
        for code, owner in (("F1", "PUB"), ("F2", "NGO"), ("F3", "NGO")):
            write_objects({"type": "facility", "code": code, "label": code, "values": {"owner": owner}})
        sign_in("ada", PASSWORD)
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("link", name="External System Synchronizations").click()
        look("syncs-empty")
        page.get_by_role("link", name="Register Synchronization").click()

        # What there is only one of is chosen; the lists of a DHIS2 that was never asked are read by themselves.
        expect(page.get_by_text("DHIS2 has 4 levels")).to_be_visible()
        assert page.get_by_label("External System").input_value() == "hmis"
        page.get_by_label("Label", exact=True).fill("To the HMIS")
        page.get_by_label("Label in French").fill("Vers le SNIS")
        one = level(page, 1)
        assert one.get_by_label("Geo-Object Type").input_value() == "country"

        # Levels: the only type there is below is chosen, of two a person chooses.
        add_level = page.get_by_role("button", name="Add level")
        for number in (2, 3, 4):
            add_level.click()
            level(page, number).wait_for()
        expect(add_level).to_be_disabled()
        level(page, 2).get_by_label("Synchronization Type").select_option("Relationships")
        level(page, 3).get_by_label("Synchronization Type").select_option("Org Units")
        four = level(page, 4)
        expect(four.get_by_label("Geo-Object Type").locator("option")).to_have_text(["–", "Facility", "Ward"])
        four.get_by_label("Geo-Object Type").select_option("Facility")

        # A group is searched, and taken off again.
        for name in ("Clinics", "Public"):
            search = four.get_by_label("Org Unit Group(s)")
            search.fill(name)
            search.press("Tab")
            four.get_by_role("checkbox", name=name, exact=True).wait_for()
        four.get_by_role("checkbox", name="Public", exact=True).uncheck()
        expect(four.get_by_role("checkbox", name="Public", exact=True)).to_have_count(0)

        # Attributes: a match, none, none possible and why; an option set with suggestions; groups by hand.
        four.get_by_text("Attributes: 0 of 5 matched").click()
        entry(four, "Beds").get_by_label("Target Attribute").select_option("Bed count (INTEGER_POSITIVE)")
        expect(entry(four, "Opened")).to_contain_text("No valid selections")
        entry(four, "Opened").get_by_text("Why not others?").click()
        expect(entry(four, "Opened")).to_contain_text("kind date goes to")
        entry(four, "Owner").get_by_label("Target Attribute").select_option("Ownership (TEXT)")
        expect(entry(four, "Owner")).to_contain_text("2 suggestions")
        assert entry(four, "Owner").get_by_label("Public").input_value() == ""  # never silently
        entry(four, "Owner").get_by_role("button", name="Accept").click()
        expect(entry(four, "Owner").get_by_label("Public")).to_have_value("1")
        expect(entry(four, "Owner")).to_contain_text("2 objects have a term that isn't mapped")
        entry(four, "Owner").get_by_role("button", name="Also to groups").click()
        groups = entry(four, "Owner", place=1)
        groups.get_by_label("Public").select_option("Public")
        groups.get_by_label("Private").select_option("Private")
        expect(four.get_by_text("Attributes: 2 of 5 matched")).to_be_visible()
        look("syncs-attributes")

        # An error stands at its field and on top, and nothing typed is lost.
        page.get_by_label("Units changed, at most (%)").fill("a third")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("alert").get_by_role("link", name="is not a number").click()
        assert page.get_by_label("Units changed, at most (%)").evaluate("it => it === document.activeElement")
        look("syncs-errors")
        page.get_by_label("Units changed, at most (%)").fill("33")
        page.get_by_label("ID", exact=True).fill("all")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Look at a preview before the first run").wait_for()
        look("syncs-page")
        saved = SyncConfig.objects.get()
        assert saved.label == {"default": "To the HMIS", "fr": "Vers le SNIS"}
        assert saved.settings["limits"]["changed_share"] == 0.33
        assert [(one["type"], one["sync"]) for one in saved.settings["levels"]] == [
            ("country", "none"),
            ("region", "relationships"),
            ("district", "org_units"),
            ("facility", "both"),
        ]
        assert saved.settings["levels"][3]["groups"] == [CLINICS]
        assert saved.settings["levels"][3]["attributes"] == [
            {"from": "beds", "to": BEDS},
            {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}},
            {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}},
        ]

        # Preview, run and schedule.
        page.get_by_role("button", name="Preview").click()
        expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
        page.goto(f"{live_server.url}/synchronization/id/all/")
        runs = page.get_by_role("region", name="Runs")
        expect(runs).to_contain_text("queued")
        Run.objects.update(state=Run.State.CANCELLED)
        expect(runs).to_contain_text("cancelled")  # by itself: the list is looked at again
        page.get_by_role("link", name="Run …").click()
        expect(page.get_by_role("dialog")).to_contain_text("Nothing is ever deleted in DHIS2")
        look("syncs-run")
        page.keyboard.press("Escape")
        page.get_by_role("link", name="Change the schedule").click()
        page.get_by_role("dialog").get_by_label("When").fill("61 * * * *")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("isn't a cron expression")
        page.get_by_role("dialog").get_by_label("When").fill("0 20 * * 5")
        look("syncs-schedule")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        page.get_by_text("0 20 * * 5").wait_for()

        # A DHIS2 that is away: the lists are there all the same, with their age, and a banner says why.
        world.faults.add(Fault("status", status=503, times=0))
        page.get_by_role("link", name="Edit").click()
        page.get_by_role("button", name="Refresh").click()
        expect(page.get_by_text("The DHIS2 is away.")).to_be_visible()
        expect(page.get_by_text("Lists of DHIS2 as of")).to_be_visible()
        level(page, 4).get_by_text("Attributes: 2 of 5 matched").click()
        entry(level(page, 4), "Beds").get_by_label("Target Attribute").select_option("Not matched")
        expect(level(page, 4).get_by_text("Attributes: 1 of 5 matched")).to_be_visible()
        expect(page.get_by_text("The DHIS2 is away.")).to_be_visible()
        look("syncs-away")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Look at a preview before the first run").wait_for()
        assert len(SyncConfig.objects.get().settings["levels"][3]["attributes"]) == 2
        world.faults.clear()

        # In French, then deleted: what stays is said first.
        page.get_by_role("button", name="Français").click()
        page.goto(f"{live_server.url}/synchronization/id/all/")
        look("syncs-page-french")
        page.goto(f"{live_server.url}/synchronization/id/all/edit/")
        level(page, 4).get_by_text("1 sur 5").click()
        level(page, 4).get_by_text("Champs intégrés").click()
        level(page, 4).get_by_text("Géométrie, filtre, langue").click()
        look("syncs-form-french")
        page.goto(f"{live_server.url}/synchronization/")
        look("syncs-list-french")
        page.get_by_role("link", name="Supprimer").click()
        expect(page.get_by_role("dialog")).to_contain_text("ses exécutions avec leurs rapports")
        look("syncs-delete-french")


def level(page: Page, number: int) -> Locator:
    """Give the part of the form about a level."""
    return page.locator(f"#level-{number}")


def entry(level: Locator, label: str, *, place: int = 0) -> Locator:
    """Give the row of an attribute; `place` counts rows of the same one."""
    return level.locator(".entry").filter(has=level.page.locator("strong", has_text=label)).nth(place)
