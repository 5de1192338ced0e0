"""Personal API tokens: shown once, kept as a hash, narrower than the person, ended at any time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cgr.accounts import actions, queries
from cgr.accounts.actors import Actor, actor_named, actor_of, actor_of_token, local_operator
from cgr.accounts.models import ApiToken, User
from cgr.accounts.policy import SCOPES, Permission, may, organizations_where
from cgr.audit.queries import entries
from cgr.core.errors import BadInput, NotAllowed

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture
def ada() -> Actor:
    operator = local_operator()
    actions.save_organization(operator, "MOH", label={"default": "Health"})
    actions.add_user(operator, "ada", password=PASSWORD, role="registry-administrator", organization="MOH")
    return actor_of(User.objects.get(username="ada"))


def make(actor: Actor, *scopes: str, days: int = 30) -> str:
    return actions.create_token(actor, "etl", scopes=scopes or ["read"], days=days)


def test_the_token_itself_is_stored_nowhere(ada: Actor) -> None:
    token = make(ada)
    row = ApiToken.objects.get()
    assert token.startswith("cgr_")
    assert token not in str(row.__dict__)
    assert token.removeprefix("cgr_") not in "".join(f"{entry.before} {entry.after}" for entry in entries())
    assert entries(kind="token").get().subject == "ada: etl"


def test_a_program_with_it_is_the_person_narrowed_to_its_scopes(ada: Actor) -> None:
    program = actor_of_token(make(ada, "read"))
    assert program.name == "ada (token etl)"
    assert may(program, Permission.SEE_RUNS, organization="MOH")
    assert not may(program, Permission.MANAGE_RUNS, organization="MOH")
    assert not may(program, Permission.SEE_AUDIT, organization="MOH")
    assert organizations_where(program, Permission.MANAGE_PEOPLE) == frozenset()


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("permission", list(Permission))
def test_a_scope_never_gives_what_the_person_doesn_t_have(ada: Actor, scope: str, permission: Permission) -> None:
    program = actor_of_token(make(ada, scope))
    for organization in ("MOH", "NMCP", ""):
        assert may(program, permission, organization=organization) <= may(ada, permission, organization=organization)
    assert may(program, permission, organization="MOH") == (
        permission in SCOPES[scope] and may(ada, permission, organization="MOH")
    )


def test_every_permission_is_in_some_scope_and_each_scope_can_read() -> None:
    assert frozenset().union(*SCOPES.values()) == frozenset(Permission)
    assert all(permissions >= SCOPES["read"] for permissions in SCOPES.values())


def test_a_system_administrator_s_token_is_narrowed_too() -> None:
    actions.add_user(local_operator(), "root", password=PASSWORD, role="system-administrator")
    program = actor_of_token(make(actor_of(User.objects.get(username="root")), "read"))
    assert may(program, Permission.READ_OBJECTS, organization="MOH")
    assert not may(program, Permission.MANAGE_ORGANIZATIONS, organization="")


def test_its_last_use_is_noted(ada: Actor) -> None:
    token = make(ada)
    assert ApiToken.objects.get().last_used is None
    actor_of_token(token)
    first = ApiToken.objects.get().last_used
    actor_of_token(token)
    assert first is not None
    assert ApiToken.objects.get().last_used == first  # not every request is a write


def test_expired_revoked_unknown_and_switched_off_all_get_the_same_answer(ada: Actor) -> None:
    answers = set()

    def refused(token: str) -> None:
        with pytest.raises(NotAllowed) as error:
            actor_of_token(token)
        answers.add((error.value.code, error.value.message, error.value.next_step))

    expired = make(ada)
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(expired)
    actions.revoke_token(ada, "etl")
    refused(expired)
    refused("cgr_guessed")
    last = make(ada)
    User.objects.update(is_active=False)
    refused(last)
    assert len(answers) == 1


def test_switching_a_person_off_and_on_doesn_t_bring_tokens_back(ada: Actor) -> None:
    make(ada)
    actions.deactivate(local_operator(), "ada")
    actions.activate(local_operator(), "ada")
    assert not ApiToken.objects.exists()


def test_with_a_token_nobody_makes_another(ada: Actor) -> None:
    program = actor_of_token(make(ada, "admin"))
    for attempt in (
        lambda: actions.create_token(program, "more", scopes=["read"], days=1),
        lambda: actions.revoke_token(program, "etl"),
        lambda: queries.tokens(program),
        lambda: queries.sessions(program),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"scopes": []}, "unknown-scope"),
        ({"scopes": ["everything"]}, "unknown-scope"),
        ({"days": 0}, "token-life"),
        ({"days": 367}, "token-life"),
        ({"name": "  "}, "bad-token-name"),
        ({"name": "x" * 51}, "bad-token-name"),
        ({"name": "two\nlines"}, "bad-token-name"),
        ({"name": "etl"}, "token-exists"),
    ],
)
def test_it_refuses_in_words(ada: Actor, given: dict[str, object], code: str) -> None:
    make(ada)
    with pytest.raises(BadInput) as refused:
        actions.create_token(ada, **{"name": "new", "scopes": ["read"], "days": 1, **given})
    assert refused.value.code == code
    assert ApiToken.objects.count() == 1


def test_a_worker_acts_with_the_rights_that_a_token_has_now(ada: Actor) -> None:
    asked_by = actor_of_token(actions.create_token(ada, "nightly (big)", scopes=["read", "sync"], days=1))
    assert actor_named(asked_by.name) == asked_by
    ApiToken.objects.update(scopes=["read"])
    assert actor_named(asked_by.name).scopes == {"read"}
    nobody = Actor(asked_by.name)
    ApiToken.objects.update(expires=timezone.now())
    assert actor_named(asked_by.name) == nobody
    actions.revoke_token(ada, "nightly (big)")
    assert actor_named(asked_by.name) == nobody


def test_the_names_of_person_and_token_together_fit_into_the_audit_log() -> None:
    name = "a" * 150
    actions.add_user(local_operator(), name, password=PASSWORD, role="system-administrator")
    person = actor_of(User.objects.get(username=name))
    with pytest.raises(BadInput, match="can't be the name"):
        actions.create_token(person, "t" * 42, scopes=["read"], days=1)
    token = actions.create_token(person, "t" * 41, scopes=["read"], days=1)
    assert len(actor_of_token(token).name) == 200
