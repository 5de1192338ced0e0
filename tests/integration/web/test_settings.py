"""The settings' overview, organizations, language and time zone; a connection tried before it is registered."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import Organization, User
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "sun-and-rain-9"


@pytest.fixture(autouse=True)
def _people() -> None:
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": f"{code} label", "pt": "Ministério"})
    add_user(OPERATOR, "root", password=PASSWORD, role="system-administrator")
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "api", password=PASSWORD, role="api-consumer", organization="MOH")


def browser_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def text_of(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def form(url: str, **given: str) -> dict[str, str]:
    """What the form of a new system is sent with by the button that tests."""
    typed = {"type": "dhis2", "organization": "MOH", "auth": "basic", "url": url, "username": "admin"}
    return {**typed, "password": "district", "do": "test", **given}


def test_the_overview_has_the_sections_that_are_for_who_looks() -> None:
    ada, api = (text_of(browser_of(name).get("/settings/")).split("<main")[1] for name in ("ada", "api"))
    for section in ("Account", "Organizations", "People", "External Systems", "External System Synchronizations"):
        assert f">{section}</h2>" in ada
    assert 'href="/synchronization/add/"' in ada
    assert "Registry Administrator, MOH label" in ada
    assert "NMCP" not in ada
    for section in ("People", "External Systems", "External System Synchronizations"):
        assert f">{section}</h2>" not in api


def test_organizations_are_made_and_renamed_by_system_administrators_and_other_languages_stay() -> None:
    root = browser_of("root")
    root.post("/settings/organizations/id/MOH/", {"label": "Health", "label_fr": "Santé"})
    assert Organization.objects.get(code="MOH").label == {"default": "Health", "fr": "Santé", "pt": "Ministério"}
    assert "This code is taken." in text_of(
        root.post("/settings/organizations/add/", {"code": "NMCP", "label": "Other"})
    )
    assert 'id="id_code_error"' in text_of(root.post("/settings/organizations/add/", {"code": "a b", "label": "Other"}))
    assert root.post("/settings/organizations/add/", {"code": "WASH", "label": "Water"}).status_code == 302
    assert "Water" in text_of(root.get("/settings/organizations/"))
    assert browser_of("ada").get("/settings/organizations/add/").status_code == 404


def test_times_are_shown_in_the_zone_of_the_person_and_in_utc_to_others() -> None:
    save_system(
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": "HMIS"},
        url="https://hmis.example.org",
        sign_in=SignIn("basic", "cgr", "secret"),
    )
    ExternalSystem.objects.update(checked_at="2026-11-23T22:30:00Z")
    ada = browser_of("ada")
    assert "2026-11-23 22:30 UTC" in text_of(ada.get("/"))
    ada.post("/settings/localization/", {"language": "fr", "time_zone": "Africa/Lusaka"})
    assert "2026-11-24 00:30 CAT" in text_of(ada.get("/"))
    assert 'lang="fr"' in text_of(browser_of("ada").get("/"))
    assert "2026-11-23 22:30 UTC" in text_of(browser_of("root").get("/"))
    answer = ada.post("/settings/localization/", {"language": "xx", "time_zone": "Moon/Crater"})
    assert answer.status_code == 200
    assert User.objects.get(username="ada").time_zone == "Africa/Lusaka"


def test_a_zone_that_this_machine_does_not_know_any_more_is_utc() -> None:
    User.objects.filter(username="ada").update(time_zone="Moon/Crater")
    assert browser_of("ada").get("/settings/localization/").status_code == 200


def test_a_connection_is_tried_before_it_is_registered_and_nothing_is_kept() -> None:
    ada = browser_of("ada")
    with serve(World("2.42")) as dhis2:
        text = text_of(ada.post("/settings/systems/add/", form(dhis2.url)))
        assert "DHIS2 2.42" in text
        assert "signed in as admin" in text
        assert "Nothing is saved yet." in text
        assert "district" not in text
        part = text_of(
            ada.post("/settings/systems/add/", form(dhis2.url, password="wrong"), headers={"HX-Target": "div#tested"})
        )
        assert "DHIS2 refuses the user name and password, or the token." in part
        assert "<form" not in part
    assert not ExternalSystem.objects.exists()


def test_what_is_missing_for_a_test_is_named_and_what_only_registering_needs_is_not() -> None:
    text = text_of(
        browser_of("ada").post("/settings/systems/add/", form("", password=""), headers={"HX-Target": "div#tested"})
    )
    assert "URL" in text
    assert "Label" not in text
    for changes, words in (
        ({"password": ""}, "A password, token or client secret is needed."),
        ({"url": "ftp://x"}, "This can't be the address of a DHIS2."),
        ({"auth": "oauth2", "client_id": "cgr", "grant": "code"}, "Nothing answers at this address and port."),
    ):
        text = text_of(browser_of("ada").post("/settings/systems/add/", {**form("http://127.0.0.1:9"), **changes}))
        assert words in text


def test_a_test_leads_nowhere_that_the_product_may_not_go(settings: SettingsWrapper) -> None:
    settings.ALLOW_PRIVATE_NETWORKS = False
    for url in ("http://169.254.169.254/", "http://127.0.0.1:9", "http://10.0.0.1"):
        text = text_of(browser_of("ada").post("/settings/systems/add/", form(url)))
        assert "The address leads to a network that may not be contacted from here." in text


def test_nobody_tries_a_connection_for_an_organization_that_they_do_not_manage() -> None:
    foreign = form("http://127.0.0.1:9", organization="NMCP")
    assert "signed in" not in text_of(browser_of("ada").post("/settings/systems/add/", foreign))
    assert browser_of("api").post("/settings/systems/add/", form("http://127.0.0.1:9")).status_code == 404


def test_a_check_that_fails_is_kept_and_shown_until_one_succeeds_or_the_sign_in_changes() -> None:
    ada = browser_of("ada")
    with serve(World("2.42")) as dhis2:
        save_system(
            OPERATOR,
            "hmis",
            organization="MOH",
            label={"default": "HMIS"},
            url=dhis2.url,
            sign_in=SignIn("basic", "admin", "wrong"),
        )
        page = "/settings/systems/id/hmis/"
        typed = {"label": "HMIS", "url": dhis2.url, "auth": "basic", "username": "admin", "do": "test"}
        ada.post(page, typed)
        for listing in ("/settings/systems/", "/settings/"):
            assert "! wrong password" in text_of(ada.get(listing))
        row = ExternalSystem.objects.get()
        assert (row.failure, row.checked_at) == ("wrong-credentials", None)
        ada.post(page, {**typed, "password": "district"})
        assert "! wrong password" not in text_of(ada.get("/settings/systems/"))
        row.refresh_from_db()
        assert (row.failure, row.failed_at) == ("", None)
        assert row.checked_at is not None


@pytest.mark.parametrize("path", ["", "organizations/", "systems/"])
def test_a_page_asks_no_more_when_there_is_more_to_show(path: str, django_assert_max_num_queries: Any) -> None:
    root = browser_of("root")
    for number in range(12):
        code, label = f"O{number}", {"default": "One more"}
        save_organization(OPERATOR, code, label=label)
        sign_in = SignIn("basic", "cgr", "secret")
        save_system(OPERATOR, code, organization=code, label=label, url="https://x.example.org", sign_in=sign_in)
    with django_assert_max_num_queries(20):
        assert root.get(f"/settings/{path}").status_code == 200
