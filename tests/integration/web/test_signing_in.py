"""Signing in as the pages do it: nothing tells who has an account, and trying doesn't go on for ever."""

from __future__ import annotations

import re
import runpy
import time
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client

from cgr.accounts.actions import add_user, deactivate, set_password
from cgr.accounts.actors import Actor
from cgr.accounts.models import User
from cgr.audit.queries import entries
from cgr.project import settings as project_settings

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "correct horse battery"
LONGEST_S = 60


@pytest.fixture(autouse=True)
def _people() -> None:
    add_user(OPERATOR, "ada", password=PASSWORD, role="system-administrator", email="ada@example.org")
    add_user(OPERATOR, "off", password=PASSWORD, role="system-administrator")


@pytest.fixture
def _mail(settings: SettingsWrapper) -> None:
    settings.EMAIL_CONFIGURED = True


def sign_in(client: Client, name: str = "ada", password: str = PASSWORD, **extra: str) -> HttpResponse:
    return client.post("/sign-in/", {"username": name, "password": password, **extra})


def plain(answer: HttpResponse, name: str) -> str:
    return re.sub(r'value="\w{64}"', "", answer.content.decode()).replace(name, "…")


def wait_for_mail() -> list[mail.EmailMessage]:
    deadline = time.monotonic() + LONGEST_S
    while not mail.outbox:
        assert time.monotonic() < deadline
        time.sleep(0.02)  # it is sent beside the request
    return mail.outbox


def test_an_unknown_name_and_a_wrong_password_get_the_same_page() -> None:
    known, unknown = sign_in(Client(), "ada", "wrong"), sign_in(Client(), "nobody", "wrong")
    assert known.status_code == unknown.status_code == 200
    assert plain(known, "ada") == plain(unknown, "nobody")


def test_after_five_wrong_passwords_the_right_one_doesn_t_help_either() -> None:
    client = Client()
    for _ in range(5):
        sign_in(client, password="wrong")
    answer = sign_in(client)
    assert answer.status_code == 200
    assert "Too many failed attempts" in answer.content.decode()
    assert sign_in(Client(), "off").status_code == 302  # somebody else is let in


def test_one_address_can_t_try_name_after_name() -> None:
    client = Client()
    answers = [sign_in(client, f"name{number}", "wrong").content.decode() for number in range(11)]
    assert "Too many failed attempts" in answers[-1]


def test_wrong_passwords_are_logged_for_names_that_exist_and_what_was_typed_never_is() -> None:
    sign_in(Client(), "ada", "my-other-password")
    sign_in(Client(), "my-password-in-the-wrong-field", "x")
    (entry,) = entries(kind="session")
    assert (entry.actor, entry.action) == ("ada", "fail to sign in")
    assert entry.origin.startswith("request:")
    assert "my-" not in "".join(f"{one} {one.before} {one.after}" for one in entries())


def test_signing_in_and_out_is_logged() -> None:
    client = Client()
    sign_in(client)
    client.post("/sign-out/")
    assert [entry.action for entry in entries(kind="session")] == ["sign out", "sign in"]


def test_a_link_to_elsewhere_isn_t_followed_after_signing_in() -> None:
    assert sign_in(Client(), next="https://evil.example.org/")["Location"] == "/"
    assert sign_in(Client(), next="/settings/account/")["Location"] == "/settings/account/"


def test_who_is_switched_off_gets_no_further_and_open_sessions_end() -> None:
    client = Client()
    sign_in(client, "off")
    assert client.get("/").status_code == 200
    deactivate(OPERATOR, "off")
    assert client.get("/").status_code == 302
    assert sign_in(Client(), "off")["Location"] == "/sign-in/switched-off/"


def test_a_new_password_ends_the_sessions_of_before() -> None:
    client = Client()
    sign_in(client)
    set_password(OPERATOR, "ada", password="another good one")
    assert client.get("/").status_code == 302


@pytest.mark.usefixtures("_mail")
def test_a_forgotten_password_is_replaced_by_a_link_that_works_once() -> None:
    client = Client()
    answer = client.post("/password/forgotten/", {"email": "ADA@example.org"})
    assert answer["Location"] == "/password/forgotten/sent/"
    (letter,) = wait_for_mail()
    assert letter.to == ["ada@example.org"]
    (link,) = re.findall(r"http://testserver(/password/new/\S+)", str(letter.body))
    page = client.get(link, follow=True)
    form = {"password1": "another good one", "password2": "another good one"}
    assert client.post(page.redirect_chain[-1][0], form)["Location"] == "/password/new/done/"
    assert User.objects.get(username="ada").check_password("another good one")
    assert "doesn't work any more" in Client().get(link, follow=True).content.decode()
    assert "set password" in {entry.action for entry in entries(kind="user", subject="ada")}


@pytest.mark.usefixtures("_mail")
def test_nobody_learns_from_a_forgotten_password_which_addresses_have_an_account() -> None:
    known, unknown = Client(), Client()
    answers = [
        client.post("/password/forgotten/", {"email": address}, follow=True)
        for client, address in ((known, "ada@example.org"), (unknown, "nobody@example.org"))
    ]
    assert plain(answers[0], "ada@example.org") == plain(answers[1], "nobody@example.org")
    assert [letter.to for letter in wait_for_mail()] == [["ada@example.org"]]


@pytest.mark.usefixtures("_mail")
def test_the_link_has_our_own_address_whatever_host_the_request_names(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.PUBLIC_URL = "https://registry.example.org"
    Client().post("/password/forgotten/", {"email": "ada@example.org"}, headers={"host": "evil.example.org"})
    (letter,) = wait_for_mail()
    assert "https://registry.example.org/password/new/" in str(letter.body)
    assert "evil" not in str(letter.body)


def test_without_a_mail_server_the_page_says_whom_to_ask() -> None:
    page = Client().get("/password/forgotten/").content.decode()
    assert "can't send e-mail" in page
    assert '<form class="fields' not in page
    Client().post("/password/forgotten/", {"email": "ada@example.org"})
    assert not mail.outbox


@pytest.mark.usefixtures("_mail")
def test_where_any_host_is_answered_and_our_address_isn_t_known_no_link_is_sent(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert "can't send e-mail" in Client().get("/password/forgotten/").content.decode()


def test_nobody_registers_themselves() -> None:
    client = Client()
    for path in ("/signup/", "/accounts/signup/", "/sign-up/"):
        assert client.get(path).status_code == 404


def test_a_form_without_its_token_is_refused_in_words() -> None:
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert "The form was too old" in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "secure"),
    [("https://registry.example.org", True), ("http://registry.example.org", False), ("", False)],
)
def test_with_a_public_address_by_https_cookies_travel_by_https_alone(
    address: str,
    secure: bool,  # noqa: FBT001 - a test's parameter
    monkeypatch: pytest.MonkeyPatch,
    settings: SettingsWrapper,
) -> None:
    monkeypatch.setenv("CGR_PUBLIC_URL", address)
    started = runpy.run_path(project_settings.__file__)  # as a process does that is started with it
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY"):
        setattr(settings, name, started[name])
    client = Client()
    cookie = client.get("/sign-in/", secure=secure).cookies["csrftoken"]
    session = client.post("/sign-in/", {"username": "ada", "password": PASSWORD}, secure=secure).cookies["sessionid"]
    assert (bool(cookie["secure"]), bool(session["secure"])) == (secure, secure)
    assert (cookie["httponly"], session["httponly"]) == (True, True)


@pytest.mark.parametrize("page", ["/settings/account/password/", "/settings/account/tokens/", "/confirm/"])
def test_who_has_no_password_is_told_so_where_one_is_asked_for(page: str) -> None:
    person = User.objects.get(username="ada")
    person.set_unusable_password()
    person.save()
    client = Client()
    client.force_login(person)
    account = client.get("/settings/account/").content.decode()
    assert "None: you sign in with a DHIS2." in account
    assert "/settings/account/password/" not in account
    for answer in (client.get(page), client.post(page, {"password": "", "password1": PASSWORD, "password2": PASSWORD})):
        assert answer.status_code == 403
        assert "Your account has no password" in answer.content.decode()
    set_password(OPERATOR, "ada", password=PASSWORD)
    assert sign_in(client).status_code == 302
    assert client.get("/settings/account/password/").status_code == 200
