"""Organizations, people and their roles as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import global_settings

from cgr.accounts import actions, queries
from cgr.accounts.actors import Actor, Grant, actor_of, local_operator
from cgr.accounts.models import Membership, Organization, User
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed
from cgr.project import settings as project_settings

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def operator() -> Actor:
    return local_operator()


@pytest.fixture
def moh(operator: Actor) -> str:
    actions.save_organization(operator, "MOH", label={"default": "Ministry of Health"})
    return "MOH"


def test_saving_an_organization_twice_changes_nothing_and_logs_once(operator: Actor, moh: str) -> None:
    again = actions.save_organization(operator, moh, label={"default": "Ministry of Health"})

    assert again.unchanged
    assert [(entry.action, entry.after) for entry in entries(kind="organization")] == [
        ("create", {"label": {"default": "Ministry of Health"}})
    ]


def test_a_changed_label_is_told_and_logged_with_before_and_after(operator: Actor, moh: str) -> None:
    saved = actions.save_organization(operator, moh, label={"default": "Health"})

    assert saved.fields == {"label": {"from": {"default": "Ministry of Health"}, "to": {"default": "Health"}}}
    entry = entries(kind="organization", subject=moh)[0]
    assert (entry.actor, entry.action, entry.organization) == (operator.name, "change", "MOH")
    assert (entry.before, entry.after) == (
        {"label": {"default": "Ministry of Health"}},
        {"label": {"default": "Health"}},
    )


def test_an_administrator_of_one_organization_neither_sees_nor_makes_another(operator: Actor, moh: str) -> None:
    actions.save_organization(operator, "NMCP", label={"default": "Malaria"})
    administrator = Actor("ada", 1, memberships=(Grant(moh, "registry-administrator"),))

    assert [row.code for row in queries.organizations(administrator)] == ["MOH"]
    with pytest.raises(NotAllowed):
        queries.organization(administrator, "NMCP")
    with pytest.raises(NotAllowed):
        actions.save_organization(administrator, "NEW", label={"default": "New"})
    assert not Organization.objects.filter(code="NEW").exists()


def test_a_person_with_a_role_acts_with_it(operator: Actor, moh: str) -> None:
    actions.add_user(
        operator, "mo", password=PASSWORD, role="registry-maintainer", organization=moh, types=["facility"]
    )

    user = User.objects.get(username="mo")
    assert user.check_password(PASSWORD)
    assert actor_of(user).memberships == (Grant("MOH", "registry-maintainer", frozenset({"facility"})),)
    assert not actor_of(user).is_system_administrator


def test_a_password_is_in_no_log(operator: Actor) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")

    assert actor_of(User.objects.get(username="root")).is_system_administrator
    assert all(PASSWORD not in f"{entry.before} {entry.after}" for entry in entries())


def test_a_switched_off_account_has_no_rights(operator: Actor) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    User.objects.update(is_active=False)

    assert not actor_of(User.objects.get()).is_system_administrator


@pytest.mark.parametrize(
    ("name", "given", "code"),
    [
        ("mo", {"role": "king"}, "unknown-role"),
        ("mo", {"role": "registry-maintainer"}, "organization-missing"),
        ("mo", {"role": "system-administrator", "organization": "MOH"}, "role-without-organization"),
        ("mo", {"role": "registry-maintainer", "organization": "XXX"}, "unknown-or-not-allowed"),
        ("cli:root", {"role": "system-administrator"}, "bad-user-name"),
        (" ", {"role": "system-administrator"}, "bad-user-name"),
        ("ROOT", {"role": "system-administrator"}, "user-exists"),
        ("mo", {"role": "system-administrator", "password": "short"}, "weak-password"),
    ],
)
def test_it_refuses_in_words_and_writes_nothing(
    operator: Actor, moh: str, name: str, given: dict[str, str], code: str
) -> None:
    assert moh
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")

    with pytest.raises(BadInput) as refused:
        actions.add_user(operator, name, **{"password": PASSWORD, **given})

    assert refused.value.code == code
    assert refused.value.next_step
    assert [user.username for user in User.objects.all()] == ["root"]


def test_a_registry_administrator_adds_people_to_the_own_organization_only(operator: Actor, moh: str) -> None:
    actions.save_organization(operator, "NMCP", label={"default": "Malaria"})
    administrator = Actor("ada", 1, memberships=(Grant(moh, "registry-administrator"),))

    actions.add_user(administrator, "mo", password=PASSWORD, role="registry-maintainer", organization=moh)
    with pytest.raises(NotAllowed):
        actions.add_user(administrator, "xi", password=PASSWORD, role="registry-maintainer", organization="NMCP")
    with pytest.raises(NotAllowed):
        actions.add_user(administrator, "xi", password=PASSWORD, role="system-administrator")
    assert [user.username for user in User.objects.all()] == ["mo"]


def test_a_role_is_replaced_and_taken_away(operator: Actor, moh: str) -> None:
    actions.add_user(operator, "mo", password=PASSWORD, role="registry-maintainer", organization=moh)

    saved = actions.set_membership(operator, "mo", organization=moh, role="api-consumer")
    assert saved.fields == {"role": {"from": "registry-maintainer", "to": "api-consumer"}}
    actions.end_membership(operator, "mo", organization=moh)

    assert not Membership.objects.exists()
    assert [entry.action for entry in entries(kind="membership")] == ["delete", "change", "create"]


def test_a_registry_administrator_cannot_find_out_which_people_exist(operator: Actor, moh: str) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    administrator = Actor("ada", 1, memberships=(Grant(moh, "registry-administrator"),))

    with pytest.raises(NotAllowed):
        actions.end_membership(administrator, "root", organization=moh)
    with pytest.raises(NotAllowed):
        actions.end_membership(administrator, "nobody", organization=moh)


def test_a_password_is_kept_as_what_takes_long_to_guess(operator: Actor, settings: SettingsWrapper) -> None:
    assert not hasattr(project_settings, "PASSWORD_HASHERS")  # those of Django; tests have a quicker one
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS

    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")

    user = User.objects.get()
    algorithm, rounds, *_ = user.password.split("$")
    assert (algorithm, int(rounds) >= 1_000_000) == ("pbkdf2_sha256", True)
    assert user.check_password(PASSWORD)
