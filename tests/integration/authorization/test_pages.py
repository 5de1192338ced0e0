"""Every address × every role × the own and another organization, against the table in the docs; and every header."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.models import User

from .pages import ask, browser_of, filled, routes, shown, verdict
from .test_actions import table
from .world import ROLES, make_place, offer_to_people

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor

    from .world import Place

pytestmark = pytest.mark.django_db
PAGES = table("Pages")
_MODEST = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_every_address_has_a_row_and_there_are_no_others() -> None:
    assert PAGES.keys() == routes()


@pytest.mark.parametrize("route", PAGES)
def test_a_page_is_there_for_the_roles_that_the_table_says(route: str, own: Place, cast: dict[str, Actor]) -> None:
    offer_to_people(own)
    found = [verdict(ask(browser_of(None), filled(route, own)))]
    for role in ROLES:
        own.session = cast[role].user_id and _session_of(cast[role])
        found.append(verdict(ask(browser_of(cast[role]), filled(route, own))))
    assert found == PAGES[route]


def _session_of(actor: Actor) -> int:
    return User.objects.get(pk=actor.user_id).usersession_set.earliest("pk").pk


@pytest.mark.parametrize("role", [role for role in ROLES if role != "system-administrator"])
def test_nothing_of_another_organization_is_in_any_page_header_or_file_name(role: str, cast: dict[str, Actor]) -> None:
    zulu = make_place("zulu")
    client = browser_of(cast[role])
    seen = {route: shown(ask(client, filled(route, zulu))).lower() for route in PAGES if "sign-out" not in route}
    asked = (f"/settings/people/{zulu.member.pk}/", "external system &quot;zulu-system&quot;", "/systems/zulu-system/")
    told = {route for route, text in seen.items() if "zulu" in _without(asked, text)}
    assert not told
    assert zulu.code in shown(browser_of(cast["system-administrator"]).get("/settings/audit.csv"))


def _without(asked: Iterable[str], text: str) -> str:
    """Leave out what somebody typed themselves and is told again, and what chance wrote, which may be any word."""
    for part in asked:
        text = text.replace(part, "")
    return _without_tokens(text)


def _without_tokens(text: str) -> str:
    return re.sub(r"\b\w{64}\b", "", text)


def test_filters_by_another_organization_say_no_more_than_those_by_none_at_all(cast: dict[str, Actor]) -> None:
    make_place("zulu")
    client = browser_of(cast["registry-administrator"])
    foreign, absent = (
        [
            _without_tokens(shown(client.get(page, {"organization": code}))).replace(code, "…")
            for page in ("/settings/audit/", "/settings/audit.csv")
        ]
        for code in ("ZULU", "XXXX")
    )
    assert _without_ids(foreign) == _without_ids(absent)


def _without_ids(texts: list[str]) -> list[str]:
    return [re.sub(r"'X-Request-ID': '\w+'", "", text) for text in texts]


@pytest.mark.parametrize("route", [*PAGES, "/nowhere/", "/static/web/css/base.css"])
def test_every_answer_has_every_header_and_nothing_inline(route: str, own: Place, cast: dict[str, Actor]) -> None:
    for actor in (None, cast["system-administrator"]):
        answer = ask(browser_of(actor), filled(route, own), secure=True)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert {name: answer[name] for name in _MODEST} == _MODEST
        assert "camera=()" in answer["Permissions-Policy"]
        assert answer["Strict-Transport-Security"] == "max-age=31536000"
        text = shown(answer)  # read to its end, which closes a file
        if "static" not in route:
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
            assert len(answer["X-Request-ID"]) == 32
        if answer.get("Content-Type", "").startswith("text/html"):
            assert answer["Cache-Control"] == "no-store, private"


def test_over_plain_http_nothing_insists_on_https(own: Place) -> None:
    assert "Strict-Transport-Security" not in browser_of(None).get(filled("/sign-in/", own))
