"""Systems that are disabled, deleted, or tried: what is refused, in words, and what isn't (R0.5, R1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, CgrError, NotAllowed
from cgr.sandbox.faults import Fault
from cgr.systems import queries
from cgr.systems.actions import delete_system, disable_system, enable_system
from cgr.systems.connection import check, open_client
from cgr.systems.signing_in import SignIn

from .oauth_stage import OPERATOR, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

ALL_NEEDED = ("F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE", "F_ORGUNITGROUP_PUBLIC_ADD")


@pytest.fixture
def stage(stage_of: Callable[[str], Stage]) -> Stage:
    found = stage_of("2.42")
    found.save(SignIn("basic", "admin", "district"))
    return found


def hmis():
    return queries.system(OPERATOR, "hmis")


@pytest.mark.usefixtures("stage")
def test_nothing_is_read_from_a_disabled_system_and_its_connection_can_be_tried() -> None:
    assert disable_system(OPERATOR, "hmis").fields == {"enabled": {"from": True, "to": False}}
    assert disable_system(OPERATOR, "hmis").unchanged

    with pytest.raises(BadInput) as caught:
        open_client(hmis())
    assert caught.value.code == "system-disabled"
    assert "cgr system enable hmis" in caught.value.next_step
    assert check(OPERATOR, hmis()).user == "admin"

    enable_system(OPERATOR, "hmis")
    with open_client(hmis()) as client:
        assert client.me().username == "admin"
    assert [entry.after for entry in entries(kind="system") if "enabled" in (entry.after or {})][:2] == [
        {"enabled": True},
        {"enabled": False},
    ]


@pytest.mark.usefixtures("stage")
def test_only_an_administrator_switches_and_deletes() -> None:
    for role in ("registry-maintainer", "api-consumer"):
        actor = Actor("mo", 7, memberships=(Grant("MOH", role),))
        for ask in (disable_system, enable_system, delete_system):
            with pytest.raises(NotAllowed):
                ask(actor, "hmis")


@pytest.mark.parametrize("version", ["2.31", "2.36", "2.38", "2.42", "2.43"])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("html", times=0), "not-json"),
        (Fault("redirect", times=0), "redirect-to-login"),
        (Fault("cut-before", times=0), "connection-cut"),
        (Fault("status", status=503, times=0), "server-away"),
        (None, "wrong-credentials"),
    ],
)
def test_a_connection_that_fails_is_told_with_what_to_do(
    stage_of: Callable[[str], Stage], version: str, fault: Fault | None, code: str
) -> None:
    found = stage_of(version)
    found.save(SignIn("basic", "admin", "district" if fault else "wrong-Secret-1"))
    if fault is not None:
        found.server.world.faults.add(Fault(fault.kind, status=fault.status, times=0))

    with pytest.raises(CgrError) as caught:
        check(OPERATOR, hmis())

    assert caught.value.code == code
    assert caught.value.next_step
    assert "127.0.0.1" in caught.value.message
    assert "wrong-Secret" not in caught.value.message
    assert hmis().checked_at is None


def test_an_account_without_authorities_is_told_them_by_name(stage: Stage) -> None:
    world = stage.server.world
    next(iter(world.objects["userRoles"].values()))["authorities"] = ["F_ORGUNITGROUP_PUBLIC_ADD"]

    found = check(OPERATOR, hmis())

    assert found.missing_authorities == ALL_NEEDED[:2]
    assert (found.units, found.levels) == (0, ())
    assert found.clock_skew_s is not None
    assert abs(found.clock_skew_s) < 60
