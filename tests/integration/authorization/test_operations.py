"""Every operation of the API × every role, scope and organization, against the table in the docs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from cgr.accounts.actions import create_token
from cgr.accounts.models import User
from cgr.accounts.policy import SCOPES

from .operations import SHARED_BY_ALL, ask, let_through, operations
from .pages import api_routes, browser_of
from .test_actions import table
from .world import ROLES

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor

    from .world import Place

pytestmark = pytest.mark.django_db
OPERATIONS = table("REST API")


def test_every_operation_has_a_row_and_there_are_no_others() -> None:
    assert OPERATIONS.keys() == operations()


def test_no_address_of_the_api_is_none_of_an_operation() -> None:
    below = {re.sub(r"<(?:path:)?(\w+)>", r"{\1}", route).removeprefix("/api/v1") for route in api_routes()}
    assert below - {label.partition(" ")[2] for label in OPERATIONS} == {"/openapi.json", "/", "/api(?:/.*)?"}


def tried(label: str, place: Place, token: str | None) -> bool:
    """Ask, and undo it."""
    with transaction.atomic():
        found = let_through(label, place, ask(Client(), label, place, token))
        transaction.set_rollback(True)
    return found


def token_of(actor: Actor, *scopes: str) -> str:
    return create_token(actor, "-".join(scopes), scopes=scopes, days=1)


def test_an_operation_lets_through_whom_the_table_says_in_their_own_organization_only(
    own: Place, other: Place, cast: dict[str, Actor]
) -> None:
    tokens = {role: token_of(cast[role], *SCOPES) for role in ROLES}
    narrow = {scope: token_of(cast["system-administrator"], scope) for scope in SCOPES}
    pairs = {"write+sync": token_of(cast["system-administrator"], "write", "sync")}
    found: dict[str, list[str]] = {}
    elsewhere: dict[str, set[str]] = {}
    for label in OPERATIONS:
        scopes = [scope for scope, token in narrow.items() if tried(label, own, token)]
        scopes = scopes or [scope for scope, token in pairs.items() if tried(label, own, token)]
        roles = ["✓" if tried(label, own, token) else "–" for token in (None, *tokens.values())]
        found[label] = [" ".join(scopes), *roles]
        elsewhere[label] = {role for role, token in tokens.items() if tried(label, other, token)}

    assert found == OPERATIONS
    assert {label for label, roles in elsewhere.items() if not roles <= {"system-administrator"}} == SHARED_BY_ALL


def test_what_is_of_another_organization_is_not_there_in_the_same_words(other: Place, cast: dict[str, Actor]) -> None:
    token = token_of(cast["registry-administrator"], *SCOPES)
    told = {}
    for label in ("GET /types/{code}", "GET /systems/{code}", "GET /syncs/{code}", "GET /runs/{run}"):
        answer = ask(Client(), label, other, token)
        assert answer.status_code == 404
        told[label] = answer.json()["code"]
    assert set(told.values()) == {"unknown-or-not-allowed"}


def test_a_session_reads_and_changes_something_only_with_the_token_against_forgery(
    own: Place, cast: dict[str, Actor]
) -> None:
    actor = cast["registry-administrator"]
    assert browser_of(actor).get("/api/v1/whoami").json()["scopes"] is None
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(User.objects.get(pk=actor.user_id))
    refused = browser.post(f"/api/v1/systems/{own.system.code}/disable")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf-failed")
    browser.get("/settings/account/password/")
    token = browser.cookies["csrftoken"].value
    taken = browser.post(f"/api/v1/systems/{own.system.code}/disable", headers={"X-CSRFToken": token})
    assert taken.status_code == 200
    assert taken.json()["enabled"] is False
