"""A contributor proposes from the Explorer, a maintainer decides, and the contributor reads why: as browsers see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.core.definitions import AttributeDefinition, HierarchyDefinition, TypeDefinition
from cgr.registry.actions import apply_objects, save_hierarchy, save_type
from cgr.registry.models import GeoObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"


def put(*objects: dict[str, object]) -> None:
    assert not apply_objects(OPERATOR, [json.dumps(one).encode() for one in objects], preview=False).errors


# One story, because each step stands on the one before it.
def test_what_a_contributor_proposes_is_seen_decided_and_answered(  # noqa: PLR0915 - see above
    page: Page, live_server: LiveServer, look: Callable[[str], None], sign_in: Callable[[str, str], None]
) -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    beds = AttributeDefinition("beds", {"default": "Beds", "fr": "Lits"}, "integer")
    save_type(OPERATOR, TypeDefinition("district", "MOH", {"default": "District", "fr": "District"}))
    label = {"default": "Facility", "fr": "Établissement"}
    save_type(OPERATOR, TypeDefinition("facility", "MOH", label, "point", (beds,)))
    label = {"default": "Administrative", "fr": "Administrative"}
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", label, {"district": {"facility": {}}}))
    put(
        {"type": "district", "code": "D1", "label": "Bo"},
        {"type": "facility", "code": "F1", "label": {"default": "Bo Clinic", "fr": "Clinique de Bo"}},
    )
    add_user(OPERATOR, "cora", password=PASSWORD, role="registry-contributor", organization="MOH")
    add_user(OPERATOR, "banda", password=PASSWORD, role="registry-maintainer", organization="MOH")
    clinic = f"{live_server.url}/explorer/objects/{GeoObject.objects.get(code='F1').uid}/"

    # The contributor, with the keyboard: the same form, and why.
    sign_in("cora", PASSWORD)
    page.goto(clinic)
    look("proposals-card")
    page.get_by_role("link", name="Propose a change: Beds").press("Enter")
    dialog = page.locator("#dialog")
    dialog.get_by_role("spinbutton", name="Beds").fill("12")
    dialog.get_by_label("Why").fill("I counted them on Monday; two were broken before.")
    look("proposals-form")
    dialog.get_by_role("button", name="Propose").press("Enter")
    page.get_by_text("It is proposed.").wait_for()
    expect(page.get_by_text("Proposals that wait for a decision:")).to_be_visible()
    page.goto(f"{live_server.url}/explorer/objects/{GeoObject.objects.get(code='D1').uid}/")
    page.get_by_role("link", name="Propose below: Facility").click()
    dialog.get_by_label("Code").fill("F2")
    dialog.get_by_label("Label", exact=True).fill("New clinic")
    dialog.get_by_label("Why").fill("It opened last week.")
    dialog.get_by_role("button", name="Propose").click()
    page.get_by_text("It is proposed.").wait_for()

    # The maintainer finds them on the first page; one object was changed meanwhile.
    put({"type": "facility", "code": "F1", "values": {"beds": 9}})
    page.context.clear_cookies()
    sign_in("banda", PASSWORD)
    page.goto(live_server.url)
    page.get_by_role("link", name="Decide on the proposals").click()
    look("proposals-list")
    page.get_by_role("link", name="Facility F1").click()
    expect(page.get_by_role("status").filter(has_text="changed since")).to_be_visible()
    look("proposals-changed-since")
    page.get_by_role("button", name="Accept: change the object").click()
    page.get_by_text("is accepted").wait_for()
    page.goto(f"{live_server.url}/proposals/")
    page.get_by_role("link", name="Facility F2").click()
    page.get_by_label("Or say why not").fill("It is a private house.")
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("is rejected").wait_for()
    assert not GeoObject.objects.filter(code="F2").exists()

    # The contributor reads why, in French.
    page.context.clear_cookies()
    sign_in("cora", PASSWORD)
    page.get_by_role("button", name="FR").click()
    page.goto(f"{live_server.url}/proposals/?state=all")
    expect(page.get_by_text("rejetée")).to_be_visible()
    look("proposals-french-list")
    page.goto(f"{clinic}change/value.beds/")
    look("proposals-french-form")
