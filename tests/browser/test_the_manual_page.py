"""What the manual says about DHIS2, followed from its first step to its last by the pages alone.

Registration, import, synchronization, matching of levels, groups, attributes and terms, what goes wrong and how it is
put right: each room's own pages have their stories elsewhere, here is whether they lead from one to the next.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml
from playwright.sync_api import expect

from cgr.accounts.actions import add_user
from cgr.configuration.applying import apply as apply_configuration
from cgr.imports.background import continue_import
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.background import continue_look, continue_sync

from ..integration.web.ministry import (  # noqa: TID252 - tests are no installed package
    BEDS,
    CLINICS,
    DEFINITIONS,
    METADATA,
    OPERATOR,
    OWNER,
    PUBLIC,
    write_objects,
)
from .waiting import queued_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

    from cgr.sandbox.http import Request
    from cgr.sandbox.server import SandboxServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
PASSWORD = "sun-and-rain-9"
PLACES = [  # code, name, id, code of the parent
    ("C", "Country", "OuCountry01", None),
    ("N", "North", "OuRegionNor", "C"),
    ("A", "Abo", "OuDistrictA", "N"),
    ("B", "Daru", "OuDistrictB", "N"),
    ("F1", "Bo Clinic", "OuFacility1", "A"),
    ("F2", "Kono Clinic", "OuFacility2", "B"),
]
ID_OF = {code: uid for code, _, uid, _ in PLACES}
THEIRS = {"comment": "kept by hand", "phoneNumber": "+232 76 000 000"}
KINDS = {
    "code": "kinds",
    "label": "Kinds of facility",
    "terms": [{"code": "CLI", "label": "Clinic"}, {"code": "HOS", "label": "Hospital"}],
}
KIND = {"code": "kind", "label": "Kind of facility", "kind": "term", "terms": "kinds"}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """A DHIS2 with a few units that have things of their own, on a real port."""
    world = World("2.42")
    units = [
        {
            "id": uid,
            "name": name,
            "shortName": name,
            "code": code,
            "openingDate": "2000-01-01",
            **({"parent": {"id": ID_OF[parent]}} if parent else {}),
            **(THEIRS if code.startswith("F") else {}),
        }
        for code, name, uid, parent in PLACES
    ]
    world.load({"version": "2.42", "metadata": {**METADATA, "organisationUnits": units}})
    with serve(world) as server:
        yield server


def definitions() -> dict[str, Any]:
    """The ministry's types, whose facilities have a second term."""
    types = [
        {**one, "attributes": [*one["attributes"], KIND]} if one["code"] == "facility" else one
        for one in DEFINITIONS["types"]
    ]
    return {**DEFINITIONS, "terms": [*DEFINITIONS["terms"], KINDS], "types": types}


def work() -> None:
    """Do what is queued, as a worker does."""
    run = queued_run()
    {Run.Kind.SYNC: continue_sync, Run.Kind.DRIFT: continue_look}.get(run.kind, continue_import)(run.pk, Stopping())


def refuse(world: World, name: str) -> None:
    """Have this DHIS2 refuse units of this name, by a rule that the registry can't know; another name is taken."""

    def spoil(_world: World, request: Request) -> None:
        body = gzip.decompress(request.body) if request.body.startswith(b"\x1f\x8b") else request.body
        content = json.loads(body)
        for unit in content.get("organisationUnits", []):
            if unit.get("name") == name:
                del unit["openingDate"]
        request.body = json.dumps(content).encode()

    world.faults.add(Fault("call", method="POST", path="/api/metadata", times=0, call=spoil))


# One story, because each step stands on the one before it.
def test_the_manual_page_is_followed_from_registration_to_a_corrected_run_by_pages_alone(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    server: SandboxServer,
    settings: SettingsWrapper,
    sign_in: Callable[[str, str], None],
) -> None:
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    dhis2, url = server.world, server.url
    apply_configuration(OPERATOR, yaml.safe_dump(definitions()).encode())
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    sign_in("ada", PASSWORD)
    dialog = page.get_by_role("dialog")

    # Registration: Settings, the section External Systems, its "+", the fields of the table, a test before it is saved.
    page.get_by_role("link", name="External Systems").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="+ Add an external system").click()
    assert dialog.get_by_label("Type").input_value() == "dhis2"
    dialog.get_by_label("ID", exact=True).fill("hmis")
    dialog.get_by_label("Label", exact=True).fill("National HMIS")
    dialog.get_by_label("URL").fill(url)
    dialog.get_by_label("Username").fill("admin")
    dialog.get_by_label("Password", exact=True).fill("district")
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog).to_contain_text("signed in as admin")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Save and test connection").click()
    expect(page.get_by_role("status").last).to_contain_text("signed in as admin")

    # Import: what is in DHIS2 already becomes Geo-Objects.
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Hierarchy", exact=True).select_option("admin")
    page.get_by_role("button", name="Use it").click()
    page.get_by_label("4 Facility").select_option("facility")
    page.get_by_role("button", name="Next: fields and terms").click()
    page.get_by_role("button", name="Preview: nothing is written yet").click()
    page.get_by_text("Waits for a worker").wait_for()
    work()
    page.get_by_role("button", name="Create 6 Geo-Objects").click()
    page.get_by_text("Waits for a worker").wait_for()
    work()
    expect(page.get_by_role("status")).to_contain_text("success")

    # The registry comes to know more: a new facility, and facts about one that the import leads to.
    page.get_by_role("link", name="Bo Clinic").click()
    card = page.locator("#card")
    for change, fill in (
        ("Beds", lambda field: field.fill("12")),
        ("Owner", lambda field: field.select_option("Public")),
        ("Kind of facility", lambda field: field.select_option("Clinic")),
    ):
        card.get_by_role("link", name=f"Change: {change}").click()
        fill(dialog.get_by_label(change, exact=True).first)
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).not_to_be_visible()
    card.get_by_role("link", name="Change: Administrative").click()
    dialog.get_by_label("District").first.fill("B")
    dialog.get_by_role("button", name="Save").click()
    expect(card.locator(".row", has_text="Administrative").locator("dd").first).to_contain_text("Daru")
    page.get_by_role("treeitem", name="Daru").click()
    card.get_by_role("link", name="Add below: Facility").click()
    dialog.get_by_label("Code").fill("F9")
    dialog.get_by_label("Label").first.fill("New Hop")
    dialog.get_by_label("Exists from").fill("2020-01-01")
    dialog.get_by_role("button", name="Add").click()
    card.get_by_role("heading", name="New Hop").wait_for()

    # Register Synchronization: four levels, each with its type and what is synchronized.
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Register Synchronization").click()
    page.get_by_label("Label", exact=True).fill("To the HMIS")
    page.get_by_label("ID", exact=True).fill("all")
    for number in (2, 3, 4):
        page.get_by_role("button", name="Add level").click()
        level(page, number).wait_for()
    level(page, 2).get_by_label("Synchronization Type").select_option("Relationships")
    level(page, 3).get_by_label("Synchronization Type").select_option("Org Units")
    four = level(page, 4)
    four.get_by_label("Geo-Object Type").select_option("Facility")
    expect(four.get_by_label("Synchronization Type")).to_have_value("both")

    # A group for the level, attributes, a term by option set and one by groups.
    four.get_by_label("Org Unit Group(s)").fill("Public")
    four.get_by_label("Org Unit Group(s)").press("Tab")
    four.get_by_role("checkbox", name="Public", exact=True).wait_for()
    four.get_by_text("Attributes: 0 of 6 matched").click()
    entry(four, "Beds").get_by_label("Target Attribute").select_option("Bed count (INTEGER_POSITIVE)")
    expect(entry(four, "Opened")).to_contain_text("No valid selections")
    entry(four, "Owner").get_by_label("Target Attribute").select_option("Ownership (TEXT)")
    entry(four, "Owner").get_by_role("button", name="Accept").click()
    expect(entry(four, "Owner").get_by_label("Public")).to_have_value("1")
    kind = entry(four, "Kind of facility")
    for field, choice in (("Target Type", "Org Unit Group"), ("Clinic", "Clinics")):
        with page.expect_response(lambda answer: "/synchronization/add/" in answer.url):  # the form is drawn anew
            kind.get_by_label(field).select_option(choice)
    expect(kind.get_by_label("Clinic")).to_have_value(CLINICS)
    expect(four.get_by_text("Attributes: 3 of 6 matched")).to_be_visible()

    # Preview, review, apply; DHIS2 refuses one object.
    page.get_by_role("button", name="Save and preview").click()
    expect(page.get_by_role("status").last).to_contain_text("queued")
    work()
    apply = page.get_by_role("button", name="Update 2 and create 1 organisation units in National HMIS")
    apply.wait_for()
    assert page.get_by_role("row", name="4 Facility").inner_text().split()[2:] == list("111300")
    refuse(dhis2, "New Hop")
    apply.click()
    expect(page.get_by_role("status").last).to_contain_text("queued")
    work()
    retry = page.get_by_role("button", name="Retry 1 failed object")
    retry.wait_for()
    failed = page.url

    # Its cause leads to the object, its correction back to the run.
    page.get_by_label("Problems, by their cause").get_by_role("link", name="Facility New Hop").click()
    dialog.get_by_role("link", name="Open in the Explorer").click()
    card.get_by_role("link", name="Change: Label").click()
    dialog.get_by_label("Correct the whole history").check()
    dialog.locator(".period").first.get_by_label("Label").first.fill("New Hope")
    dialog.get_by_role("button", name="Save").click()
    card.get_by_role("heading", name="New Hope").wait_for()
    card.get_by_role("link", name="Synchronization", exact=False).first.click()
    expect(page).to_have_url(failed)
    retry.click()
    expect(page.get_by_role("status").last).to_contain_text("queued")
    work()
    page.get_by_role("button", name="Create 1 organisation unit in National HMIS").click()
    expect(page.get_by_role("status").last).to_contain_text("queued")
    work()
    expect(page.get_by_role("status").last).to_contain_text("success")

    # What DHIS2 has now, and what nobody asked for.
    units = {unit["code"]: unit for unit in dhis2.units().values()}
    assert sorted(units) == ["A", "B", "C", "F1", "F2", "F9", "N"]
    assert {one["attribute"]["id"]: one["value"] for one in units["F1"]["attributeValues"]} == {BEDS: "12", OWNER: "1"}
    assert [units[code]["parent"]["id"] for code in ("F1", "F9")] == [ID_OF["B"]] * 2
    assert units["F9"]["name"] == "New Hope"
    assert {name: units["F1"][name] for name in THEIRS} == THEIRS
    members = {
        uid: {one["id"] for one in dhis2.objects["organisationUnitGroups"][uid]["organisationUnits"]}
        for uid in (CLINICS, PUBLIC)
    }
    assert members == {CLINICS: {ID_OF["F1"]}, PUBLIC: {ID_OF["F1"], ID_OF["F2"], units["F9"]["id"]}}

    # From the run to its configuration, what drifts, the system, and the plugin to download.
    page.get_by_role("link", name="To the HMIS").click()
    expect(page.get_by_role("region", name="Runs")).to_contain_text("success")
    page.get_by_role("link", name="Drift").click()
    unit = f"{url}/api/organisationUnits/{ID_OF['F2']}"
    assert httpx2.delete(unit, auth=("admin", "district")).status_code == 200
    page.get_by_role("button", name="Look at National HMIS now").click()
    expect(page.get_by_text("A look is under way")).to_be_visible()
    work()
    page.get_by_role("row", name="facility F2").get_by_text("deleted in DHIS2").wait_for()
    page.get_by_role("link", name="facility F2").click()
    card.get_by_role("heading", name="Kono Clinic").wait_for()
    expect(card).to_contain_text(ID_OF["F2"])
    page.goto(f"{live_server.url}/synchronization/id/all/")
    page.get_by_role("link", name="National HMIS").click()
    expect(page.get_by_role("link", name="To the HMIS")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download DHIS2 Plugin").click()
    assert download.value.suggested_filename == "cgr-dhis2-app.zip"


SEEN = {
    "registry-administrator": [
        "Explorer",
        "Proposals",
        "Types & Hierarchies",
        "Import",
        "Synchronization",
        "Jobs",
        "⚙ Settings",
    ],
    "registry-maintainer": ["Explorer", "Proposals", "Types & Hierarchies", "⚙ Settings"],
    "registry-contributor": ["Explorer", "Proposals", "Types & Hierarchies", "⚙ Settings"],
    "api-consumer": ["Explorer", "Types & Hierarchies", "⚙ Settings"],
}


def test_each_role_finds_in_the_menu_what_is_for_it_and_a_maintainer_edits_but_runs_nothing(
    page: Page, live_server: LiveServer, sign_in: Callable[[str, str], None]
) -> None:
    apply_configuration(OPERATOR, yaml.safe_dump(definitions()).encode())
    write_objects({"type": "country", "code": "C", "label": "Country"})
    for role, menu in SEEN.items():
        add_user(OPERATOR, role, password=PASSWORD, role=role, organization="MOH")
        sign_in(role, PASSWORD)
        assert page.get_by_role("navigation", name="Main menu").get_by_role("listitem").all_inner_texts() == menu
        page.get_by_role("link", name="Explorer").click()
        page.get_by_role("treeitem", name="Country").click()
        page.locator("#card").get_by_role("heading", name="Country").wait_for()
        edits = page.locator("#card").get_by_role("link", name="Change: Label", exact=True)
        expect(edits).to_have_count(1 if role in ("registry-administrator", "registry-maintainer") else 0)
        proposes = page.locator("#card").get_by_role("link", name="Propose a change: Label")
        expect(proposes).to_have_count(1 if role == "registry-contributor" else 0)
        if role == "registry-maintainer":
            edits.click()
            page.get_by_role("dialog").get_by_label("Label").first.fill("Our country")
            page.get_by_role("dialog").get_by_role("button", name="Save").click()
            page.locator("#card").get_by_role("heading", name="Our country").wait_for()
            for address in ("synchronization/", "jobs/", "import/", "runs/1/"):
                assert page.request.get(f"{live_server.url}/{address}").status == 404
        page.locator("header summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Sign-in name").wait_for()


def level(page: Page, number: int) -> Locator:
    """Give the part of the form about a level."""
    return page.locator(f"#level-{number}")


def entry(level: Locator, label: str) -> Locator:
    """Give the row of an attribute."""
    return level.locator(".entry").filter(has=level.page.locator("strong", has_text=label))
