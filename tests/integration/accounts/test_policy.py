"""The table of roles and permissions: who may do what, where, and what the others are told."""

from __future__ import annotations

import pytest

from cgr.accounts.actors import Actor, Grant, local_operator
from cgr.accounts.policy import Permission, may, organizations_where, require
from cgr.core.errors import NotAllowed

ADMINISTRATOR = Actor("ada", 1, memberships=(Grant("MOH", "registry-administrator"),))
MAINTAINER = Actor("mo", 2, memberships=(Grant("MOH", "registry-maintainer", frozenset({"facility"})),))
CONTRIBUTOR = Actor("co", 3, memberships=(Grant("MOH", "registry-contributor"),))
CONSUMER = Actor("app", 4, memberships=(Grant("MOH", "api-consumer"),))
NOBODY = Actor("no", 5)

ALLOWED = {
    Permission.MANAGE_ORGANIZATIONS: (),
    Permission.MANAGE_PEOPLE: (ADMINISTRATOR,),
    Permission.MANAGE_DEFINITIONS: (ADMINISTRATOR,),
    Permission.MANAGE_TERMS: (ADMINISTRATOR,),
    Permission.MANAGE_SYSTEMS: (ADMINISTRATOR,),
    Permission.MANAGE_SYNCS: (ADMINISTRATOR,),
    Permission.MANAGE_RUNS: (ADMINISTRATOR,),
    Permission.SEE_RUNS: (ADMINISTRATOR,),
    Permission.SEE_SYNCS: (ADMINISTRATOR,),
    Permission.SEE_AUDIT: (ADMINISTRATOR,),
    Permission.SEE_SYSTEMS: (ADMINISTRATOR, MAINTAINER, CONTRIBUTOR),
    Permission.EDIT_OBJECTS: (ADMINISTRATOR, MAINTAINER),
    Permission.PROPOSE_OBJECTS: (ADMINISTRATOR, MAINTAINER, CONTRIBUTOR),
    Permission.READ_OBJECTS: (ADMINISTRATOR, MAINTAINER, CONTRIBUTOR, CONSUMER),
}


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("actor", [ADMINISTRATOR, MAINTAINER, CONTRIBUTOR, CONSUMER, NOBODY], ids=lambda a: a.name)
def test_a_role_carries_its_permissions_in_its_own_organization_only(actor: Actor, permission: Permission) -> None:
    assert may(actor, permission, organization="MOH", type="facility") == (actor in ALLOWED[permission])
    assert not may(actor, permission, organization="NMCP", type="facility")


@pytest.mark.parametrize("permission", list(Permission))
def test_whoever_runs_the_command_line_on_the_machine_may_everything_everywhere(permission: Permission) -> None:
    assert may(local_operator(), permission, organization="MOH")
    assert organizations_where(local_operator(), permission) is None


def test_a_maintainer_edits_only_the_types_that_the_role_names() -> None:
    assert may(MAINTAINER, Permission.EDIT_OBJECTS, organization="MOH", type="facility")
    assert not may(MAINTAINER, Permission.EDIT_OBJECTS, organization="MOH", type="district")
    assert may(MAINTAINER, Permission.READ_OBJECTS, organization="MOH", type="district")


def test_somebody_with_rights_in_one_organization_gets_the_same_answer_for_a_foreign_and_an_absent_one() -> None:
    answers = []
    for organization in ("NMCP", "XXXX"):
        with pytest.raises(NotAllowed) as refused:
            require(ADMINISTRATOR, Permission.MANAGE_SYSTEMS, organization=organization)
        answers.append((refused.value.message.replace(organization, "…"), refused.value.code, refused.value.next_step))
    assert answers[0] == answers[1]


def test_terms_belong_to_the_instance_and_any_administrator_may_manage_them() -> None:
    assert may(ADMINISTRATOR, Permission.MANAGE_TERMS, organization="")
    assert not may(MAINTAINER, Permission.MANAGE_TERMS, organization="")


def test_the_local_operator_is_named_after_the_operating_system_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "banda")
    assert local_operator().name == "cli:banda"
