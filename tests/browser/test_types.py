"""An administrator builds a country's types, terms and hierarchy, as a browser sees it; then breaks nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.core.definitions import TypeDefinition
from cgr.core.mapping import AttributeMapping, LevelMapping, SyncMapping, SyncType
from cgr.registry import queries
from cgr.registry.actions import apply_objects, save_type
from cgr.sync.configs import save_config
from cgr.systems.actions import save_system
from cgr.systems.signing_in import BASIC, SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"


def in_dialog(page: Page, button: str, **typed: str) -> None:
    """Fill the dialog that is open, and press its button."""
    dialog = page.locator("#dialog")
    for label, text in typed.items():
        field = dialog.get_by_label(label.replace("_", " "), exact=True)
        if field.evaluate("it => it.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    dialog.get_by_role("button", name=button).click()


def tree_of(code: str) -> object:
    (found,) = (row for row in queries.export_hierarchies(OPERATOR) if row["code"] == code)
    return found["tree"]


# One story, because each step stands on the one before it.
def test_a_country_is_described_changed_and_nothing_that_is_in_use_breaks(  # noqa: PLR0915 - see above
    page: Page, live_server: LiveServer, look: Callable[[str], None], sign_in: Callable[[str, str], None]
) -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    add_user(OPERATOR, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
    sign_in("banda", PASSWORD)
    page.get_by_role("link", name="Types & Hierarchies").click()

    # A tree of terms; the second term is put below the first by its button, and dragged out again.
    page.get_by_role("link", name="Trees of terms").click()
    page.get_by_role("link", name="Add a tree of terms").click()
    in_dialog(page, "Save", Code="ownership", Label="Ownership", Label_in_French="Propriété")
    for code, label, french in (
        ("pub", "Public", "Public"),
        ("pri", "Private", "Privé"),
        ("fbo", "Faith", "Confession"),
    ):
        page.get_by_role("link", name="Add a term").click()
        in_dialog(page, "Save", Code=code, Label=label, Label_in_French=french)
    page.get_by_role("button", name="Below the one before: Private").click()
    expect(page.locator("li[data-code=pub] li[data-code=pri]")).to_be_visible()
    page.get_by_role("button", name="Up: Faith", exact=True).click()
    expect(page.locator(".tree > ul > li").first).to_have_attribute("data-code", "fbo")
    page.locator("li[data-code=pri] > .member").drag_to(
        page.locator("li[data-code=fbo] > .member"), target_position={"x": 40, "y": 2}
    )
    expect(page.locator(".tree > ul > li").first).to_have_attribute("data-code", "pri")
    look("types-terms")

    # Types, the last one with attributes. A slip is told at the field.
    page.get_by_role("link", name="Geo-Object Types").click()
    for code, label, french in (("region", "Region", "Région"), ("facility", "Facility", "Établissement")):
        page.goto(f"{live_server.url}/types/")
        page.get_by_role("link", name="Add a Geo-Object Type").click()
        in_dialog(page, "Save", Code=code, Label=label, Label_in_French=french)
        page.get_by_role("heading", name=label).wait_for()
    for code, label, kind, terms in (
        ("beds", "Beds", "integer", ""),
        ("owner", "Ownership", "term", "ownership"),
        ("remarks", "Remarks", "text", ""),
    ):
        page.get_by_role("link", name="Add an attribute").click()
        if terms:
            in_dialog(page, "Save", Code=code, Label=label, Kind=kind)
            expect(page.locator("#dialog").get_by_role("alert")).to_contain_text("Tree of terms")
            look("types-attribute-error")
            assert page.locator("#dialog").get_by_label("Code").input_value() == code
            in_dialog(page, "Save", Tree_of_terms=terms)
        else:
            in_dialog(page, "Save", Code=code, Label=label, Kind=kind)
        page.get_by_role("cell", name=code, exact=True).wait_for()
    look("types-type")

    # The hierarchy, by buttons.
    page.get_by_role("link", name="Hierarchies", exact=True).click()
    page.get_by_role("link", name="Add a hierarchy").click()
    in_dialog(page, "Save", Code="admin", Label="Administrative", Label_in_French="Administrative")
    for name, code in (("Add a type at the top", "region"), ("Add below Region", "facility")):
        page.get_by_role("link", name=name).click()
        in_dialog(page, "Add", **{"Geo-Object_Type": code})
        page.locator(f"li[data-code={code}]").wait_for()
    assert tree_of("admin") == {"region": {"facility": {}}}
    page.get_by_role("button", name="One level up: Facility").click()
    expect(page.get_by_role("button", name="One level up: Facility")).to_be_disabled()
    assert tree_of("admin") == {"facility": {}, "region": {}}
    page.locator("li[data-code=facility] > .member").drag_to(page.locator("li[data-code=region] > .member"))
    page.locator("li[data-code=region] li[data-code=facility]").wait_for()

    # Now objects and a configuration depend on all that.
    lines = [
        {"type": "region", "code": "R1", "label": "North"},
        {
            "type": "facility",
            "code": "F1",
            "label": "Bo",
            "parents": {"admin": "R1"},
            "values": {"owner": "pub", "beds": 4},
        },
    ]
    assert not apply_objects(OPERATOR, [json.dumps(line).encode() for line in lines], preview=False).errors
    label = {"default": "HMIS"}
    password = SignIn(BASIC, "cgr", "district")
    save_system(OPERATOR, "hmis", organization="MOH", label=label, url="https://hmis.example.org", sign_in=password)
    facility = LevelMapping(
        "facility",
        SyncType.BOTH,
        attributes=(
            AttributeMapping("remarks", to="AtRemarks01"),
            AttributeMapping("owner", groups={"fbo": "GrFaith0001"}),
        ),
    )
    mapping = SyncMapping(levels=(LevelMapping("region", SyncType.NONE), facility))
    save_config(
        OPERATOR,
        code="to-hmis",
        organization="MOH",
        label=label,
        hierarchy="admin",
        system="hmis",
        settings=mapping,
    )

    # What would lose data is refused with how much it is.
    page.reload()
    page.get_by_role("button", name="Take out Facility").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("1 parent of a Geo-Object is kept by it.")
    expect(alert).to_contain_text("to-hmis")
    expect(page.get_by_role("button", name="Take it out")).to_have_count(0)
    look("types-take-out-refused")
    page.get_by_role("link", name="Leave it as it is").click()
    assert tree_of("admin") == {"region": {"facility": {}}}
    page.goto(f"{live_server.url}/types/id/facility/")
    page.get_by_role("link", name="Edit Beds").click()
    in_dialog(page, "Save", Kind="text")
    expect(alert).to_contain_text("1 object has a value for it.")
    page.get_by_role("button", name="Back to the form").click()
    assert page.locator("#dialog").get_by_label("Kind").input_value() == "text"
    page.locator("#dialog").get_by_role("button", name="Close").click()

    # What only stops the configuration is done by who has read it.
    page.goto(f"{live_server.url}/types/id/facility/attribute/?code=remarks")
    page.get_by_role("button", name="Remove this attribute").click()
    expect(alert).to_contain_text("1 synchronization configuration uses it: to-hmis.")
    page.get_by_role("button", name="Remove the attribute").click()
    page.get_by_text("The attribute is removed.").wait_for()
    page.goto(f"{live_server.url}/types/terms/id/ownership/term/?code=pub")
    page.get_by_role("button", name="Remove this term").click()
    expect(alert).to_contain_text("1 object has a value for it.")

    # A type that is used is kept, one that nothing depends on goes.
    page.goto(f"{live_server.url}/types/id/facility/")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("#dialog").get_by_role("button", name="Delete this type").click()
    dialog = page.locator("#dialog").get_by_role("alert")
    expect(dialog).to_contain_text("1 object is of this type.")
    expect(dialog).to_contain_text("It has a place in hierarchies: admin.")
    look("types-delete-refused")
    save_type(OPERATOR, TypeDefinition("ward", "MOH", "Ward"))
    page.goto(f"{live_server.url}/types/id/ward/")
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator("#dialog").get_by_role("button", name="Delete this type").click()
    look("types-delete")
    page.locator("#dialog").get_by_role("button", name="Delete the type").click()
    page.get_by_text("The type Ward is deleted.").wait_for()

    # In French.
    page.get_by_role("button", name="FR").click()
    for name, path in {
        "types": "",
        "attribute": "id/facility/attribute/",
        "terms": "terms/id/ownership/",
        "hierarchy": "hierarchies/id/admin/",
    }.items():
        page.goto(f"{live_server.url}/types/{path}")
        look(f"types-french-{name}")
    page.goto(f"{live_server.url}/types/hierarchies/id/admin/")
    page.locator("button[name=take-out]").last.click()
    look("types-french-refused")
    page.goto(f"{live_server.url}/types/id/facility/edit/")
    page.get_by_role("button", name="Supprimer ce type").click()
    look("types-french-delete-refused")
