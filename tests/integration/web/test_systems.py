"""The pages of External Systems, as administrators of two organizations use them, with a DHIS2 on a real port."""

from __future__ import annotations

import html
import io
import json
import re
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import translation

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.dhis2.check import needed_authorities
from cgr.dhis2.compatibility import compatibility_table
from cgr.dhis2.registration import legacy_registration, registration
from cgr.dhis2.versions import features_of
from cgr.registry.actions import save_hierarchy, save_type
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync.configs import save_config
from cgr.systems.models import ExternalSystem, LinkedAccount
from cgr.systems.sealing import unseal
from cgr.web.systems import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from cgr.sandbox.server import SandboxServer

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "sun-and-rain-9"
PAGE = "/settings/systems/id/hmis/"


@pytest.fixture(autouse=True)
def _people() -> None:
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": f"{code} label"})
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "mo", password=PASSWORD, role="registry-maintainer", organization="MOH")
    add_user(OPERATOR, "xi", password=PASSWORD, role="registry-administrator", organization="NMCP")


@pytest.fixture
def dhis2() -> Iterator[SandboxServer]:
    with serve(World("2.42")) as server:
        yield server


def browser_of(name: str, *, french: bool = False) -> Client:
    client = Client()
    user = User.objects.get(username=name)
    client.force_login(user)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    if french:
        client.post("/language/setlang/", {"language": "fr", "next": "/"})
    return client


def text_of(answer: HttpResponse) -> str:
    return html.unescape(answer.content.decode())


def given(url: str, **changed: str) -> dict[str, str]:
    return {
        "type": "dhis2",
        "organization": "MOH",
        "code": "hmis",
        "label": "National HMIS",
        "label_fr": "SNIS national",
        "description": "What the districts report to",
        "url": url,
        "auth": "basic",
        "username": "admin",
        "password": "district",
        "grant": "code",
        **changed,
    }


def add(url: str = "https://hmis.example.org", **changed: str) -> HttpResponse:
    return browser_of("ada").post("/settings/systems/add/", given(url, **changed))


def press(button: str, name: str = "ada", *, french: bool = False, **typed: str) -> HttpResponse:
    return browser_of(name, french=french).post(PAGE, {"do": button, **typed})


def test_a_system_is_registered_with_all_that_the_form_asks_for() -> None:
    assert add()["Location"] == PAGE
    row = ExternalSystem.objects.get()
    assert (row.code, row.organization.code, row.kind) == ("hmis", "MOH", "dhis2")
    assert row.label == {"default": "National HMIS", "fr": "SNIS national"}
    assert (row.description, row.url, row.username) == (
        "What the districts report to",
        "https://hmis.example.org",
        "admin",
    )
    assert unseal(bytes(row.sealed_secret)) == "district"


@pytest.mark.parametrize(
    ("changed", "field", "told"),
    [
        ({"code": "two words"}, "code", "can't be the code"),
        ({"url": "hmis.example.org"}, "url", "doesn't begin with https://"),
        ({"url": "https://hmis.example.org/api"}, "url", "of the Web API"),
        ({"username": ""}, "username", "required"),
        ({"username": "a:b"}, "username", "colon"),
        ({"password": ""}, "password", "needs a password or token"),
        ({"auth": "token"}, "token", "needs a password or token"),
        ({"auth": "oauth2"}, "client_id", "required"),
        ({"auth": "oauth2", "client_id": "a:b"}, "client_id", "without a colon"),
        (
            {"auth": "oauth2", "client_id": "c", "grant": "password", "people_sign_in": "on"},
            "people_sign_in",
            "person's consent",
        ),
        ({"auth": "oauth2", "client_id": "c", "grant": "password", "password": ""}, "password", "needs a password"),
        ({"organization": "NMCP"}, "organization", "not one of the available choices"),
        ({"label": ""}, "label", "required"),
    ],
)
def test_what_can_t_be_is_told_at_its_field_and_nothing_typed_is_lost(
    changed: dict[str, str], field: str, told: str
) -> None:
    answer = add(**changed)
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert told in form.errors[field][0].replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = text_of(answer)
    assert f'href="#id_{field}"' in text
    for kept in ("What the districts report to", "SNIS national", changed.get("url", "https://hmis.example.org")):
        assert kept in text
    assert "district<" not in text
    assert 'value="district"' not in text
    assert not ExternalSystem.objects.exists()


def test_an_id_that_is_taken_changes_nothing_and_says_not_whose_it_is() -> None:
    add()
    for who, organization in (("ada", "MOH"), ("xi", "NMCP")):
        typed = given("https://other.example.org", organization=organization)
        answer = browser_of(who).post("/settings/systems/add/", typed)
        assert answer.context["form"].errors["code"] == [
            'The ID "hmis" is taken by another external system. Choose another ID.'
        ]
    assert ExternalSystem.objects.get().url == "https://hmis.example.org"


def test_the_form_shows_that_a_secret_is_saved_and_never_what_it_is() -> None:
    add()
    text = text_of(browser_of("ada").get(PAGE))
    assert "Saved. Leave it empty to keep it." in text
    assert "district" not in text.replace("districts report", "")
    assert 'name="organization"' not in text
    assert 'name="type"' not in text
    assert 'name="code"' not in text


def test_an_empty_secret_stays_and_another_address_asks_for_it_again() -> None:
    add()
    kept = {name: text for name, text in given("").items() if name != "password"}
    press("save", **{**kept, "url": "https://hmis.example.org", "label": "New label"})
    row = ExternalSystem.objects.get()
    assert (row.label["default"], unseal(bytes(row.sealed_secret))) == ("New label", "district")

    answer = press("save", **{**kept, "url": "https://evil.example.org"})
    assert "is needed again" in answer.context["form"].errors["password"][0]
    assert "https://evil.example.org" in text_of(answer)
    assert ExternalSystem.objects.get().url == "https://hmis.example.org"

    answer = press("save", **{**kept, "url": "https://new.example.org", "password": "another"})
    assert answer.status_code == 302
    assert ExternalSystem.objects.get().url == "https://new.example.org"


def test_identity_can_t_be_changed_by_a_form_of_one_s_own() -> None:
    add()
    press("save", **given("https://hmis.example.org", organization="NMCP", type="other", code="x", label="L"))
    row = ExternalSystem.objects.get()
    assert (row.code, row.organization.code, row.kind, row.label["default"]) == ("hmis", "MOH", "dhis2", "L")


def test_labels_in_languages_that_the_form_does_not_show_stay() -> None:
    add()
    ExternalSystem.objects.update(label={"default": "A", "pt": "Nacional"})
    press("save", **given("https://hmis.example.org"))
    assert ExternalSystem.objects.get().label["pt"] == "Nacional"


def test_the_test_of_the_connection_tells_what_it_found(dhis2: SandboxServer) -> None:
    add(dhis2.url)
    answer = press("test", **given(dhis2.url))
    text = text_of(answer)
    assert f"DHIS2 {ExternalSystem.objects.get().version}" in text
    assert f"{answer.context['found']['units']:,}".replace(",", "") in text.replace(",", "")
    assert "signed in as admin" in text
    assert "The account has all authorities that are needed." in text
    assert ExternalSystem.objects.get().checked_at is not None
    assert "if switched on" in text  # the row of 2.42


@pytest.mark.parametrize("french", [False, True])
def test_a_wrong_password_and_a_dead_dhis2_are_told_on_the_page_with_what_to_do(
    dhis2: SandboxServer, *, french: bool
) -> None:
    add(dhis2.url, password="wrong")
    answer = press("test", french=french, **given(dhis2.url, password=""))
    assert answer.context["form"].errors == {}
    told = (
        ("DHIS2 refuse", "Saisissez")
        if french
        else ("DHIS2 refuses the user name and password", "Enter the credentials again")
    )
    assert answer.status_code == 200
    assert all(part in text_of(answer) for part in told)
    assert "wrong<" not in text_of(answer)

    press("save", **given("http://127.0.0.1:9"))
    answer = press("test", french=french, **given("http://127.0.0.1:9", password=""))
    assert answer.status_code == 200
    assert ("Rien ne répond" if french else "Nothing answers") in text_of(answer)
    assert 'role="alert"' in text_of(answer)


def test_missing_authorities_are_named_with_what_they_are_for(dhis2: SandboxServer) -> None:
    world = dhis2.world
    world.objects["userRoles"]["RoLittle001"] = {"id": "RoLittle001", "name": "Little", "authorities": ["F_X"]}
    admin = next(iter(world.objects["users"].values()))
    little = {"id": "UsLittle001", "username": "little", "password": "Another-9", "userRoles": [{"id": "RoLittle001"}]}
    world.objects["users"]["UsLittle001"] = {**admin, **little}
    add(dhis2.url, username="little", password="Another-9")
    text = text_of(press("test", **given(dhis2.url, username="little", password="")))
    needed = needed_authorities(features_of((2, 42)))
    assert set(needed) == words.AUTHORITIES.keys()
    for name in needed:
        assert f"<code>{name}</code> {words.AUTHORITIES[name]}" in text


def test_the_plugin_is_downloaded_under_its_name_and_its_page_says_where_nobody_said_where_it_leads(settings) -> None:
    add()
    settings.PUBLIC_URL, settings.BROWSER_URL = "", "http://127.0.0.1:8077"
    assert "the app leads to http://127.0.0.1:8077, which" in text_of(browser_of("ada").get(PAGE))
    settings.PUBLIC_URL = "https://registry.example.org"
    assert "CGR_PUBLIC_URL" not in text_of(browser_of("ada").get(PAGE))
    answer = browser_of("mo").get(f"{PAGE}cgr-dhis2-app.zip")
    assert answer["Content-Disposition"] == 'attachment; filename="cgr-dhis2-app.zip"'
    assert "manifest.webapp" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert browser_of("xi").get(f"{PAGE}cgr-dhis2-app.zip").status_code == 404


@pytest.mark.parametrize(("version", "key"), [("2.36", "cid"), ("2.42", "clientId")])
def test_the_client_registration_of_that_version_is_shown_without_the_secret(version: str, key: str) -> None:
    with serve(World(version)) as server:
        add(server.url, auth="oauth2", client_id="registry")
        assert "What to enter in that DHIS2 (" not in text_of(browser_of("ada").get(PAGE))
        text = text_of(press("registration"))
    body = json.loads(re.findall(r"<pre[^>]*><code>(.*?)</code>", text, re.DOTALL)[0])
    assert body[key] == "registry"
    row = ExternalSystem.objects.get()
    if row.sealed_secret:
        assert unseal(bytes(row.sealed_secret)) not in text
    assert 'action="/systems/hmis/authorize/"' in text


@pytest.mark.parametrize(
    ("version", "grant", "said"),
    [
        ("2.36", "code", ("Up to 2.40, DHIS2 tells its version only", "the one of 2.31 to 2.41")),
        ("2.42", "code", ("DHIS2 2.42", "the one of 2.42 and later", "Not tried yet")),
        ("2.42", "password", ("DHIS2 2.42", "takes no user name and password for OAuth2")),
    ],
)
def test_what_can_be_known_of_oauth2_before_saving_is_told_and_nothing_is_kept(
    version: str, grant: str, said: tuple[str, ...]
) -> None:
    with serve(World(version)) as server:
        text = text_of(add(server.url, auth="oauth2", client_id="registry", grant=grant, do="test"))
        assert all(part in text for part in said)
        assert {path for _, path in server.world.requests} <= {
            "/api/loginConfig",
            "/.well-known/openid-configuration",
            "/uaa/oauth/token",
        }
        server.world.faults.add(Fault("status", path="openid-configuration|uaa/oauth", status=404, times=0))
        text = text_of(add(server.url, auth="oauth2", client_id="registry", grant=grant, do="test"))
        assert "OAuth2 isn't offered there." in text
        assert "oauth2.server.enabled" in text
    assert not ExternalSystem.objects.exists()


def test_accounts_are_linked_and_unlinked_on_their_page() -> None:
    add(auth="oauth2", client_id="registry", people_sign_in="on")
    ada = browser_of("ada")
    page = f"{PAGE}accounts/"
    ada.post(page, {"do": "link", "person": "mo", "username": "mo.there"})
    assert LinkedAccount.objects.get().username == "mo.there"
    assert "mo.there" in text_of(ada.get(page))
    answer = ada.post(page, {"do": "link", "person": "nobody", "username": "x"})
    assert "nobody" in answer.context["form"].errors["person"][0]
    ada.post(page, {"do": "unlink", "person": "mo"})
    assert not LinkedAccount.objects.exists()
    assert ada.post(page, {"do": "unlink", "person": "mo"}).status_code == 404


def test_somebody_who_can_t_sign_in_with_a_dhis2_is_not_told_what_an_administrator_would_do() -> None:
    add(auth="oauth2", client_id="registry", people_sign_in="on")
    answer = Client().get("/sign-in/dhis2/hmis/")
    assert answer.status_code == 400
    assert "tell an administrator of this registry" in text_of(answer)
    assert "cgr system" not in text_of(answer)


def test_a_system_is_disabled_enabled_and_deleted_by_its_buttons() -> None:
    add()
    press("disable")
    assert not ExternalSystem.objects.get().enabled
    assert "disabled" in text_of(browser_of("ada").get("/settings/systems/"))
    press("enable")
    assert ExternalSystem.objects.get().enabled
    assert press("delete")["Location"] == "/settings/systems/"
    assert not ExternalSystem.objects.exists()


def test_a_system_in_use_says_by_what_and_stays() -> None:
    add()
    save_type(OPERATOR, TypeDefinition("country", "MOH", "Country"))
    save_hierarchy(OPERATOR, HierarchyDefinition("tree", "MOH", "Tree", {"country": {}}))
    mapping = SyncMapping(levels=(LevelMapping("country", SyncType.ORG_UNITS),))
    place = {"organization": "MOH", "hierarchy": "tree", "system": "hmis"}
    save_config(OPERATOR, code="all", label={"default": "All"}, settings=mapping, **place)
    assert "because it is in use: 1 synchronization configuration." in text_of(browser_of("ada").get(PAGE))
    assert "1 configuration de synchronisation" in text_of(browser_of("ada", french=True).get(PAGE))
    press("delete")
    assert ExternalSystem.objects.exists()


def test_a_maintainer_sees_the_list_and_no_way_to_change_it() -> None:
    add()
    mo = browser_of("mo")
    text = text_of(mo.get("/settings/systems/"))
    assert "National HMIS" in text
    assert PAGE not in text
    assert "/settings/systems/add/" not in text
    assert mo.get(PAGE).status_code == mo.get("/settings/systems/add/").status_code == 404


@pytest.mark.parametrize("button", ["save", "test", "disable", "enable", "delete", "registration"])
def test_another_organization_sees_nothing_and_changes_nothing(button: str) -> None:
    add()
    assert press(button, "xi", **given("https://evil.example.org", organization="NMCP")).status_code == 404
    assert "National HMIS" not in text_of(browser_of("xi").get("/settings/systems/"))
    row = ExternalSystem.objects.get()
    assert (row.url, row.enabled) == ("https://hmis.example.org", True)


def test_a_button_that_the_page_has_not_changes_nothing() -> None:
    add()
    before = ExternalSystem.objects.values().get()
    assert press("nonsense").status_code == 200
    assert ExternalSystem.objects.values().get() == before


def test_the_whole_table_of_versions_is_shown_in_both_languages() -> None:
    english = text_of(browser_of("mo").get("/settings/compatibility/"))
    french = text_of(browser_of("mo", french=True).get("/settings/compatibility/"))
    for row in compatibility_table():
        assert row.name in english
        assert row.verified in english
        assert row.verified not in french
    assert "2.35.2 et suivantes" in french


def test_what_the_rooms_below_say_to_the_pages_word_for_word_has_its_french() -> None:
    said = {text for row in compatibility_table() for text in (row.verified, row.notes) if text}
    for found in (
        legacy_registration(client_id="c", redirect_uri="u", grant="code"),
        legacy_registration(client_id="c", redirect_uri="u", grant="password"),
        registration(client_id="c", redirect_uri="u", secret="s"),
    ):
        said |= {found.versions, *found.steps}
    with translation.override("fr"):
        missing = [text for text in said if translation.gettext(text) == text]
        french = {str(text) for text in (*words.HAPPENED.values(), *words.NEXT_STEPS.values())}
    with translation.override("en"):
        english = {str(text) for text in (*words.HAPPENED.values(), *words.NEXT_STEPS.values())}
    assert not english & french
    assert not missing


def test_every_text_of_these_pages_is_in_the_catalogue() -> None:
    folder = Path(words.__file__).parents[1]
    used: set[str] = set()
    for template in (folder / "templates/web/systems").glob("*.html"):
        used |= set(re.findall(r'{% translate "(.*?)" %}', template.read_text()))
    for module in (folder / "systems").glob("*.py"):
        used |= set(re.findall(r'gettext(?:_lazy)?\(\s*"([^"]+)"\s*\)', module.read_text()))
    with translation.override("fr"):
        same = {text for text in used if translation.gettext(text) == text}
    assert same <= {"OAuth2", "Type", "Description", "Version"}
