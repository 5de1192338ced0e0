"""The first page as a person sees it: sign in, systems and runs, in both languages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import local_operator
from cgr.systems.actions import save_system
from cgr.systems.signing_in import BASIC, SignIn

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture
def _a_registered_system() -> None:
    actor = local_operator()
    save_organization(actor, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    save_system(
        actor,
        "hmis",
        organization="MOH",
        label={"default": "National HMIS", "fr": "SNIS"},
        description="",
        url="https://hmis.example.org",
        sign_in=SignIn(BASIC, "cgr", "district"),
    )
    add_user(actor, "banda", password="a-long-Password-1", role="system-administrator")


@pytest.mark.usefixtures("_a_registered_system")
def test_a_person_signs_in_and_sees_the_systems_in_both_languages(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    page.get_by_label("Sign-in name").fill("banda")
    page.get_by_label("Password").fill("a-long-Password-1")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="External Systems").wait_for()
    assert page.get_by_role("row", name="hmis").inner_text().split("\t")[:3] == [
        "hmis",
        "National HMIS",
        "Ministry of Health",
    ]
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "first-page-en.png")
    page.get_by_role("button", name="Français").click()
    page.get_by_role("cell", name="Ministère de la Santé").wait_for()
    assert page.locator("html").get_attribute("lang") == "fr"
    page.screenshot(path=SCREENSHOTS / "first-page-fr.png")


@pytest.mark.usefixtures("_a_registered_system")
def test_a_wrong_password_is_told_at_the_form(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    page.get_by_label("Sign-in name").fill("banda")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Sign-in name").input_value() == "banda"
