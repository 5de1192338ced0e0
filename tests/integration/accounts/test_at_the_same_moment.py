"""Two who make the same thing at the same moment: the second is told so, in the words for whoever comes later."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction

from cgr.accounts.actions import add_user, create_token, save_organization, set_membership
from cgr.accounts.actors import local_operator
from cgr.accounts.models import Membership, Organization, User
from cgr.core.errors import BadInput
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)
OPERATOR = local_operator()
PASSWORD = "correct horse battery"
LONGEST_S = 120


def at_once(first: Callable[[], object], second: Callable[[], object]) -> Exception | None:
    """Begin the second while the first has done its work and hasn't committed it; give how the second was refused."""
    refused: list[Exception] = []
    session: list[int] = []

    def make() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                session.append(cursor.fetchone()[0])
            second()
        except Exception as error:  # noqa: BLE001 - what it is, is what the test is about
            refused.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=make)
    with transaction.atomic():
        first()
        other.start()
        until = time.monotonic() + LONGEST_S
        while other.is_alive() and not waits(session) and time.monotonic() < until:
            time.sleep(0.005)
    other.join(LONGEST_S)
    assert not other.is_alive()
    return refused[0] if refused else None


def waits(session: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(pid)) > 0 FROM unnest(%s::int[]) AS pid", [session])
        row = cursor.fetchone()
    return bool(row and row[0])


def code_of(error: Exception | None) -> str:
    assert isinstance(error, BadInput), repr(error)
    return error.code


def test_who_makes_what_another_is_just_making_is_told_that_it_is_there() -> None:
    organization = partial(save_organization, OPERATOR, "MOH", new=True)
    ministry = partial(organization, label={"default": "Ministry"})
    assert code_of(at_once(ministry, ministry)) == "code-taken"
    system = partial(
        save_system,
        OPERATOR,
        "hmis",
        organization="MOH",
        label={"default": "HMIS"},
        url="https://hmis.example.org",
        sign_in=SignIn("basic", "cgr", "s3cret"),
        new=True,
    )
    assert code_of(at_once(system, system)) == "code-taken"
    person = partial(add_user, OPERATOR, password=PASSWORD, role="registry-contributor", organization="MOH")
    assert code_of(at_once(lambda: person("amina"), lambda: person("Amina"))) == "user-exists"
    token = partial(create_token, OPERATOR, "nightly", scopes=["read"], days=1, owner="amina")
    assert code_of(at_once(token, token)) == "token-exists"


def test_who_saves_what_another_is_just_making_changes_it() -> None:
    save = partial(save_organization, OPERATOR, "MOH")
    assert at_once(lambda: save(label={"default": "Ministry"}), lambda: save(label={"default": "Health"})) is None
    assert Organization.objects.get().label == {"default": "Health"}
    User.objects.create_user("amina")
    give = partial(set_membership, OPERATOR, "amina", organization="MOH")
    assert at_once(lambda: give(role="registry-administrator"), lambda: give(role="registry-contributor")) is None
    assert [one.role for one in Membership.objects.all()] == ["registry-contributor"]
