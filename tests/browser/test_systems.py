"""An administrator registers a DHIS2 and corrects what was wrong, as a browser sees it; the DHIS2 is the sandbox."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems.models import ExternalSystem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page
    from pytest_django.fixtures import SettingsWrapper
    from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"


# One story, because each step stands on the one before it.
def test_a_dhis2_is_registered_tried_corrected_and_gets_its_plugin_in_two_languages(  # noqa: PLR0915 - see above
    page: Page,
    live_server: LiveServer,
    settings: SettingsWrapper,
    tmp_path: Path,
    look: Callable[[str], None],
) -> None:
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    add_user(OPERATOR, "banda", password=PASSWORD, role="registry-administrator", organization="MOH")
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("Sign-in name").fill("banda")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="External Systems").click()
    look("systems-empty")
    page.get_by_role("link", name="Add an external system").click()
    expect(page.get_by_role("dialog", name="Add an external system").get_by_label("Type")).to_be_focused()

    with serve(World("2.42")) as dhis2:
        # Only what the chosen way to sign in needs is there; a slip is told at the field, and nothing typed is lost.
        page.get_by_label("ID", exact=True).fill("hmis")
        page.get_by_label("Label", exact=True).fill("National HMIS")
        page.get_by_label("Label in French").fill("SNIS national")
        page.get_by_label("Personal access token").first.check()
        assert not page.get_by_label("Username").is_visible()
        page.get_by_label("OAuth2").check()
        assert page.get_by_label("Client ID").is_visible()
        page.get_by_label("User name and password", exact=True).check()
        page.get_by_label("URL").fill(dhis2.url.replace("http://", ""))
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password", exact=True).fill("wrong")
        look("systems-add")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("alert").get_by_role("link", name="URL").click()
        assert page.get_by_label("URL").evaluate("it => it === document.activeElement")
        assert page.get_by_label("Label in French").input_value() == "SNIS national"
        look("systems-error")

        # The connection is tried before anything is saved; what was typed stays, the password too.
        page.get_by_label("URL").fill(dhis2.url)
        page.get_by_label("Password", exact=True).fill("wrong")
        page.get_by_role("button", name="Test connection").click()
        tested = page.locator("#tested")
        expect(tested.get_by_role("alert")).to_contain_text("refuses the user name and password")
        page.get_by_label("Password", exact=True).fill("district")
        page.get_by_role("button", name="Test connection").click()
        expect(tested).to_contain_text("signed in as admin")
        look("systems-tried-out")
        assert page.get_by_label("Password", exact=True).input_value() == "district"
        assert not ExternalSystem.objects.exists()
        page.get_by_label("Password", exact=True).fill("wrong")
        page.locator("#dialog").get_by_role("button", name="Save").click()

        # The wrong password, and the right one.
        page.get_by_role("button", name="Save and test connection").click()
        page.get_by_role("alert").get_by_text("Enter the credentials again.").wait_for()
        page.get_by_role("link", name="Overview").click()
        expect(page.get_by_role("row", name="National HMIS")).to_contain_text(
            re.compile(r"! wrong password, \d\sminutes? ago")
        )
        look("settings-overview")
        page.get_by_role("link", name="Edit National HMIS").click()
        page.get_by_label("Password", exact=True).fill("district")
        page.get_by_role("button", name="Save and test connection").click()
        page.get_by_text("signed in as admin").wait_for()
        look("systems-tested")
        assert ExternalSystem.objects.get().version in page.get_by_role("status").inner_text()

        # The plugin.
        with page.expect_download() as download:
            page.get_by_role("link", name="Download DHIS2 Plugin").click()
        assert download.value.suggested_filename == "cgr-dhis2-app.zip"
        download.value.save_as(tmp_path / "app.zip")
        with zipfile.ZipFile(tmp_path / "app.zip") as archive:
            assert b"https://registry.example.org" in archive.read("index.html")

        # In French, each of the pages.
        page.get_by_role("button", name="Français").click()
        page.goto(f"{live_server.url}/settings/systems/id/hmis/")
        page.get_by_role("heading", name="SNIS national").wait_for()
        page.get_by_label("Mot de passe", exact=True).fill("wrong")
        page.get_by_role("button", name="Enregistrer et tester la connexion").click()
        page.get_by_role("alert").wait_for()
        page.get_by_label("Mot de passe", exact=True).fill("district")
        page.get_by_role("button", name="Enregistrer et tester la connexion").click()
        page.get_by_role("status").get_by_text("connecté en tant que admin").wait_for()
        look("systems-french")
        for path in ("systems/add/", "compatibility/", ""):
            page.goto(f"{live_server.url}/settings/{path}")
            look(f"settings-french-{path.strip('/').replace('/', '-') or 'overview'}")
