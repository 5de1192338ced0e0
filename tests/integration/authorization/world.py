"""Two organizations with the same things each, and somebody of every role in one of them."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from msgspec.structs import replace

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, actor_of
from cgr.accounts.models import ApiToken, Membership, Organization, User
from cgr.core.changes import Counts, ObjectRef, Plan, Problem, ProblemCode
from cgr.core.definitions import AttributeDefinition, HierarchyDefinition, TypeDefinition
from cgr.core.mapping import LevelMapping, SyncMapping, SyncType
from cgr.core.plan_words import Names
from cgr.imports.models import MappingTemplate, Upload
from cgr.registry.actions import apply_objects, propose_line, save_hierarchy, save_type
from cgr.registry.models import GeoObject, GeoObjectType, Hierarchy, Proposal
from cgr.runs.actions import begin_import, store_plan
from cgr.runs.models import Run
from cgr.sync.configs import save_config
from cgr.sync.models import SyncConfig
from cgr.systems.actions import save_system
from cgr.systems.models import ExternalSystem
from cgr.systems.signing_in import SignIn

OPERATOR = Actor("cli:test", is_system_administrator=True)
ROLES = ("system-administrator", *Membership.Role.values, "no role")
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: who gets as far as that was let through


@dataclass
class Place:
    """One organization and what is in it; everything of it has a name that begins with `word`."""

    word: str
    system: ExternalSystem
    config: SyncConfig
    run: Run
    import_run: Run
    object: GeoObject
    member: User
    mapping: SyncMapping
    token: str
    session: int
    line: int
    proposal: int
    upload: Upload
    template: MappingTemplate

    @property
    def code(self) -> str:
        return self.word.upper()


def make_place(word: str) -> Place:
    code = word.upper()
    save_organization(OPERATOR, code, label={"default": f"{word} organization"})
    remarks = AttributeDefinition(f"{word}-remarks", f"{word} remarks", "text")
    save_type(OPERATOR, TypeDefinition(f"{word}-country", code, f"{word} country", attributes=(remarks,)))
    save_hierarchy(OPERATOR, HierarchyDefinition(f"{word}-tree", code, f"{word} tree", {f"{word}-country": {}}))
    sign_in = SignIn("basic", f"{word}-user", f"{word}-password")
    label = {"default": f"{word} system"}
    save_system(OPERATOR, f"{word}-system", organization=code, label=label, url=NOWHERE, sign_in=sign_in)
    # It says nothing of a DHIS2 of its own, so that it can be saved for a type with one attribute of plain text.
    where = {f"{word}-remarks": ("one",)}
    level = LevelMapping(f"{word}-country", SyncType.ORG_UNITS, where=where)
    mapping = SyncMapping(levels=(level,))
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
        replace(empty_plan(mapping), problems=(_problem(word),)),
        system=system,
        config=f"{word}-sync",
        findings=(),
        names=Names(),
        requests=0,
        about={},
    )
    import_run = begin_import(
        OPERATOR, organization=system.organization, system=system, settings={"columns": ["Code"]}, today="2026-11-23"
    )
    member = make_person(f"{word}-member", "api-consumer", code)
    geo_object = GeoObject.objects.get(code=f"{word}-1")
    config = SyncConfig.objects.get(code=f"{word}-sync")
    return Place(
        word,
        system,
        config,
        run,
        import_run,
        geo_object,
        member,
        mapping,
        f"{word}-member-token",
        session_of(member),
        run.items.get().pk,
        propose_line(OPERATOR, line.replace(b"land", b"kingdom"), reason=f"{word} reason").pk,
        *_files(word, system.organization),
    )


def _files(word: str, organization: Organization) -> tuple[Upload, MappingTemplate]:
    kept = {"organization": organization, "by": "a test", "at": "2026-11-23T00:00Z"}
    look = {"kind": "csv", "columns": ["Code", "Name"], "rows": [], "values": {}}
    upload = Upload.objects.create(name=f"{word}.csv", size=0, look=look, **kept)
    mapping = {"code": "Code", "label": "Name"}
    return upload, MappingTemplate.objects.create(
        name=f"{word} mapping", type=f"{word}-country", mapping=mapping, **kept
    )


def _problem(word: str) -> Problem:
    return Problem(ProblemCode.NO_PARENT, ObjectRef(f"{word}-country", f"{word}-1"), None, 1, f"{word} message", "")


def take_away(place: Place) -> None:
    """Let nothing be known any more by the names and keys under which it was, in a transaction that is undone."""
    elsewhere = 1_000_000
    Run.objects.filter(pk=place.run.pk).update(id=elsewhere)
    Run.objects.filter(pk=place.import_run.pk).update(id=elsewhere + 1)
    Proposal.objects.filter(pk=place.proposal).update(id=elsewhere)
    Upload.objects.filter(pk=place.upload.pk).update(id=elsewhere)
    MappingTemplate.objects.filter(pk=place.template.pk).update(name="gone")
    GeoObject.objects.filter(pk=place.object.pk).update(id=elsewhere)
    UserSession.objects.filter(pk=place.session).update(id=elsewhere)
    ApiToken.objects.filter(name=place.token).update(name="gone")
    User.objects.filter(pk=place.member.pk).update(username="gone")
    for model in (Organization, ExternalSystem, SyncConfig, GeoObjectType, Hierarchy):
        for row in model.objects.filter(code__istartswith=place.word):
            model.objects.filter(pk=row.pk).update(code=f"gone-{row.pk}")


def offer_to_people(place: Place) -> None:
    """Let everybody sign in with the DHIS2 of the place, as far as the row says; nothing answers there."""
    ExternalSystem.objects.filter(pk=place.system.pk).update(people_sign_in=True)
    place.system.people_sign_in = True


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
