"""Two organizations with the same things each, and somebody of every role in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, actor_of
from cgr.accounts.models import ApiToken, Membership, Organization, User
from cgr.core.changes import Counts, Plan
from cgr.core.definitions import HierarchyDefinition, TypeDefinition
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.core.plan_words import Names
from cgr.registry.actions import apply_objects, save_hierarchy, save_type
from cgr.registry.models import GeoObject
from cgr.runs.actions import store_plan
from cgr.sync.configs import save_config
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from cgr.runs.models import Run

OPERATOR = Actor("cli:test", is_system_administrator=True)
ROLES = ("system-administrator", *Membership.Role.values, "no role")
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: who gets as far as that was let through


@dataclass
class Place:
    """One organization and what is in it; everything of it has a name that begins with `word`."""

    word: str
    system: ExternalSystem
    run: Run
    object: GeoObject
    member: User
    mapping: SyncMapping
    token: str
    session: int

    @property
    def code(self) -> str:
        return self.word.upper()


def make_place(word: str) -> Place:
    code = word.upper()
    save_organization(OPERATOR, code, label={"default": f"{word} organization"})
    save_type(OPERATOR, TypeDefinition(f"{word}-country", code, f"{word} country"))
    save_hierarchy(OPERATOR, HierarchyDefinition(f"{word}-tree", code, f"{word} tree", {f"{word}-country": {}}))
    sign_in = SignIn("basic", f"{word}-user", f"{word}-password")
    label = {"default": f"{word} system"}
    save_system(OPERATOR, f"{word}-system", organization=code, label=label, url=NOWHERE, sign_in=sign_in)
    mapping = SyncMapping(levels=(LevelMapping(f"{word}-country", SyncType.ORG_UNITS),))
    save_config(
        OPERATOR,
        code=f"{word}-sync",
        organization=code,
        label={"default": f"{word} sync"},
        hierarchy=f"{word}-tree",
        system=f"{word}-system",
        settings=mapping,
    )
    line = f'{{"type":"{word}-country","code":"{word}-1","label":"{word} land"}}'.encode()
    assert not apply_objects(OPERATOR, [line], preview=False).errors
    system = ExternalSystem.objects.get(code=f"{word}-system")
    run = store_plan(
        OPERATOR,
        empty_plan(mapping),
        system=system,
        config=f"{word}-sync",
        findings=(),
        names=Names(),
        requests=0,
        about={},
    )
    member = make_person(f"{word}-member", "api-consumer", code)
    geo_object = GeoObject.objects.get(code=f"{word}-1")
    return Place(word, system, run, geo_object, member, mapping, f"{word}-member-token", session_of(member))


def empty_plan(mapping: SyncMapping) -> Plan:
    return Plan("2026-11-23", mapping, "2.42", 0, Counts(), (), (), (), ())


def make_person(name: str, role: str, organization: str) -> User:
    user = User.objects.create(username=name, is_system_administrator=role == "system-administrator")
    if role in Membership.Role.values:
        Membership.objects.create(user=user, organization=Organization.objects.get(code=organization), role=role)
    ApiToken.objects.create(
        user=user, name=f"{name}-token", digest=f"{name} digest", scopes=["read"], expires="2999-01-01T00:00Z"
    )
    return user


def session_of(user: User) -> int:
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.create()
    row = UserSession.objects.create(user=user, ip="127.0.0.1", session_key=store.session_key, user_agent="a test")
    return row.pk


def make_cast(place: Place) -> dict[str, Actor]:
    """Somebody of each role in the place; names begin with "a", so that they are told from the place's own."""
    return {role: actor_of(make_person(f"a-{role.replace(' ', '-')}", role, place.code)) for role in ROLES}
