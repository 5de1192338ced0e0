"""A data manager brings a table, says what its columns are, corrects the row that is left out, and brings it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user
from cgr.accounts.actors import Actor
from cgr.configuration.applying import apply
from cgr.imports.background import continue_import
from cgr.registry.actions import apply_objects
from cgr.registry.queries import export_objects
from cgr.runs.models import Run

from .waiting import queued_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page, Route
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"

DEFINITIONS = b"""
version: 1
organizations: [{code: MOH, label: {default: Ministry of Health, fr: "Minist\xc3\xa8re de la Sant\xc3\xa9"}}]
terms: [{code: owners, label: Owner, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}]
types:
  - {code: region, organization: MOH, label: {default: Region, fr: "R\xc3\xa9gion"}}
  - {code: district, organization: MOH, label: District}
  - code: facility
    organization: MOH
    label: {default: Facility, fr: "\xc3\x89tablissement"}
    geometry: point
    attributes:
      - {code: beds, label: {default: Beds, fr: Lits}, kind: integer}
      - {code: opened, label: {default: Opened, fr: Ouverture}, kind: date}
      - {code: owner, label: {default: Owner, fr: "Propri\xc3\xa9taire"}, kind: term, terms: owners}
      - {code: works, label: {default: Works, fr: En marche}, kind: boolean}
      - {code: depth, label: {default: Depth, fr: Profondeur}, kind: decimal}
      - {code: remarks, label: {default: Remarks, fr: Remarques}, kind: localized_text}
hierarchies:
  - {code: admin, organization: MOH, label: Administrative, tree: {region: {district: {facility: {}}}}}
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: HMIS, url: "https://hmis.example.org",
     auth: {kind: basic, username: a, password: {env: TEST_PASSWORD}}}
"""
PLACES: list[dict[str, Any]] = [
    {"type": "region", "code": "R1", "label": "North"},
    {"type": "district", "code": "D1", "label": "Abo", "parents": {"admin": "R1"}},
    {"type": "district", "code": "D2", "label": "Belu", "parents": {"admin": "R1"}},
    {"type": "facility", "code": "F900", "label": "Old Post", "values": {"beds": 2}, "parents": {"admin": "D1"}},
]
TABLE = """Code;Name;Region;District;Beds;Owner;Long;Lat
F900;Old Post;North;Abo;9;Public;-11,01;8,60
F901;Kono Post;North;Abo;4;Government;-11,05;8,61
F902;Mission Clinic;North;Abo Town;12;Church;-11,02;8,66
F903;Lost Clinic;North;Nowhere;;Church;;
"""


def objects() -> dict[str, Any]:
    return {line["code"]: line for line in map(json.loads, export_objects(OPERATOR))}


def let_a_worker_do_it() -> Run:
    run = queued_run()
    continue_import(run.pk, lambda: False)
    run.refresh_from_db()
    return run


# One story, because each step stands on the one before it.
def test_a_table_is_brought_mapped_previewed_imported_and_its_refused_row_brought_again(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    look: Callable[[str], None],
    sign_in: Callable[[str, str], None],
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "x")
    apply(OPERATOR, DEFINITIONS)
    assert not apply_objects(OPERATOR, map(str.encode, map(json.dumps, PLACES)), preview=False).errors
    add_user(OPERATOR, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
    table = tmp_path / "facilities.csv"
    table.write_text(TABLE, encoding="cp1252")
    sign_in("banda", PASSWORD)

    # What can't be read is refused on the page.
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("From a file").check()
    page.get_by_role("button", name="Next").click()
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    page.get_by_label("File").set_input_files(tmp_path / "old.xls")
    page.get_by_role("button", name="Next: columns").click()
    page.get_by_role("alert").get_by_text("The file is an old workbook").wait_for()
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Next: columns").click()

    # How it was read is shown; fields follow from the type; columns that are called like them are chosen.
    page.get_by_text("delimiter ;").wait_for()
    page.get_by_role("cell", name="Kono Post").wait_for()
    page.get_by_label("Geo-Object Type").select_option("facility")
    expect(page.get_by_label("Code", exact=True)).to_have_value("Code")
    expect(page.get_by_label("Label", exact=True)).to_have_value("Name")
    expect(page.get_by_label("District", exact=True)).to_have_value("District")
    expect(page.get_by_label("Longitude (degrees)")).to_have_value("Long")
    expect(page.get_by_label("Government", exact=True)).to_have_value("")
    page.get_by_label("Government", exact=True).select_option("PUB")
    page.get_by_label("Church", exact=True).select_option("PRI")
    page.locator("#by-region").select_option("label")
    page.locator("#by-district").select_option("label")
    page.locator("#synonyms-district").evaluate("area => area.closest('details').open = true")
    page.locator("#synonyms-district").fill("Abo Town: Abo")
    page.locator("#comma-geometry").select_option("1")
    page.get_by_label("Until before this day").fill("2031-01-01")
    page.get_by_label("Remember this mapping as").fill("Programme facilities")
    page.get_by_role("button", name="Preview: nothing is written yet").click()

    # What is wrong is said at its field and on top, and nothing that was typed is lost.
    page.get_by_role("link", name="A period that ends needs its beginning, too.").wait_for()
    expect(page.locator("#synonyms-district")).to_have_value("Abo Town: Abo")
    expect(page.get_by_label("Government", exact=True)).to_have_value("PUB")
    look("import-file-columns-wrong")
    page.locator("#synonyms-district").fill("Abo Town = Abo")
    page.get_by_label("From this day on").fill("2026-01-01")
    page.get_by_role("button", name="Preview: nothing is written yet").click()
    page.get_by_text("Waits for a worker").wait_for()
    assert let_a_worker_do_it().state == Run.State.NEW

    # The same preview, and the way back.
    page.get_by_text("This is a preview").wait_for()
    assert "F901" not in objects()
    page.locator("cgr-map[data-drawn]").wait_for()
    page.get_by_role("link", name="Back to the columns").click()
    expect(page.get_by_label("Until before this day")).to_have_value("2031-01-01")
    page.go_back()
    page.get_by_role("button", name="Create 2 Geo-Objects and change 1").click()
    assert let_a_worker_do_it().summary["counts"]["conflict"] == 1
    page.get_by_role("link", name="1 row left out").click()
    page.get_by_role("cell", name="Nowhere", exact=True).wait_for()
    found = objects()
    assert found["F900"]["values"]["beds"] == [
        {"from": None, "to": "2026-01-01", "value": 2},
        {"from": "2026-01-01", "to": "2031-01-01", "value": 9},
        {"from": "2031-01-01", "to": None, "value": 2},
    ]
    assert found["F902"]["values"]["owner"] == [{"from": "2026-01-01", "to": "2031-01-01", "value": "PRI"}]

    # The refused row alone, corrected: the mapping is offered, and fits.
    with page.expect_download() as download:
        page.get_by_role("link", name="Take 1 row as CSV").click()
    refused = tmp_path / "refused.csv"
    refused.write_text(download.value.path().read_text("utf-8-sig").replace("Nowhere", "Belu"))
    page.get_by_role("link", name="Bring the corrected file").click()
    page.get_by_label("File").set_input_files(refused)
    page.get_by_role("button", name="Next: columns").click()
    page.get_by_text("1 remembered mapping fits the columns").wait_for()
    page.get_by_role("button", name="Fill it in").click()
    expect(page.get_by_label("Church", exact=True)).to_have_value("PRI")
    page.get_by_role("button", name="Preview: nothing is written yet").click()
    let_a_worker_do_it()
    page.get_by_role("button", name="Create 1 Geo-Object").click()
    done = let_a_worker_do_it()
    assert done.state == Run.State.SUCCESS
    page.locator(".state-success").wait_for()
    assert objects()["F903"]["parents"]["admin"][0]["parent"] == "D2"

    # In French, each of the pages.
    page.goto(f"{live_server.url}/import/file/")
    page.get_by_label("File").set_input_files(table)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/htmx.js", hold)
    with page.expect_request("**/htmx.js"):
        page.get_by_role("button", name="Next: columns").click()
    page.get_by_label("Geo-Object Type").select_option("facility")  # somebody is quicker than the network
    held.pop().continue_()
    page.get_by_label("Code", exact=True).wait_for()
    page.unroute("**/htmx.js")
    columns = page.url.removeprefix(f"{live_server.url}/import/")
    page.get_by_role("button", name="Français").click()
    first = Run.objects.order_by("pk").first()
    assert first is not None
    for path in ("file/", columns, f"{first.pk}/", f"{first.pk}/problems/"):
        page.goto(f"{live_server.url}/import/{path}")
        look(f"import-file-french-{path.replace('/', '-')}")
