"""Registering systems: what is kept, what is refused, and that the secret goes nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, Grant, local_operator
from cgr.audit.queries import entries
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.registry.actions import save_hierarchy, save_type
from cgr.sync.configs import save_config
from cgr.systems import queries
from cgr.systems.actions import delete_system, save_system
from cgr.systems.addresses import base_url
from cgr.systems.models import ExternalSystem
from cgr.systems.sealing import seal, unseal
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from cgr.audit.saving import Saved

SECRET = "s3cret-Passw0rd"

OPERATOR = Actor("cli:test", is_system_administrator=True)
FIELDS: dict[str, Any] = {
    "organization": "MOH",
    "label": {"default": "National HMIS"},
    "url": "https://hmis.example.org/dhis/",
    "sign_in": SignIn("basic", "cgr", SECRET),
}


def save(code: str = "hmis", *, actor: Actor = OPERATOR, **changes: Any) -> Saved:
    return save_system(actor, code, **{**FIELDS, **changes})


@pytest.fixture
def moh(db: None) -> None:  # noqa: ARG001 - asks for the database
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health"})


@pytest.mark.usefixtures("moh")
def test_a_registered_system_keeps_its_fields_and_a_sealed_secret() -> None:
    assert save().created

    row = queries.system(OPERATOR, "hmis")
    assert (row.kind, row.url, row.username, row.label) == (
        "dhis2",
        "https://hmis.example.org/dhis",
        "cgr",
        {"default": "National HMIS"},
    )
    assert unseal(bytes(row.sealed_secret)) == SECRET


@pytest.mark.usefixtures("moh")
def test_the_secret_is_in_no_column_no_log_and_no_export() -> None:
    save()
    save(sign_in=SignIn("basic", "cgr", "another-s3cret"))

    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS kept WHERE kept::text LIKE %s', ["%s3cret%"])  # noqa: S608 - names of our own tables
            assert cursor.fetchone() == (0,), table
    assert "s3cret" not in repr(queries.export(OPERATOR))
    assert "s3cret" not in repr(FIELDS["sign_in"])


@pytest.mark.usefixtures("moh")
def test_saving_the_same_again_changes_and_logs_nothing() -> None:
    save()
    sealed = bytes(ExternalSystem.objects.get().sealed_secret)

    assert save().unchanged
    assert save(sign_in=SignIn("basic", "cgr")).unchanged
    assert bytes(ExternalSystem.objects.get().sealed_secret) == sealed
    assert [entry.action for entry in entries(kind="system")] == ["create"]


@pytest.mark.usefixtures("moh")
def test_a_new_secret_is_told_as_changed_and_never_shown() -> None:
    save()

    saved = save(sign_in=SignIn("basic", "cgr", "another"))

    assert saved.fields == {"secret": {"from": "the former", "to": "a new one"}}
    assert unseal(bytes(ExternalSystem.objects.get().sealed_secret)) == "another"


@pytest.mark.usefixtures("moh")
@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://elsewhere.example.org"},
        {"url": "http://hmis.example.org/dhis"},
        {"sign_in": SignIn("basic", "somebody-else")},
        {"sign_in": SignIn("token")},
    ],
)
def test_where_or_as_whom_we_sign_in_changes_only_together_with_the_secret(changes: dict[str, object]) -> None:
    save()

    with pytest.raises(BadInput) as refused:
        save(**{"sign_in": SignIn("basic", "cgr"), **changes})

    assert refused.value.code == "secret-needed-again"
    assert ExternalSystem.objects.get().url == "https://hmis.example.org/dhis"


@pytest.mark.usefixtures("moh")
def test_the_address_changes_when_the_secret_is_given_again() -> None:
    save()

    saved = save(url="https://elsewhere.example.org")

    assert saved.fields == {
        "url": {"from": "https://hmis.example.org/dhis", "to": "https://elsewhere.example.org"},
    }


@pytest.mark.usefixtures("moh")
def test_the_organization_and_kind_stay() -> None:
    save_organization(OPERATOR, "NMCP", label={"default": "Malaria"})
    save()

    for changes in ({"organization": "NMCP"}, {"kind": "openmrs"}):
        with pytest.raises(BadInput) as refused:
            save(**changes)
        assert refused.value.code == "fixed-after-creation"


@pytest.mark.usefixtures("moh")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sign_in": SignIn("basic", "cgr")}, "secret-missing"),
        ({"sign_in": SignIn("basic", "", SECRET)}, "username-missing"),
        ({"sign_in": SignIn("basic", "a:b", SECRET)}, "bad-username"),
        ({"sign_in": SignIn("token", "cgr", SECRET)}, "username-with-token"),
        ({"sign_in": SignIn("kerberos", "cgr", SECRET)}, "unknown-sign-in"),
        ({"sign_in": SignIn("basic", "cgr", "")}, "bad-secret"),
        ({"sign_in": SignIn("token", "", "d2pat\nx")}, "bad-secret"),
        ({"url": "hmis.example.org"}, "bad-url"),
        ({"organization": "XXX"}, "unknown-or-not-allowed"),
        ({"kind": "openmrs"}, "unknown-kind"),
        ({"label": {"fr": "sans défaut"}}, None),
    ],
)
def test_it_refuses_in_words_and_keeps_nothing(changes: dict[str, object], code: str | None) -> None:
    with pytest.raises(BadInput) as refused:
        save(**changes)

    assert code in (None, refused.value.code)
    assert refused.value.next_step
    assert SECRET not in f"{refused.value.message} {refused.value.next_step}"
    assert not ExternalSystem.objects.exists()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hmis.example.org", "https://hmis.example.org"),
        (" https://hmis.example.org/ ", "https://hmis.example.org"),
        ("HTTPS://HMIS.example.org:8443/dhis//", "https://hmis.example.org:8443/dhis"),
        ("http://127.0.0.1:8085", "http://127.0.0.1:8085"),
        ("http://[::1]:8085/", "http://[::1]:8085"),
        ("https://apps.example.org/apimoh/", "https://apps.example.org/apimoh"),
        ("https://hmis.example.org/login-test", "https://hmis.example.org/login-test"),
    ],
)
def test_an_address_is_kept_in_one_form(text: str, url: str) -> None:
    assert base_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hmis.example.org",
        "ftp://hmis.example.org",
        "file:///etc/passwd",
        "https://",
        "https://hmis.example.org:99999",
        "https://hmis.example.org/api",
        "https://hmis.example.org/dhis/api/me",
        "https://hmis.example.org/dhis-web-login/",
        "https://hmis.example.org/?a=b",
        "https://hmis.example.org/#/login",
        "https://hm is.example.org",
        "https://[::1",
        f"https://{'a' * 600}.org",
    ],
)
def test_an_address_that_cannot_be_is_told_at_once(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        base_url(text)
    assert refused.value.code == "bad-url"


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BadInput) as refused:
        base_url(f"https://admin:{SECRET}@hmis.example.org")
    assert SECRET not in refused.value.message


@pytest.mark.usefixtures("moh")
def test_a_system_is_invisible_outside_its_organization() -> None:
    save()
    save_organization(OPERATOR, "NMCP", label={"default": "Malaria"})
    stranger = Actor("xi", 7, memberships=(Grant("NMCP", "registry-administrator"),))

    assert not queries.systems(stranger).exists()
    answers = set()
    for code in ("hmis", "nix"):
        with pytest.raises(NotAllowed) as refused:
            queries.system(stranger, code)
        answers.add(refused.value.message.replace(code, "…"))
    with pytest.raises(NotAllowed):
        delete_system(stranger, "hmis")
    with pytest.raises(NotAllowed):
        save(actor=stranger, organization="NMCP", url="https://mine.example.org")
    assert len(answers) == 1
    assert queries.system(OPERATOR, "hmis").url == "https://hmis.example.org/dhis"


@pytest.mark.usefixtures("moh")
def test_a_maintainer_sees_a_system_and_cannot_change_it() -> None:
    save()
    maintainer = Actor("mo", 7, memberships=(Grant("MOH", "registry-maintainer"),))

    assert queries.system(maintainer, "hmis").code == "hmis"
    with pytest.raises(NotAllowed):
        save(actor=maintainer)


@pytest.mark.usefixtures("moh")
def test_a_system_that_nothing_refers_to_can_be_deleted() -> None:
    save()

    delete_system(local_operator(), "hmis")

    assert not ExternalSystem.objects.exists()
    assert entries(kind="system")[0].action == "delete"


@pytest.mark.usefixtures("moh")
def test_a_system_that_a_configuration_uses_cannot_be_deleted() -> None:
    save()
    save_type(OPERATOR, TypeDefinition("country", "MOH", "Country"))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Administrative", {"country": {}}))
    save_config(
        OPERATOR,
        code="hmis-all",
        organization="MOH",
        label={"default": "All"},
        hierarchy="admin",
        system="hmis",
        settings=SyncMapping(levels=(LevelMapping("country", SyncType.BOTH),)),
    )

    with pytest.raises(BadInput) as refused:
        delete_system(OPERATOR, "hmis")

    assert refused.value.code == "system-in-use"
    assert ExternalSystem.objects.exists()


def test_any_of_the_keys_opens_and_the_first_one_seals(settings: Settings) -> None:
    former, present = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRET_KEYS = (former,)
    sealed = seal(SECRET)

    settings.SECRET_KEYS = (present, former)
    assert unseal(sealed) == SECRET
    sealed = seal(SECRET)
    settings.SECRET_KEYS = (present,)
    assert unseal(sealed) == SECRET


@pytest.mark.parametrize(
    ("keys", "code"),
    [((), "secret-keys"), (("short",), "secret-keys"), ((Fernet.generate_key().decode(),), "secret-unreadable")],
)
def test_a_missing_or_wrong_key_is_told_in_words(settings: Settings, keys: tuple[str, ...], code: str) -> None:
    sealed = seal(SECRET)
    settings.SECRET_KEYS = keys

    with pytest.raises(BadInput) as refused:
        unseal(sealed)
    assert refused.value.code == code


@pytest.mark.usefixtures("moh")
def test_a_secret_sealed_with_a_lost_key_is_replaced_by_entering_it_again(settings: Settings) -> None:
    save()
    settings.SECRET_KEYS = (Fernet.generate_key().decode(),)

    assert save().fields == {"secret": {"from": "the former", "to": "a new one"}}
    assert unseal(bytes(ExternalSystem.objects.get().sealed_secret)) == SECRET
