"""A data manager imports organisation units, decides on what isn't clear, imports again; the DHIS2 is the sandbox."""

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
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .waiting import queued_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"

DEFINITIONS = """
version: 1
organizations: [{code: MOH, label: {default: Ministry of Health, fr: Ministère de la Santé}}]
terms:
  - {code: kinds, label: Kinds, terms: [{code: CLINIC, label: Clinic}, {code: HOSPITAL, label: Hospital}]}
  - code: owners
    label: Owners
    terms: [{code: PUB, label: {default: Public, fr: Public}}, {code: PRI, label: {default: Private, fr: Privé}}]
types:
  - {code: country, organization: MOH, label: {default: Country, fr: Pays}, geometry: mixed}
  - {code: region, organization: MOH, label: {default: Region, fr: Région}, geometry: mixed}
  - code: facility
    organization: MOH
    label: {default: Facility, fr: Établissement}
    geometry: point
    attributes:
      - {code: kind, label: {default: Kind, fr: Type}, kind: term, terms: kinds}
      - {code: owner, label: {default: Ownership, fr: Propriétaire}, kind: term, terms: owners}
      - {code: beds, label: {default: Beds, fr: Lits}, kind: integer}
hierarchies:
  - code: admin
    organization: MOH
    label: {default: Administrative, fr: Administrative}
    tree: {country: {region: {facility: {}}}}
systems:
  - code: hmis
    organization: MOH
    kind: dhis2
    label: {default: National HMIS, fr: SNIS national}
    url: "URL"
    auth: {kind: basic, username: admin, password: {env: TEST_PASSWORD}}
"""


def unit(uid: str, name: str, parent: str | None, code: str, **more: Any) -> dict[str, Any]:
    above = {"parent": {"id": parent}} if parent else {}
    return {"id": uid, "name": name, "shortName": name, "code": code, "openingDate": "2000-01-01", **above, **more}


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


METADATA = {
    "organisationUnits": [
        unit("OuCountry01", "Sierra", None, "C"),
        unit("OuRegionNor", "North", "OuCountry01", "N"),
        unit("OuRegionSou", "South", "OuCountry01", "S"),
        unit("OuBoClinic1", "Bo Clinic", "OuRegionNor", "F1", geometry=point(-11.7, 7.9),
             attributeValues=[{"attribute": {"id": "AtOwner0001"}, "value": "1"}]),
        unit("OuKenemaHP1", "Kenema Health Post", "OuRegionNor", "F2", geometry=point(-11.2, 7.9)),
        unit("OuMakeniHC1", "Makeni Hospital", "OuRegionSou", "F3", geometry=point(-12.0, 8.9)),
        unit("OuKafueCli1", "Kafue Clinic", "OuRegionSou", "F4", geometry=point(-12.1, 8.1)),
        unit("OuQuietHP01", "Quiet Health Post", "OuRegionSou", "F5", geometry=point(-12.4, 8.2)),
    ],
    "organisationUnitLevels": [
        {"id": f"LvTest0000{level}", "level": level, "name": name}
        for level, name in enumerate(("National", "Province", "Centre"), start=1)
    ],
    "organisationUnitGroups": [
        {"id": "GrClinics01", "name": "Clinic", "shortName": "Clinic", "organisationUnits": [{"id": "OuBoClinic1"}]},
        {"id": "GrHospital1", "name": "Hospitals", "shortName": "Hosp", "organisationUnits": [{"id": "OuMakeniHC1"}]},
    ],
    "optionSets": [
        {"id": "OsOwner0001", "name": "Owner", "valueType": "TEXT",
         "options": [{"id": "OpPublic001"}, {"id": "OpPrivate01"}]},
    ],
    "options": [
        {"id": "OpPublic001", "code": "1", "name": "Public", "optionSet": {"id": "OsOwner0001"}, "sortOrder": 1},
        {"id": "OpPrivate01", "code": "2", "name": "Private", "optionSet": {"id": "OsOwner0001"}, "sortOrder": 2},
    ],
    "attributes": [
        {"id": "AtOwner0001", "name": "Ownership", "valueType": "TEXT", "organisationUnitAttribute": True,
         "optionSet": {"id": "OsOwner0001"}},
    ],
}  # fmt: skip


def ours(type_code: str, code: str, label: str, **more: Any) -> bytes:
    return json.dumps({"type": type_code, "code": code, "label": label, **more}).encode()


def objects() -> dict[str, Any]:
    return {line["code"]: line for line in map(json.loads, export_objects(OPERATOR))}


def let_a_worker_do_it() -> Run:
    run = queued_run()
    continue_import(run.pk, lambda: False)
    run.refresh_from_db()
    return run


# One story, because each step stands on the one before it.
def test_units_are_imported_decided_on_and_imported_again_in_two_languages(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[[str], None],
    sign_in: Callable[[str, str], None],
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "district")
    world = World("2.42")
    world.load({"version": "2.42", "metadata": METADATA})
    with serve(world) as dhis2:
        apply(OPERATOR, DEFINITIONS.replace("URL", dhis2.url).encode())
        lines = [
            ours("country", "C", "Sierra", external_ids={"hmis": "OuCountry01"}),
            ours("region", "N", "North", parents={"admin": "C"}, external_ids={"hmis": "OuRegionNor"}),
            ours("region", "S", "South", parents={"admin": "C"}, external_ids={"hmis": "OuRegionSou"}),
            ours("facility", "F1", "Bo MCH Clinic", geometry=point(-11.701, 7.9), parents={"admin": "N"}),
            ours("facility", "F2", "Another place", parents={"admin": "S"}),
            ours("facility", "F3", "Elsewhere", parents={"admin": "N"}),
            ours("facility", "kafue", "Kafue clinic", geometry=point(-12.1, 8.101), parents={"admin": "S"}),
        ]
        assert not apply_objects(OPERATOR, lines, preview=False).errors
        add_user(OPERATOR, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
        sign_in("banda", PASSWORD)

        # From where, and what becomes what: going back loses nothing.
        page.get_by_role("link", name="Import", exact=True).click()
        page.get_by_role("button", name="Next").click()
        page.get_by_label("Hierarchy", exact=True).select_option("admin")
        page.get_by_role("button", name="Use it").click()
        expect(page.get_by_label("3 Centre")).to_have_value("facility")
        page.get_by_label("Search a unit by name or id").fill("sout")
        page.get_by_role("button", name="Search in DHIS2").click()
        page.get_by_label("South and what is below it").check()
        page.get_by_label("From this day on").fill("2020-01-01")
        page.get_by_role("button", name="Next: fields and terms").click()
        page.get_by_label("Ownership").wait_for()
        page.go_back()
        expect(page.get_by_label("South and what is below it")).to_be_checked()
        look("import-levels")
        page.get_by_label("All of them").check()
        page.get_by_label("From this day on").fill("")
        page.get_by_role("button", name="Next: fields and terms").click()

        # Terms: suggested, and taken only when somebody accepts.
        page.get_by_label("Ownership").focus()
        page.get_by_label("Ownership").select_option("a:AtOwner0001")
        page.get_by_text("suggested: Private").wait_for()
        expect(page.get_by_label("Ownership")).to_be_focused()
        page.get_by_label("Kind", exact=True).select_option("g")
        page.get_by_label("Clinic", exact=True).wait_for()
        expect(page.get_by_label("Public", exact=True)).to_have_value("")
        page.get_by_role("button", name="Accept Ownership").click()
        expect(page.get_by_label("Public", exact=True)).to_have_value("PUB")
        page.get_by_label("Clinic", exact=True).select_option("GrClinics01")
        page.get_by_label("Hospital", exact=True).select_option("GrHospital1")
        look("import-fields")
        page.get_by_role("button", name="Preview: nothing is written yet").click()
        page.get_by_text("Waits for a worker").wait_for()
        assert let_a_worker_do_it().state == Run.State.NEW

        # The preview comes by itself: counts, fields, and what conflicts.
        page.get_by_text("This is a preview").wait_for()
        assert "F5" not in objects()
        page.locator("cgr-map[data-drawn]").wait_for()
        look("import-preview")
        page.get_by_role("link", name="Decide on 3 conflicts").click()
        page.get_by_text("Bo MCH Clinic (F1), North — 0.95 name, same code, same parent, 110 m").wait_for()
        look("import-problems")

        # Each way: the same place, a new one, left out.
        page.locator("#item-OuBoClinic1").get_by_role("button", name="Same Bo MCH Clinic").click()
        page.locator("#item-OuBoClinic1").get_by_text("Same place · F1").wait_for()
        page.locator("#item-OuKenemaHP1").get_by_label("Code").fill("F1")
        page.locator("#item-OuKenemaHP1").get_by_role("button", name="New Kenema").click()
        page.get_by_role("alert").get_by_text('There is a facility "F1" already').wait_for()
        expect(page.locator("#item-OuKenemaHP1").get_by_label("Code")).to_have_value("F1")
        page.locator("#item-OuKenemaHP1").get_by_label("Code").fill("")
        page.locator("#item-OuKenemaHP1").get_by_role("button", name="New Kenema").click()
        page.locator("#item-OuKenemaHP1").get_by_role("button", name="Take back").wait_for()
        page.locator("#item-OuMakeniHC1").get_by_role("button", name="Skip").click()
        page.locator("#item-OuMakeniHC1").get_by_text("Skipped").wait_for()

        # Suggestions: listed first, then accepted.
        page.get_by_role("link", name="Suggestions").click()
        page.get_by_text("Kafue clinic (kafue), South").wait_for()
        page.get_by_role("button", name="List them").click()
        look("import-above")
        assert "external_ids" not in objects()["kafue"]
        page.get_by_role("button", name="Link 1 unit with this object").click()
        page.get_by_text("1 unit is linked.").wait_for()
        assert objects()["kafue"]["external_ids"] == {"hmis": "OuKafueCli1"}
        page.get_by_role("button", name="Preview again with 4 answers").click()
        let_a_worker_do_it()
        page.get_by_role("button", name="Create 2 Geo-Objects and change 5").click()
        done = let_a_worker_do_it()
        assert (done.state, done.summary["counts"]["skipped"]) == (Run.State.SUCCESS, 1)
        page.locator(".state-success").wait_for()
        found = objects()
        assert found["OuKenemaHP1"]["external_ids"] == {"hmis": "OuKenemaHP1"}
        assert found["F1"]["values"] == {"kind": found["F1"]["values"]["kind"], "owner": found["F1"]["values"]["owner"]}
        assert "external_ids" not in found["F3"]

        # The same again, without a decision left to make but the one that was put off.
        page.goto(f"{live_server.url}/import/fields/")
        page.get_by_role("button", name="Preview: nothing is written yet").click()
        counts = let_a_worker_do_it().summary["counts"]
        assert counts == {"new": 0, "changed": 0, "unchanged": 7, "conflict": 1, "vanished": 0}

        # In French, each of the pages; and a DHIS2 that is away is a banner.
        last = Run.objects.latest("pk").pk
        page.get_by_role("button", name="Français").click()
        for path in ("", "levels/", "fields/", f"{last}/problems/", f"{done.pk}/"):
            page.goto(f"{live_server.url}/import/{path}")
            look(f"import-french-{path.replace('/', '-') or 'start'}")
    page.goto(f"{live_server.url}/import/levels/")
    page.locator("#find").fill("sud")
    page.locator("button[value=find]").click()
    page.get_by_role("alert").wait_for()
    expect(page.locator("#find")).to_have_value("sud")
    page.locator("button[value=refresh]").click()
    page.get_by_role("alert").wait_for()
