"""The pages of people and of the audit log, as an administrator of one organization uses them."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from cgr.accounts.actions import add_user, save_organization
from cgr.accounts.actors import Actor, actor_of
from cgr.accounts.models import ApiToken, User
from cgr.audit import actions as audit

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _people() -> None:
    for code in ("MOH", "NMCP"):
        save_organization(OPERATOR, code, label={"default": f"{code} label"})
    add_user(OPERATOR, "root", password=PASSWORD, role="system-administrator")
    add_user(OPERATOR, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    add_user(OPERATOR, "xi", password=PASSWORD, role="registry-administrator", organization="NMCP")


def browser_of(name: str, *, confirmed: bool = True) -> Client:
    client = Client()
    user = User.objects.get(username=name)
    client.force_login(user)
    if confirmed:
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def add(client: Client, **given: str) -> HttpResponse:
    form = {"name": "mo", "password": PASSWORD, "role": "registry-maintainer", "organization": "MOH", **given}
    return client.post("/settings/people/add/", form)


def test_a_person_is_added_and_seen_by_the_own_administrator_only() -> None:
    ada = browser_of("ada")
    assert add(ada, types="facility district", email="mo@example.org")["Location"] == "/settings/people/"
    (grant,) = actor_of(User.objects.get(username="mo")).memberships
    assert (grant.role, grant.types) == ("registry-maintainer", {"facility", "district"})
    assert "mo@example.org" in text_of(ada.get("/settings/people/"))
    assert "mo@example.org" not in text_of(browser_of("xi").get("/settings/people/"))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": "ADA"}, "is taken"),
        ({"name": "two words"}, "be a sign-in name"),
        ({"password": "short"}, "too short"),
        ({"organization": "NMCP"}, "not one of the available choices"),
        ({"role": "system-administrator", "organization": ""}, "not one of the available choices"),
        ({"organization": ""}, "belongs to an organization"),
        ({"email": "nobody"}, "valid email address"),
    ],
)
def test_what_can_t_be_is_told_at_the_form_and_nothing_typed_is_lost(given: dict[str, str], told: str) -> None:
    answer = add(browser_of("ada"), **given)
    assert answer.status_code == 200
    assert told in text_of(answer)
    assert f'value="{given.get("name", "mo")}"' in text_of(answer)
    assert PASSWORD not in text_of(answer)
    assert not User.objects.filter(username="mo").exists()


def test_adding_people_asks_who_it_is_first() -> None:
    answer = add(browser_of("ada", confirmed=False))
    assert answer["Location"].startswith("/confirm/?next=")
    assert not User.objects.filter(username="mo").exists()


def test_what_waited_for_the_password_is_done_after_it() -> None:
    client = browser_of("ada", confirmed=False)
    waiting = add(client)["Location"]
    assert client.post(waiting, {"password": "wrong"}).status_code == 200
    assert not User.objects.filter(username="mo").exists()
    client.post(waiting, {"password": PASSWORD, "next": "/settings/people/add/"})
    assert User.objects.filter(username="mo").exists()


def test_roles_are_given_and_taken_and_accounts_switched_on_the_person_s_page() -> None:
    ada = browser_of("ada")
    add(ada)
    page = f"/settings/people/{User.objects.get(username='mo').pk}/"
    ada.post(page, {"do": "give-role", "role": "api-consumer", "organization": "MOH"})
    assert actor_of(User.objects.get(username="mo")).memberships[0].role == "api-consumer"
    ada.post(page, {"do": "deactivate"})
    assert not User.objects.get(username="mo").is_active
    ada.post(page, {"do": "activate"})
    assert User.objects.get(username="mo").is_active
    answer = ada.post(page, {"do": "end-role", "organization": "MOH"})
    assert answer["Location"] == "/settings/people/"  # who has no role here any more is nobody here knows
    assert ada.get(page).status_code == 404


@pytest.mark.parametrize("asked", ["", "nonsense", "give-role", "revoke-instance", "end-role"])
def test_a_form_that_nobody_s_page_sends_changes_nothing(asked: str) -> None:
    ada = browser_of("ada")
    own = User.objects.get(username="ada")
    answer = ada.post(f"/settings/people/{own.pk}/", {"do": asked})
    assert answer.status_code in {200, 404}
    assert [grant.role for grant in actor_of(own).memberships] == ["registry-administrator"]
    assert User.objects.get(username="root").is_system_administrator


def test_the_last_system_administrator_is_told_so_on_the_page() -> None:
    root = User.objects.get(username="root")
    answer = browser_of("root").post(f"/settings/people/{root.pk}/", {"do": "deactivate"})
    assert "root is the last System Administrator" in text_of(answer)
    assert User.objects.get(username="root").is_active


def test_names_are_shown_as_text_whatever_is_in_them() -> None:
    save_organization(OPERATOR, "EVIL", label={"default": "<script>alert(1)</script>"})
    add_user(OPERATOR, "evil", password=PASSWORD, role="api-consumer", organization="EVIL")
    audit.record("evil", "change", kind="<b>", subject="<img src=x>", after={"a": "<script>alert(2)</script>"})
    root = browser_of("root")
    for page in ("/settings/people/", "/settings/audit/", "/settings/people/add/"):
        assert "<script>" not in text_of(root.get(page))
        assert "<img" not in text_of(root.get(page))


def test_a_token_is_on_the_page_that_made_it_and_on_no_other() -> None:
    ada = browser_of("ada")
    answer = ada.post("/settings/account/tokens/", {"name": "etl", "scopes": ["read"], "days": "7"})
    (token,) = [word for word in text_of(answer).replace("<", " ").replace(">", " ").split() if word[:4] == "cgr_"]
    assert answer["Cache-Control"] == "no-store, private"
    assert token not in text_of(ada.get("/settings/account/tokens/"))
    ada.post("/settings/account/tokens/revoke/", {"name": "etl"})
    assert not ApiToken.objects.exists()


def test_the_log_is_filtered_by_what_the_address_says() -> None:
    root = browser_of("root")
    page = text_of(root.get("/settings/audit/", {"kind": "membership", "organization": "NMCP"}))
    assert "role · xi" in page
    assert "membership · ada" not in page
    assert "create · membership" not in text_of(root.get("/settings/audit/", {"who": "banda"}))
    assert "Enter a valid date" in text_of(root.get("/settings/audit/", {"since": "yesterday"}))


def test_it_goes_on_a_page_at_a_time_without_losing_the_filter() -> None:
    audit.record_many(
        "cli:test", [audit.Entry("create", "geo-object", f"F{number:03}", "MOH") for number in range(150)]
    )
    ada = browser_of("ada")
    first = text_of(ada.get("/settings/audit/", {"kind": "geo-object"}))
    (address,) = [part.split('"')[0] for part in first.split('href="?')[1:]]
    second = text_of(ada.get(f"/settings/audit/?{address.replace('&amp;', '&')}"))
    assert ("F149" in first, "F050" in first, "F049" in first) == (True, True, False)
    assert ("F049" in second, "F000" in second, "F050" in second) == (True, True, False)
    assert "Older entries" not in second


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 30, "²"])
def test_a_place_in_the_log_that_isn_t_one_is_no_error(before: str) -> None:
    assert browser_of("root").get("/settings/audit/", {"before": before}).status_code == 200


def test_as_csv_it_can_be_opened_in_a_spreadsheet_without_doing_anything() -> None:
    audit.record("cli:test", "create", kind="geo-object", subject="\uff1dHYPERLINK(2)", organization="MOH")
    audit.record("cli:test", "create", kind="geo-object", subject="=HYPERLINK(1)", organization="MOH", after={"a": "é"})
    answer = browser_of("ada").get("/settings/audit.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["subject"] for row in rows[:2]] == ["'=HYPERLINK(1)", "'\uff1dHYPERLINK(2)"]
    assert rows[0]["after"] == '{"a": "é"}'
    assert {row["organization"] for row in rows} == {"MOH"}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "@"}]


def test_what_the_log_shows_takes_a_fixed_number_of_questions(django_assert_max_num_queries: object) -> None:
    audit.record_many("cli:test", [audit.Entry("create", "geo-object", f"F{number}", "MOH") for number in range(100)])
    client = browser_of("ada")
    with django_assert_max_num_queries(15):  # type: ignore[operator]
        client.get("/settings/audit/")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        client.get("/settings/people/")
