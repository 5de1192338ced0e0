"""What all pages owe: they are light, nothing jumps while they load, they work enlarged, and print."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.core.definitions import HierarchyDefinition, TermDefinition, TermTreeDefinition, TypeDefinition
from cgr.registry.actions import save_hierarchy, save_term_tree, save_type
from cgr.systems.actions import save_system
from cgr.systems.signing_in import BASIC, SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Response
    from pytest_django.live_server_helper import LiveServer

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "a-long-Password-1"
BUDGET = 250_000
PAGES = (
    "",
    "types/",
    "types/id/facility/",
    "types/hierarchies/id/admin/",
    "types/terms/id/ownership/",
    "settings/",
    "settings/account/",
    "settings/organizations/",
    "settings/localization/",
    "settings/people/",
    "settings/systems/",
    "settings/systems/id/hmis/",
    "settings/systems/add/",
    "settings/compatibility/",
    "settings/audit/",
)
_SHIFTS = """new Promise(resolve => {
  let moved = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) moved += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved), 50)));
})"""


@pytest.fixture(autouse=True)
def _country() -> None:
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health", "fr": "Ministère de la Santé"})
    add_user(OPERATOR, "banda", password=PASSWORD, role="system-administrator")
    save_term_tree(OPERATOR, TermTreeDefinition("ownership", "Ownership", (TermDefinition("pub", "Public"),)))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point"))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"facility": {}}))
    label, sign_in = {"default": "National HMIS", "fr": "SNIS"}, SignIn(BASIC, "cgr", "district")
    save_system(OPERATOR, "hmis", organization="MOH", label=label, url="https://hmis.example.org", sign_in=sign_in)


def test_pages_are_light_and_nothing_in_them_moves_while_they_load(
    page: Page, live_server: LiveServer, sign_in: Callable[[str, str], None]
) -> None:
    loaded: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if answer.request.resource_type in {"script", "stylesheet"}:
            loaded[answer.url] = len(gzip.compress(answer.body()))

    sign_in("banda", PASSWORD)
    page.on("response", weigh)
    for path in PAGES:
        loaded.clear()
        page.goto(f"{live_server.url}/{path}", wait_until="load")
        assert page.evaluate(_SHIFTS) < 0.001, path
        assert sum(loaded.values()) <= BUDGET, path
        assert loaded, path
        assert not any("maplibre" in url for url in loaded), f"{path} has no map"


def test_pages_work_at_200_percent_and_the_menus_by_keyboard(
    page: Page, live_server: LiveServer, sign_in: Callable[[str, str], None]
) -> None:
    sign_in("banda", PASSWORD)
    page.set_viewport_size({"width": 683, "height": 384})  # 1366 × 768 at 200 %
    for path in PAGES:
        page.goto(f"{live_server.url}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 683, path
        assert page.locator("h1").first.is_visible()
    expect(page.get_by_role("link", name="Settings", exact=False).first).not_to_be_visible()
    page.get_by_role("button", name="Menu").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    summary = page.locator("header summary")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).not_to_be_visible()
    assert summary.evaluate("it => it === document.activeElement")

    # On paper there is what the page says, whole, and nothing to press.
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert page.locator(".scroller").evaluate("it => getComputedStyle(it).maxHeight") == "none"


def test_language_and_time_zone_follow_the_person_to_a_new_browser(
    page: Page, live_server: LiveServer, sign_in: Callable[[str, str], None]
) -> None:
    sign_in("banda", PASSWORD)
    page.goto(f"{live_server.url}/settings/localization/")
    page.get_by_label("Time zone").select_option("Africa/Lusaka")
    page.get_by_label("Language").select_option("fr")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Enregistré.").wait_for()
    user = User.objects.get(username="banda")
    assert (user.language, user.time_zone) == ("fr", "Africa/Lusaka")
    assert page.context.browser is not None
    other = page.context.browser.new_context(locale="en-GB").new_page()
    other.goto(f"{live_server.url}/sign-in/")
    other.get_by_label("Sign-in name").fill("banda")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.goto(f"{live_server.url}/settings/account/sessions/")
    other.get_by_role("heading", name="Sessions").wait_for()
    assert other.locator("html").get_attribute("lang") == "fr"
    expect(other.locator("time").first).to_contain_text("CAT")
    # The switch of the header wins in this browser.
    other.get_by_role("button", name="EN English").click()
    expect(other.locator("html")).to_have_attribute("lang", "en")
