"""Sign in with DHIS2 (R2.2): it finds the person who is linked, and never makes people or rights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor, Grant, actor_of
from cgr.accounts.models import User
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed
from cgr.systems import queries
from cgr.systems.actions import disable_system
from cgr.systems.linking import link_account, linked_accounts, unlink_account
from cgr.systems.models import LinkedAccount, SystemTokens
from cgr.systems.signing_in import SignIn

from .oauth_stage import OPERATOR, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "sun-and-rain-9"


@pytest.fixture
def stage(stage_of: Callable[[str], Stage], request: pytest.FixtureRequest) -> Stage:
    """A DHIS2 that people may sign in with, a second account there, and Ada and Mo here."""
    found = stage_of(getattr(request, "param", "2.42"))
    found.register(people_sign_in=True)
    found.add_user("ada.there", "UsAdaThere1")
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "mo", password=PASSWORD, role="registry-maintainer", organization="MOH")
    add_user(OPERATOR, "root", password=PASSWORD, role="system-administrator")
    return found


BOTH = pytest.mark.parametrize("stage", ["2.36", "2.42"], indirect=True)


def browse(stage: Stage, here: Client, *, username: str = "ada.there", refuse: bool = False):
    """Press the link on the sign-in page, sign in at DHIS2, and come back."""
    page = here.get("/sign-in/").content.decode()
    (link,) = re.findall(r'href="(/sign-in/dhis2/[^"]+)"', page)
    there = here.get(link)
    assert there.status_code == 302
    password = "district" if username == "admin" else "Another-9"
    back = stage.consent(there["location"], username=username, password=password, refuse=refuse)
    return here.get(back.removeprefix("http://127.0.0.1:8000"))


def who(here: Client) -> str | None:
    key = here.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


@BOTH
def test_a_linked_person_signs_in_with_the_account_of_dhis2(stage: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    here = Client()

    assert browse(stage, here).status_code == 302

    assert who(here) == "ada"
    assert here.get("/").status_code == 200
    assert not SystemTokens.objects.exists()
    entry = next(entry for entry in entries(kind="person") if entry.action == "sign in")
    assert (entry.actor, entry.after) == ("ada", {"system": "hmis", "account": "ada.there"})


@BOTH
def test_an_account_that_is_not_linked_makes_nobody_and_signs_nobody_in(stage: Stage) -> None:
    here = Client()
    people = User.objects.count()

    answer = browse(stage, here)

    assert answer.status_code == 403
    assert "Nobody here is linked" in answer.content.decode()
    assert who(here) is None
    assert User.objects.count() == people


@pytest.mark.usefixtures("stage")
def test_a_link_gives_no_rights() -> None:
    before = actor_of(User.objects.get(username="mo"))
    link_account(OPERATOR, "hmis", person="mo", username="ada.there")
    assert actor_of(User.objects.get(username="mo")) == before


def test_from_the_first_sign_in_on_the_id_counts_and_not_the_name(stage: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="Ada.There")
    browse(stage, Client())
    assert LinkedAccount.objects.get().dhis2_id == "UsAdaThere1"

    users = stage.server.world.objects["users"]
    users["UsAnother01"] = {**users.pop("UsAdaThere1"), "id": "UsAnother01"}
    here = Client()

    assert browse(stage, here).status_code == 403
    assert who(here) is None


def test_a_person_who_is_signed_in_links_their_own_account(stage: Stage) -> None:
    here = Client()
    here.login(username="mo", password=PASSWORD)
    assert here.get("/systems/hmis/link/").status_code == 405

    asked = here.post("/systems/hmis/link/")
    assert asked["location"] == "/confirm/?next=%2Fsystems%2Fhmis%2Flink%2F"  # from then on that account opens this one
    page = here.post(asked["location"], {"password": PASSWORD}).content.decode()
    (url,) = re.findall(r'href="(http[^"]+)"', page)
    back = stage.consent(url.replace("&amp;", "&"), username="ada.there", password="Another-9")
    answer = here.get(back.removeprefix("http://127.0.0.1:8000"))

    assert answer.status_code == 200
    assert linked_accounts(OPERATOR, "hmis") == [{"person": "mo", "account": "ada.there", "used": True, "by": "mo"}]
    here.logout()
    browse(stage, here)
    assert who(here) == "mo"
    unlink_account(Actor("mo", User.objects.get(username="mo").pk), "hmis", person="mo")
    assert not LinkedAccount.objects.exists()


def test_an_administrator_connects_a_system_in_the_browser(stage: Stage) -> None:
    here = Client()
    here.login(username="ada", password=PASSWORD)

    page = here.post("/systems/hmis/authorize/").content.decode()
    (url,) = re.findall(r'href="(http[^"]+)"', page)
    answer = here.get(stage.consent(url.replace("&amp;", "&")).removeprefix("http://127.0.0.1:8000"))

    assert answer.status_code == 200
    assert SystemTokens.objects.get().username == "admin"


def test_an_answer_counts_once_and_only_in_the_browser_that_began(stage: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    here, elsewhere = Client(), Client()
    there = here.get("/sign-in/dhis2/hmis/")
    elsewhere.get("/sign-in/dhis2/hmis/")
    back = stage.consent(there["location"], username="ada.there", password="Another-9")
    path = back.removeprefix("http://127.0.0.1:8000")

    assert elsewhere.get(path).status_code == 400
    assert Client().get(path).status_code == 400
    assert here.get(path).status_code == 302
    here.logout()
    assert here.get(path).status_code == 400
    assert who(here) is None
    assert who(elsewhere) is None


def test_an_account_that_was_switched_off_here_stays_out(stage: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    User.objects.filter(username="ada").update(is_active=False)
    here = Client()
    assert browse(stage, here).status_code == 403
    assert who(here) is None


def test_a_refusal_of_consent_is_told_on_a_page(stage: Stage) -> None:
    answer = browse(stage, Client(), refuse=True)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.usefixtures("stage")
def test_who_links_has_to_manage_all_that_the_person_may_do() -> None:
    ada = Actor("ada", 7, memberships=(Grant("MOH", "registry-administrator"),))
    save_organization(OPERATOR, "NMCP", label={"default": "Malaria"})
    add_user(OPERATOR, "xi", password=PASSWORD, role="registry-maintainer", organization="NMCP")

    link_account(ada, "hmis", person="mo", username="mo.there")
    answers = set()
    for person in ("root", "xi", "nobody"):
        with pytest.raises(NotAllowed) as caught:
            link_account(ada, "hmis", person=person, username="ada.there")
        answers.add(caught.value.message.replace(person, "…"))
    assert len(answers) == 1
    with pytest.raises(NotAllowed):
        link_account(
            Actor("mo", 8, memberships=(Grant("MOH", "registry-maintainer"),)), "hmis", person="mo", username="x"
        )
    with pytest.raises(NotAllowed):
        unlink_account(Actor("xi", 9), "hmis", person="mo")


@pytest.mark.usefixtures("stage")
def test_one_account_is_one_person() -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    with pytest.raises(BadInput) as caught:
        link_account(OPERATOR, "hmis", person="mo", username="ADA.there")
    assert caught.value.code == "account-linked"
    assert [row["person"] for row in linked_accounts(OPERATOR, "hmis")] == ["ada"]


def test_a_system_that_moves_loses_its_links(stage: Stage) -> None:
    link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    stage.save(
        SignIn("oauth2", client_id="registry", grant="code", secret="x" * 36, people_sign_in=True),
        url="https://elsewhere.example.org",
    )
    assert not LinkedAccount.objects.exists()


def test_only_systems_that_offer_it_are_on_the_sign_in_page(stage: Stage) -> None:
    assert "/sign-in/dhis2/hmis/" in Client().get("/sign-in/").content.decode()
    disable_system(OPERATOR, "hmis")
    assert "dhis2" not in Client().get("/sign-in/").content.decode()
    assert Client().get("/sign-in/dhis2/hmis/").status_code == 404
    stage.save(SignIn("basic", "admin", "district"))
    assert not queries.open_to_people().exists()
    with pytest.raises(BadInput) as caught:
        link_account(OPERATOR, "hmis", person="ada", username="ada.there")
    assert caught.value.code == "no-people-sign-in"
