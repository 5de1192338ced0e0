"""`cgr secrets rotate`: all sealed values get the first key, or none, and each still opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet
from django.apps import apps

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed
from cgr.systems.models import ExternalSystem, SystemTokens
from cgr.systems.rotation import rotate
from cgr.systems.sealing import SealedField, unseal
from cgr.systems.signing_in import SignIn

from .oauth_stage import OPERATOR, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings


@pytest.fixture
def stage(stage_of: Callable[[str], Stage]) -> Stage:
    found = stage_of("2.36")
    found.register()
    found.connect()
    return found


def opened() -> dict[str, str]:
    """Every sealed value of every table, opened."""
    found = {}
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001 - Django's documented way to fields
            if isinstance(field, SealedField):
                for row in model.objects.all():  # type: ignore[attr-defined]
                    if value := bytes(getattr(row, field.name)):
                        found[f"{model.__name__} {row.pk} {field.name}"] = unseal(value)
    return found


@pytest.mark.usefixtures("stage")
def test_every_value_gets_the_first_key_and_the_former_can_be_taken_away(settings: Settings) -> None:
    (old,) = settings.SECRET_KEYS
    before = opened()
    assert len(before) == 2
    new = Fernet.generate_key().decode()
    settings.SECRET_KEYS = (new, old)

    found = rotate(OPERATOR)

    assert (found.resealed, found.current) == (2, 0)
    assert found.by == {"external systems": 1, "tokens of a system": 1}
    settings.SECRET_KEYS = (new,)
    assert opened() == before
    again = rotate(OPERATOR)
    assert (again.resealed, again.current) == (0, 2)
    assert [entry.after for entry in entries(kind="secrets")] == [{"resealed": 2, "current": 0}]


@pytest.mark.usefixtures("stage")
def test_a_value_that_no_key_opens_stops_it_and_nothing_is_changed(settings: Settings) -> None:
    (old,) = settings.SECRET_KEYS
    ExternalSystem.objects.update(sealed_password=Fernet(Fernet.generate_key()).encrypt(b"lost"))
    sealed = bytes(SystemTokens.objects.get().sealed), bytes(ExternalSystem.objects.get().sealed_secret)
    settings.SECRET_KEYS = (Fernet.generate_key().decode(), old)

    with pytest.raises(BadInput) as caught:
        rotate(OPERATOR)

    assert caught.value.code == "secret-unreadable"
    assert "hmis" in caught.value.message
    assert (bytes(SystemTokens.objects.get().sealed), bytes(ExternalSystem.objects.get().sealed_secret)) == sealed


@pytest.mark.django_db
def test_only_a_system_administrator_rotates() -> None:
    with pytest.raises(NotAllowed):
        rotate(Actor("ada", 7, memberships=(Grant("MOH", "registry-administrator"),)))


def test_a_sign_in_shows_no_secret() -> None:
    shown = repr(SignIn("oauth2", "u", "s3cret-1", client_id="c", grant="password", password="s3cret-2"))
    assert "s3cret" not in shown
