"""`cgr user`, `cgr token` and `cgr audit`: people as the operator of the machine handles them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actors import actor_of_token
from cgr.accounts.models import User
from cgr.core.errors import NotAllowed

if TYPE_CHECKING:
    from .conftest import Run

pytestmark = pytest.mark.django_db
CONFIG = "version: 1\norganizations: [{code: MOH, label: Health}, {code: NMCP, label: Malaria}]\n"
PASSWORD = "correct horse battery\n"


@pytest.fixture
def people(cgr: Run) -> Run:
    assert cgr("config", "apply", "-", stdin=CONFIG)[0] == 0
    add = ("user", "add", "--password-stdin")
    assert cgr(*add, "root", "--role", "system-administrator", stdin=PASSWORD)[0] == 0
    role = ("--role", "registry-maintainer", "--organization", "MOH", "--type", "facility")
    assert cgr(*add, "mo", *role, "--email", "mo@example.org", stdin=PASSWORD)[0] == 0
    return cgr


def test_people_are_listed_with_their_roles(people: Run) -> None:
    document = json.loads(people("user", "list", "--json")[1])
    assert [(one["user"], one["system_administrator"]) for one in document["users"]] == [("mo", False), ("root", True)]
    assert document["users"][0]["roles"] == [
        {"organization": "MOH", "role": "registry-maintainer", "types": ["facility"]}
    ]
    assert "mo: registry-maintainer of MOH" in people("user", "list")[1]


def test_roles_are_given_and_taken(people: Run) -> None:
    assert people("user", "role", "mo", "--role", "api-consumer", "--organization", "NMCP")[0] == 0
    assert people("user", "role", "mo", "--role", "system-administrator")[0] == 0
    assert "mo: system-administrator, registry-maintainer of MOH, api-consumer of NMCP" in people("user", "list")[1]
    assert people("user", "end-role", "mo", "--organization", "MOH")[0] == 0
    assert people("user", "end-role", "mo")[0] == 0
    assert "mo: api-consumer of NMCP" in people("user", "list")[1]


def test_the_last_system_administrator_stays(people: Run) -> None:
    for command in (("user", "end-role", "root"), ("user", "deactivate", "root")):
        status, out, _ = people(*command, "--json")
        assert (status, json.loads(out)["error"]["code"]) == (2, "last-system-administrator")


def test_what_a_person_signs_in_with_can_be_changed(people: Run) -> None:
    assert people("user", "password", "mo", "--password-stdin", stdin="another good one\n")[0] == 0
    assert people("user", "email", "mo", "")[0] == 0
    assert people("user", "reset-second-factor", "mo")[0] == 0
    assert people("user", "deactivate", "mo")[0] == 0
    user = User.objects.get(username="mo")
    assert user.check_password("another good one")
    assert (user.email, user.is_active) == ("", False)
    assert people("user", "activate", "mo")[0] == 0


def test_a_token_is_printed_alone_and_once_and_revoked(people: Run) -> None:
    status, out, err = people("token", "create", "nightly", "--user", "mo", "--scope", "sync")
    token = out.strip()
    assert (status, "shown only now" in err) == (0, True)
    assert actor_of_token(token).name == "mo (token nightly)"
    listed = people("token", "list", "--user", "mo", "--json")[1]
    assert json.loads(listed)["tokens"][0]["scopes"] == ["sync"]
    assert token not in listed + people("token", "list")[1]
    assert people("token", "revoke", "nightly", "--user", "mo")[0] == 0
    with pytest.raises(NotAllowed):
        actor_of_token(token)


@pytest.mark.parametrize(
    "command",
    [
        ("token", "create", "x", "--user", "nobody", "--scope", "read"),
        ("token", "revoke", "x", "--user", "mo"),
        ("user", "deactivate", "nobody"),
        ("user", "role", "nobody", "--role", "api-consumer", "--organization", "MOH"),
        ("user", "end-role", "mo", "--organization", "NMCP"),
    ],
)
def test_what_isn_t_there_is_told_in_words(people: Run, command: tuple[str, ...]) -> None:
    status, out, _ = people(*command, "--json")
    assert (status, json.loads(out)["error"]["code"]) == (2, "unknown-or-not-allowed")


def test_the_audit_log_comes_as_one_object_a_line_with_one_mark_for_each_command(people: Run) -> None:
    lines = [json.loads(line) for line in people("audit", "export")[1].splitlines()]
    added = [line for line in lines if line["subject"] == "mo"]
    assert [(line["action"], line["kind"]) for line in added] == [("create", "membership"), ("create", "user")]
    assert len({line["origin"] for line in added}) == 1
    assert added[0]["origin"].startswith("command:")
    assert len({line["origin"] for line in lines}) == 3
    assert added[0]["actor"].startswith("cli:")
    assert PASSWORD.strip() not in str(lines)


def test_it_can_be_limited(people: Run) -> None:
    def count(*filters: str) -> int:
        return len(people("audit", "export", *filters)[1].splitlines())

    assert count() == 5
    assert count("--kind", "user") == 2
    assert count("--organization", "MOH") == 3
    assert count("--from", "2999-01-01") == 0
    assert count("--to", "1999-01-01") == 0
    assert count("--who", "cli:") == 5
    status, _, err = people("audit", "export", "--from", "yesterday")
    assert status == 2
    assert "yyyy-MM-dd" in err
