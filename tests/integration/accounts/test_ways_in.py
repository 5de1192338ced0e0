"""The first administrator, accounts of others, and the one who is left."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from cgr.accounts import actions
from cgr.accounts.actors import Actor, actor_of, local_operator
from cgr.accounts.models import FirstAdministratorLink, User
from cgr.accounts.signing_in import SecondFactor, reseal
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

PASSWORD = "correct horse battery"


@pytest.fixture
def operator() -> Actor:
    return local_operator()


@pytest.fixture
def ada(operator: Actor) -> Actor:
    """A Registry Administrator of MOH, beside people of other kinds."""
    for code in ("MOH", "NMCP"):
        actions.save_organization(operator, code, label={"default": code})
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    for name, code in (("ada", "MOH"), ("mo", "MOH"), ("both", "MOH"), ("xi", "NMCP")):
        role = "registry-administrator" if name == "ada" else "api-consumer"
        actions.add_user(operator, name, password=PASSWORD, role=role, organization=code)
    actions.set_membership(operator, "both", organization="NMCP", role="api-consumer")
    return actor_of(User.objects.get(username="ada"))


@pytest.mark.django_db
def test_a_link_makes_one_administrator_and_then_none_works() -> None:
    first, second = actions.first_administrator_link(), actions.first_administrator_link()
    assert first
    assert second
    assert first not in str([*FirstAdministratorLink.objects.values()])
    actions.create_first_administrator(first, name="banda", password=PASSWORD)
    assert actor_of(User.objects.get()).is_system_administrator
    for link in (first, second):
        with pytest.raises(NotAllowed):
            actions.create_first_administrator(link, name="other", password=PASSWORD)
    assert actions.first_administrator_link() is None
    assert [(entry.actor, entry.subject) for entry in entries(kind="user")] == [("system:first-administrator", "banda")]


@pytest.mark.django_db
def test_a_link_is_good_for_a_day_and_a_guessed_one_never() -> None:
    link = actions.first_administrator_link()
    assert link
    assert not actions.link_works("guessed")
    FirstAdministratorLink.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert not actions.link_works(link)


@pytest.mark.django_db
def test_a_weak_password_leaves_the_link_good() -> None:
    link = actions.first_administrator_link()
    assert link
    with pytest.raises(BadInput, match="password"):
        actions.create_first_administrator(link, name="banda", password="short")
    assert actions.link_works(link)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_open_the_link_at_once_one_becomes_administrator() -> None:
    link = actions.first_administrator_link()
    assert link
    barrier, outcomes = Barrier(2), []

    def use(name: str) -> None:
        barrier.wait()
        try:
            actions.create_first_administrator(link, name=name, password=PASSWORD)
            outcomes.append("made")
        except NotAllowed:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [Thread(target=use, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_last_system_administrator_can_t_go(operator: Actor) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    for leave in (actions.deactivate, actions.revoke_instance):
        with pytest.raises(BadInput) as refused:
            leave(operator, "root")
        assert refused.value.code == "last-system-administrator"
    actions.add_user(operator, "second", password=PASSWORD, role="system-administrator")
    actions.deactivate(operator, "root")
    with pytest.raises(BadInput):
        actions.revoke_instance(operator, "second")  # one who is switched off doesn't count


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["root", "both", "xi", "nobody"])
def test_an_administrator_of_one_organization_can_t_take_over_who_is_more_than_that(ada: Actor, name: str) -> None:
    before = [*User.objects.order_by("pk").values()]
    for attempt in (
        lambda: actions.set_password(ada, name, password="another good one"),
        lambda: actions.set_email(ada, name, email="ada@example.org"),
        lambda: actions.remove_second_factor(ada, name),
        lambda: actions.deactivate(ada, name),
    ):
        with pytest.raises(NotAllowed) as refused:
            attempt()
        assert refused.value.code == "unknown-or-not-allowed"
    assert [*User.objects.order_by("pk").values()] == before


@pytest.mark.django_db
def test_it_can_do_so_for_the_own_people(ada: Actor) -> None:
    TOTP.activate(User.objects.get(username="mo"), generate_totp_secret())
    actions.set_password(ada, "mo", password="another good one")
    actions.remove_second_factor(ada, "mo")
    actions.set_email(ada, "mo", email="mo@example.org")
    user = User.objects.get(username="mo")
    assert user.check_password("another good one")
    assert (user.email, user.authenticator_set.count()) == ("mo@example.org", 0)
    assert not [entry for entry in entries() if "another good one" in f"{entry.before} {entry.after}"]


@pytest.mark.django_db
def test_nobody_brings_in_people_of_whom_they_don_t_know(ada: Actor, operator: Actor) -> None:
    for name in ("xi", "nobody"):
        with pytest.raises(NotAllowed):
            actions.set_membership(ada, name, organization="MOH", role="api-consumer")
    actions.set_membership(operator, "xi", organization="MOH", role="api-consumer")


@pytest.mark.django_db
def test_the_seed_of_a_second_factor_is_encrypted_in_the_database(operator: Actor) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    secret = generate_totp_secret()
    row = TOTP.activate(User.objects.get(), secret).instance
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator WHERE id = %s", [row.pk])
        (stored,) = cursor.fetchone()
    assert secret not in stored
    assert "gAAAA" in stored


@pytest.mark.django_db
def test_seeds_can_be_sealed_anew_so_that_an_old_key_can_go(operator: Actor, settings: SettingsWrapper) -> None:
    actions.add_user(operator, "root", password=PASSWORD, role="system-administrator")
    secret = generate_totp_secret()
    TOTP.activate(User.objects.get(), secret)
    codes = RecoveryCodes.activate(User.objects.get()).generate_codes()
    old, new = settings.SECRET_KEYS[0], Fernet.generate_key().decode()

    settings.SECRET_KEYS = (new, old)
    assert reseal() == (2, 0)
    assert reseal() == (0, 2)
    settings.SECRET_KEYS = (new,)

    kept = {row.type: row.wrap() for row in Authenticator.objects.all()}
    assert SecondFactor().decrypt(kept["totp"].instance.data["secret"]) == secret
    assert kept["recovery_codes"].generate_codes() == codes
    settings.SECRET_KEYS = (old,)
    with pytest.raises(BadInput, match="second factor"):
        SecondFactor().decrypt(kept["totp"].instance.data["secret"])
