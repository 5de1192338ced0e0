"""The DHIS2 app of a system: for whoever may see the system, from the address the registry is told to have."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, Grant
from cgr.audit import queries as audit
from cgr.core.errors import NotAllowed
from cgr.systems.actions import save_system
from cgr.systems.plugin import dhis2_app
from cgr.systems.signing_in import BASIC, SignIn

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)


@pytest.fixture(autouse=True)
def _a_system_and_an_address(settings):
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    save_organization(OPERATOR, "MOH", label={"default": "Health"})
    register("National HMIS")


def register(label: str) -> None:
    save_system(
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": label},
        url="https://hmis.example.org",
        sign_in=SignIn(BASIC, "cgr", "s3cret-password"),
    )


def member(role: str, organization: str = "MOH") -> Actor:
    return Actor("somebody", memberships=(Grant(organization, role),))


def version_of(content: bytes) -> tuple[int, ...]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return tuple(map(int, json.loads(archive.read("manifest.webapp"))["version"].split(".")))


def test_the_app_names_the_system_and_leads_to_the_registry_and_holds_no_secret():
    content = dhis2_app(OPERATOR, "hmis")
    assert b"National HMIS" in content
    assert b'href="https://registry.example.org/"' in content
    assert b"s3cret-password" not in content


def test_it_is_the_same_until_the_system_changes_and_then_has_a_higher_version():
    first = dhis2_app(OPERATOR, "hmis")
    assert dhis2_app(OPERATOR, "hmis") == first
    register("HMIS of the ministry")
    assert version_of(dhis2_app(OPERATOR, "hmis")) > version_of(first)


@pytest.mark.parametrize("role", ["registry-administrator", "registry-maintainer", "registry-contributor"])
def test_whoever_may_see_the_system_gets_its_app_and_that_is_reading(role):
    before = audit.entries().count()
    assert dhis2_app(member(role), "hmis") == dhis2_app(OPERATOR, "hmis")
    assert audit.entries().count() == before


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        (member("api-consumer"), "hmis"),
        (member("registry-administrator", "NMCP"), "hmis"),
        (OPERATOR, "nowhere"),
    ],
)
def test_whoever_may_not_see_it_is_answered_as_if_it_did_not_exist(actor, code):
    with pytest.raises(NotAllowed) as refused:
        dhis2_app(actor, code)
    assert (refused.value.code, refused.value.message) == (
        "unknown-or-not-allowed",
        f'There is no external system "{code}" that you may use.',
    )


def test_without_a_public_address_it_leads_to_where_the_registry_listens(settings):
    settings.PUBLIC_URL, settings.BROWSER_URL = "", "http://127.0.0.1:8077"
    assert b'href="http://127.0.0.1:8077/"' in dhis2_app(OPERATOR, "hmis")
