"""A maintainer finds a place by tree, search and map, looks at its past and corrects it, as a browser sees it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.registry.actions import apply_objects, save_hierarchy, save_term_tree, save_type
from cgr.registry.models import GeoObject
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"
CLINIC_IS_IN_THE_MIDDLE = """() => {
    const { map } = document.querySelector("cgr-map");
    const [there] = map.queryRenderedFeatures(map.project(map.getCenter()), { layers: ["points"] });
    return map.getZoom() >= 9 && map.loaded() && there?.properties.label === "Clinic 045";
}"""


def both(english: str, french: str) -> dict[str, str]:
    return {"default": english, "fr": french}


def square(west: float, south: float, size: float) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def district(code: str, name: str, west: float, size: float = 1.0) -> dict[str, Any]:
    return {
        "type": "district",
        "code": code,
        "label": name,
        "geometry": square(west, 0.5, size),
        "parents": {"admin": "Z"},
    }


def objects() -> list[dict[str, Any]]:
    clinics: list[dict[str, Any]] = [
        {
            "type": "facility",
            "code": f"F{number}",
            "label": both(f"Clinic {number:03}", f"Clinique {number:03}"),
            "parents": {"admin": "D1"},
            "geometry": {"type": "Point", "coordinates": [0.55 + number % 20 / 22, 0.55 + number // 20 / 22]},
        }
        for number in range(320)
    ]
    clinics[0] |= {
        "label": both("Bô Hospital", "Hôpital de Bô"),
        "geometry": {"type": "Point", "coordinates": [2.5, 1.0]},
        "values": {
            "beds": [{"from": "2010-01-01", "to": "2020-01-01", "value": 10}, {"from": "2020-01-01", "value": 25}],
            "owner": "PUB",
        },
        "parents": {"admin": [{"parent": "D1", "to": "2019-07-01"}, {"parent": "D2", "from": "2019-07-01"}]},
        "external_ids": {"hmis": "aaaaaaaaaaa"},
    }
    clinics[1] |= {"external_ids": {"hmis": "bbbbbbbbbbb"}}
    land = {"type": "country", "code": "Z", "label": both("Zedland", "Zédie"), "geometry": square(0.0, 0.0, 4.0)}
    return [land, district("D1", "Kafue", 0.5), district("D2", "Mumbwa", 2.0), *clinics]


@pytest.fixture
def country() -> None:
    save_organization(OPERATOR, "MOH", label=both("Ministry of Health", "Ministère de la Santé"))
    save_term_tree(
        OPERATOR,
        TermTreeDefinition(
            "owner",
            both("Ownership", "Statut"),
            (TermDefinition("PUB", both("Public", "Public")), TermDefinition("PRI", both("Private", "Privé"))),
        ),
    )
    attributes = (
        AttributeDefinition("beds", both("Beds", "Lits"), "integer"),
        AttributeDefinition("owner", both("Ownership", "Statut"), "term", "owner"),
    )
    for definition in (
        TypeDefinition("country", "MOH", both("Country", "Pays"), "multipolygon"),
        TypeDefinition("district", "MOH", both("District", "District"), "multipolygon"),
        TypeDefinition("facility", "MOH", both("Facility", "Établissement"), "point", attributes),
    ):
        save_type(OPERATOR, definition)
    tree = {"country": {"district": {"facility": {}}}}
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", both("Administrative", "Administrative"), tree))
    sign_in = SignIn("basic", "cgr", "district")
    label = both("National HMIS", "SNIS national")
    save_system(OPERATOR, "hmis", organization="MOH", label=label, url="https://hmis.example.org", sign_in=sign_in)
    assert not apply_objects(OPERATOR, [json.dumps(one).encode() for one in objects()], preview=False).errors
    add_user(OPERATOR, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")


# One story, because each step stands on the one before it.
def test_a_place_is_found_seen_in_the_past_and_corrected_in_two_languages(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    look: Callable[[str], None],
    sign_in: Callable[[str, str], None],
    country: None,  # noqa: ARG001 - it has to be there
) -> None:
    sign_in("banda", PASSWORD)
    page.get_by_role("link", name="Explorer").click()
    page.locator("cgr-map[data-drawn]").wait_for()
    look("explorer")
    card = page.locator("#card")

    # The tree, by keyboard alone.
    page.get_by_role("treeitem", name="Zedland").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("treeitem", name="Kafue").wait_for()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("treeitem", name="Kafue")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.get_by_role("treeitem", name="Clinic 001").wait_for()
    page.get_by_role("treeitem", name="more…").press("Enter")
    page.get_by_role("treeitem", name="Clinic 101").wait_for()
    page.get_by_role("treeitem", name="Kafue").focus()
    page.keyboard.press("Enter")
    card.get_by_role("heading", name="Kafue").wait_for()
    expect(page).to_have_url(re.compile("/explorer/objects/"))

    # The search, without the accent.
    page.get_by_label("Search code, label or external ID").press_sequentially("bo hosp")
    page.locator("#found").get_by_role("link", name="Bô Hospital").click()
    card.get_by_role("heading", name="Bô Hospital").wait_for()
    expect(card).to_contain_text("Mumbwa")
    assert card.get_by_role("link", name="Open in DHIS2").get_attribute("href") == (
        "https://hmis.example.org/dhis-web-maintenance/index.html"
        "#/edit/organisationUnitSection/organisationUnit/aaaaaaaaaaa"
    )
    look("explorer-object")

    # The map: with many places they come as tiles; what lies in the middle of the chosen place is that place.
    page.reload()
    page.get_by_label("On the map").select_option("facility")
    page.wait_for_url(re.compile("type=facility"))
    page.locator("cgr-map[data-tiles][data-drawn]").wait_for()
    page.get_by_label("Search code, label or external ID").press_sequentially("F45")
    page.locator("#found").get_by_role("link", name="Clinic 045").click()
    card.get_by_role("heading", name="Clinic 045").wait_for()
    page.locator("#found").get_by_role("link", name="Clinic 045").wait_for()
    page.evaluate("document.querySelector('#card').replaceChildren()")
    page.wait_for_function(CLINIC_IS_IN_THE_MIDDLE)
    page.locator("cgr-map canvas").click()
    card.get_by_role("heading", name="Clinic 045").wait_for()
    expect(page.get_by_role("banner")).to_have_count(1)

    # The past.
    page.goto(f"{live_server.url}/explorer/objects/{GeoObject.objects.get(code='F0').uid}/")
    page.get_by_label("As of").fill("2015-06-01")
    page.get_by_role("button", name="Show").first.click()
    page.get_by_text("You see the registry as of 2015-06-01").wait_for()
    expect(card).to_contain_text("10")
    expect(card.locator(".row", has_text="Administrative").locator("dd").first).to_contain_text("Kafue")
    page.locator("cgr-map[data-drawn]").wait_for()
    look("explorer-past")
    slider = page.get_by_label("Slide the date")
    slider.focus()
    last = slider.evaluate("it => new Date(it.max * 86_400_000).toISOString().slice(0, 10)")
    assert last > str(slider.get_attribute("data-today"))
    page.keyboard.press("End")
    page.wait_for_url(re.compile(f"on={last}"))
    page.get_by_role("link", name="Today").click()

    # A change from a day on; a slip is told at the form and nothing typed is lost.
    card.get_by_role("link", name="Change: Beds").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Beds").first.fill("40")
    dialog.get_by_label("From").first.fill("2024-03-01")
    look("explorer-change")
    dialog.get_by_label("Correct the whole history").check()
    look("explorer-change-history")
    dialog.get_by_label("It changes on a day").check()
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    expect(card).to_contain_text("2024-03-01")
    assert GeoObject.objects.get(code="F0").values["beds"][-1] == {"from": "2024-03-01", "to": None, "value": 40}

    # An id that another object has.
    card.get_by_role("link", name="Change: National HMIS").click()
    dialog.get_by_label("External ID").fill("bbbbbbbbbbb")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("belongs to another object already: facility “F1”")
    assert dialog.get_by_label("External ID").input_value() == "bbbbbbbbbbb"
    look("explorer-clash")
    dialog.get_by_label("External ID").fill("ccccccccccc")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    expect(card).to_contain_text("ccccccccccc")

    # In French.
    page.get_by_role("button", name="Français").click()
    page.goto(f"{live_server.url}/explorer/objects/{GeoObject.objects.get(code='F0').uid}/?on=2018-01-01")
    page.get_by_role("heading", name="Hôpital de Bô").wait_for()
    page.locator("cgr-map[data-drawn]").wait_for()
    look("explorer-french")
    card.get_by_role("link", name="Modifier : Lits").click()
    dialog.get_by_label("Corriger tout l’historique").check()
    look("explorer-french-change")
