"""For every function that takes an actor: how to call it about a place, and what "let through" looks like.

A call is let through unless it raises NotAllowed, or answers False: for a question, that nothing of the place is in it.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from cgr.accounts import actions as accounts
from cgr.accounts import queries as people
from cgr.accounts.models import ApiToken
from cgr.accounts.trail import trail
from cgr.configuration import applying, deleting, exporting
from cgr.configuration.document import parse_document
from cgr.core.arranging import Spot
from cgr.core.definitions import HierarchyDefinition, TermDefinition, TermTreeDefinition, TypeDefinition
from cgr.core.drafts import Always, ObjectDraft
from cgr.core.importing import parse_answer
from cgr.core.plan_words import Names
from cgr.core.rows import RowMapping
from cgr.core.schedule import Schedule
from cgr.dhis2.oauth import OAuthServer
from cgr.files import Choice
from cgr.imports import answers, offering, suggesting, templates, uploads
from cgr.imports import background as imports
from cgr.imports import reports as import_reports
from cgr.imports.actions import Request, import_units
from cgr.imports.files import FileRequest, import_file
from cgr.registry import actions as registry
from cgr.registry import catalogue
from cgr.registry.actions.objects import ObjectsRefused
from cgr.registry.models import Proposal
from cgr.registry.queries import cards, definitions, finding, objects, tables, terms_in_use, tree
from cgr.registry.queries import proposals as proposing
from cgr.runs import actions as run_actions
from cgr.runs import evidence, queueing
from cgr.runs import queries as runs
from cgr.runs.models import RunItem
from cgr.sync import actions as sync
from cgr.sync import background, candidates, checking, configs, drift, offers, planning, scheduling, undoing, uses
from cgr.systems import actions as systems
from cgr.systems import authorization, connection, linking, plugin, registering, rotation
from cgr.systems import queries as system_queries
from cgr.systems.authorization import Answer, Pending, Purpose
from cgr.systems.models import LinkedAccount
from cgr.systems.signing_in import SignIn

from .world import NOWHERE, Place, empty_plan, offer_to_people

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor

    Call = Callable[[Actor, Place], Any]

ROOMS = ("accounts", "systems", "registry", "runs", "sync", "imports", "configuration")
_RULES = {"accounts.policy"}  # what all the others ask
_SKIPPED = parse_answer("skip")
_GOOD_PASSWORD = "correct horse battery"


def functions_of_actors() -> set[str]:
    """All public functions of the rooms that take an actor, by their path below `cgr`."""
    found = set()
    for room in ROOMS:
        package = importlib.import_module(f"cgr.{room}")
        for info in pkgutil.walk_packages(package.__path__, f"cgr.{room}."):
            if ".migrations" not in info.name and info.name.removeprefix("cgr.") not in _RULES:
                module = importlib.import_module(info.name)
                found |= {f"{info.name.removeprefix('cgr.')}.{name}" for name in _public(module)}
    return found


def _public(module: Any) -> set[str]:
    functions = {name: inspect.unwrap(one) for name, one in vars(module).items() if inspect.isroutine(one)}
    return {
        name
        for name, one in functions.items()
        if not name.startswith("_")
        and getattr(one, "__module__", "") == module.__name__
        and "Actor" in {str(kind) for key, kind in getattr(one, "__annotations__", {}).items() if key != "return"}
    }


def _mine(actor: Actor, place: Place) -> str:
    """The token of the actor in their own place; in another, that of somebody there."""
    return f"{actor.name}-token" if place.word == "own" else place.token


def _proposal(place: Place) -> Proposal:
    return Proposal.objects.get(reason=f"{place.word} reason")


def _waits(actor: Actor, place: Place) -> bool:
    """With nothing waiting elsewhere, whether anything waits for the actor."""
    Proposal.objects.exclude(pk=place.proposal).update(state="withdrawn")
    return proposing.waiting(actor) == 1


def _makes_token_for(actor: Actor, place: Place) -> bool:
    owner = "" if place.word == "own" else place.member.username
    accounts.create_token(actor, "new", scopes=["read"], days=1, owner=owner)
    return ApiToken.objects.get(name="new").user.username == (owner or actor.name)


def _session(actor: Actor, place: Place) -> int:
    found = people.sessions(actor)
    return found[0].pk if place.word == "own" else place.session


def _writes(actor: Actor, place: Place) -> bool:
    draft = ObjectDraft(type=f"{place.word}-country", code=f"{place.word}-1", invalid=True)
    try:
        registry.write_objects(actor, [draft], source="a test")
    except ObjectsRefused:  # a type that one may not edit is to a file like one that isn't there
        return False
    return True


def _draft(place: Place, key: int | None) -> ObjectDraft:
    return ObjectDraft(type=f"{place.word}-country", code=f"{place.word}-1", key=key, invalid=True)


def _runs_of_object(actor: Actor, place: Place) -> Any:
    RunItem.objects.create(run=place.run, category="note", position=1, object_key=place.object.pk, body={})
    return runs.runs_of_object(actor, place.object.pk)


def _yaml(place: Place) -> bytes:
    return (f"version: 1\ntypes: [{{code: {place.word}-country, organization: {place.code}, label: Other}}]\n").encode()


def _codes(rows: Any) -> set[str]:
    return {row["code"] if isinstance(row, dict) else row.code for row in rows}


def _request(place: Place) -> Request:
    return Request(place.system.code, f"{place.word}-tree", {1: f"{place.word}-country"})


def _of_rows(place: Place) -> FileRequest:
    return FileRequest("rows.csv", f"{place.word}-country", RowMapping(code="Code", label="Name"))


def _from_file(do: Callable[..., object], actor: Actor, place: Place) -> object:
    """Import a file of one row, or have it imported; what is refused is refused before it is read."""
    request = _of_rows(place)
    with NamedTemporaryFile(suffix=".csv") as file:
        file.write(b"Code,Name\nX1,Somewhere\n")
        file.flush()
        return do(actor, Path(file.name), request)


def _pending(actor: Actor, place: Place, purpose: Purpose) -> Pending:
    """A sign-in at the place's DHIS2 that the actor began; what comes back from it is an empty answer."""
    server = OAuthServer("", NOWHERE, NOWHERE)
    return Pending(purpose, place.system.code, NOWHERE, server, "", actor.user_id, "state", "nonce", "verifier", 0)


def _linked(place: Place) -> str:
    """Open the place's system to people, link the member to an account there, and give the member's name."""
    offer_to_people(place)
    account = {"username": "there", "linked_by": "a test"}
    LinkedAccount.objects.create(system=place.system, person=place.member, **account)
    return place.member.username


def _begins_link(actor: Actor, place: Place) -> tuple[str, Pending]:
    offer_to_people(place)
    return linking.begin_link(actor, place.system.code)


def _completes_link(actor: Actor, place: Place) -> str:
    offer_to_people(place)
    return linking.complete_link(actor, _pending(actor, place, Purpose.LINK), Answer())


def _links(actor: Actor, place: Place) -> None:
    offer_to_people(place)
    linking.link_account(actor, place.system.code, person=place.member.username, username="there")


def _lists_linked(actor: Actor, place: Place) -> bool:
    name = _linked(place)
    return name in {row["person"] for row in linking.linked_accounts(actor, place.system.code)}


CALLS: dict[str, Call] = {
    "accounts.actions.organizations.save_organization": lambda a, p: accounts.save_organization(
        a, p.code, label={"default": "Other"}
    ),
    "accounts.actions.people.add_user": lambda a, p: accounts.add_user(
        a, "fresh", password=_GOOD_PASSWORD, role="api-consumer", organization=p.code
    ),
    "accounts.actions.people.set_membership": lambda a, p: accounts.set_membership(
        a, p.member.username, organization=p.code, role="registry-contributor"
    ),
    "accounts.actions.people.end_membership": lambda a, p: accounts.end_membership(
        a, p.member.username, organization=p.code
    ),
    "accounts.actions.people.grant_instance": lambda a, p: accounts.grant_instance(a, p.member.username),
    "accounts.actions.people.revoke_instance": lambda a, p: accounts.revoke_instance(a, p.member.username),
    # About oneself: in the place of others there is nothing to set.
    "accounts.actions.localization.set_localization": lambda a, p: (
        p.word == "own" and accounts.set_localization(a, language="fr", time_zone="Africa/Lusaka").unchanged is False
    ),
    "accounts.actions.sign_in.set_password": lambda a, p: accounts.set_password(
        a, p.member.username, password=_GOOD_PASSWORD
    ),
    "accounts.actions.sign_in.set_email": lambda a, p: accounts.set_email(a, p.member.username, email="x@example.org"),
    "accounts.actions.sign_in.remove_second_factor": lambda a, p: accounts.remove_second_factor(a, p.member.username),
    "accounts.actions.sign_in.deactivate": lambda a, p: accounts.deactivate(a, p.member.username),
    "accounts.actions.sign_in.activate": lambda a, p: accounts.activate(a, p.member.username),
    "accounts.actions.sign_in.end_session": lambda a, p: accounts.end_session(a, _session(a, p)),
    "accounts.actions.tokens.create_token": _makes_token_for,
    "accounts.actions.tokens.revoke_token": lambda a, p: accounts.revoke_token(a, _mine(a, p)),
    "accounts.queries.organizations": lambda a, p: p.code in _codes(people.organizations(a)),
    "accounts.queries.organization": lambda a, p: people.organization(a, p.code),
    "accounts.queries.people": lambda a, p: p.member in people.people(a),
    "accounts.queries.person": lambda a, p: people.person(a, p.member.username),
    "accounts.queries.manageable_person": lambda a, p: people.manageable_person(a, p.member.username),
    "accounts.queries.tokens": lambda a, p: _mine(a, p) in {row.name for row in people.tokens(a)},
    "accounts.queries.sessions": lambda a, p: _session(a, p) in {row.pk for row in people.sessions(a)},
    "accounts.trail.trail": lambda a, p: trail(a).filter(organization=p.code).exists(),
    "systems.actions.save_system": lambda a, p: systems.save_system(
        a,
        p.system.code,
        organization=p.code,
        label={"default": "Other"},
        url=NOWHERE,
        sign_in=SignIn("basic", "u", "other"),
    ),
    "systems.actions.delete_system": lambda a, p: systems.delete_system(a, p.system.code),
    "systems.actions.disable_system": lambda a, p: systems.disable_system(a, p.system.code),
    "systems.actions.enable_system": lambda a, p: systems.enable_system(a, p.system.code),
    "systems.authorization.begin_authorization": lambda a, p: authorization.begin_authorization(a, p.system.code),
    "systems.authorization.complete_authorization": lambda a, p: authorization.complete_authorization(
        a, _pending(a, p, Purpose.CONNECT), Answer()
    ),
    "systems.linking.begin_link": _begins_link,
    "systems.linking.complete_link": _completes_link,
    "systems.linking.link_account": _links,
    "systems.linking.linked_accounts": _lists_linked,
    "systems.linking.unlink_account": lambda a, p: linking.unlink_account(a, p.system.code, person=_linked(p)),
    "systems.plugin.dhis2_app": lambda a, p: plugin.dhis2_app(a, p.system.code),
    "systems.registering.client_registration": lambda a, p: registering.client_registration(a, p.system.code),
    "systems.rotation.rotate": lambda a, _: rotation.rotate(a),
    "systems.connection.check": lambda a, p: connection.check(a, p.system),
    "systems.connection.try_out": lambda a, p: connection.try_out(
        a,
        organization=p.code,
        url=NOWHERE,
        sign_in=SignIn("basic", "u", "other"),
        timeouts=connection.WHILE_SOMEBODY_WAITS,
    ),
    "systems.connection.look_around": lambda a, p: connection.look_around(
        a,
        organization=p.code,
        url=NOWHERE,
        sign_in=SignIn("oauth2", client_id="cgr", grant="code"),
        timeouts=connection.WHILE_SOMEBODY_WAITS,
    ),
    "systems.queries.systems": lambda a, p: p.system in system_queries.systems(a),
    "systems.queries.system": lambda a, p: system_queries.system(a, p.system.code),
    "systems.queries.export": lambda a, p: p.system.code in _codes(system_queries.export(a)),
    "registry.actions.editing.change_object": lambda a, p: registry.change_object(
        a, p.object.pk, _draft(p, p.object.pk), version=p.object.version
    ),
    "registry.actions.editing.create_object": lambda a, p: registry.create_object(a, _draft(p, None)),
    "registry.actions.external_ids.reserve_external_ids": lambda a, p: registry.reserve_external_ids(
        a, p.system.code, [(p.object.pk, "DiszpKrYNg8")]
    ),
    "registry.actions.external_ids.confirm_external_ids": lambda a, p: registry.confirm_external_ids(
        a, p.system.code, [p.object.pk]
    ),
    "registry.actions.external_ids.release_external_ids": lambda a, p: registry.release_external_ids(
        a, p.system.code, [p.object.pk]
    ),
    "registry.actions.deleting.delete_hierarchy": lambda a, p: registry.delete_hierarchy(a, f"{p.word}-tree"),
    "registry.actions.deleting.delete_term_tree": lambda a, _: registry.delete_term_tree(a, "shared"),
    "registry.actions.deleting.delete_type": lambda a, p: registry.delete_type(a, f"{p.word}-country"),
    "registry.actions.hierarchies.save_hierarchy": lambda a, p: registry.save_hierarchy(
        a, HierarchyDefinition(f"{p.word}-new", p.code, "New", {f"{p.word}-country": {}})
    ),
    "registry.actions.hierarchies.place_type": lambda a, p: registry.place_type(
        a, f"{p.word}-tree", f"{p.word}-country", below=None
    ),
    "registry.actions.hierarchies.take_out_type": lambda a, p: registry.take_out_type(
        a, f"{p.word}-tree", f"{p.word}-country"
    ),
    "registry.actions.objects.apply_objects": lambda a, p: (
        not registry.apply_objects(
            a, [f'{{"type":"{p.word}-country","code":"{p.word}-1","label":"Other"}}'.encode()], preview=False
        ).errors
    ),
    "registry.actions.objects.write_objects": _writes,
    "registry.actions.proposing.accept": lambda a, p: registry.accept(a, p.proposal),
    "registry.actions.proposing.propose": lambda a, p: registry.propose(
        a,
        ObjectDraft(type=f"{p.word}-country", code=f"{p.word}-2", key=None, label=Always({"default": "New"})),
        reason="x",
    ),
    "registry.actions.proposing.propose_line": lambda a, p: registry.propose_line(
        a, f'{{"type":"{p.word}-country","code":"{p.word}-1","label":"Other"}}'.encode(), reason="x"
    ),
    "registry.actions.proposing.reject": lambda a, p: registry.reject(a, p.proposal, reason="x"),
    "registry.actions.proposing.withdraw": lambda a, p: registry.withdraw(a, p.proposal),
    "registry.actions.terms.save_term_tree": lambda a, _: registry.save_term_tree(
        a, TermTreeDefinition("new", "New", (TermDefinition("one", "One"),))
    ),
    "registry.actions.terms.save_term": lambda a, _: registry.save_term(a, "shared", TermDefinition("new", "New")),
    "registry.actions.terms.place_term": lambda a, _: registry.place_term(a, "shared", "one", spot=Spot(None)),
    "registry.actions.terms.remove_term": lambda a, _: registry.remove_term(a, "shared", "one"),
    "registry.actions.types.remove_attribute": lambda a, p: registry.remove_attribute(
        a, f"{p.word}-country", f"{p.word}-remarks"
    ),
    "registry.actions.types.save_type": lambda a, p: registry.save_type(
        a, TypeDefinition(f"{p.word}-country", p.code, "Other")
    ),
    "registry.catalogue.catalogue": lambda a, p: f"{p.word}-country" in catalogue.catalogue(a).definitions.types,
    "registry.catalogue.visible_hierarchies": lambda a, p: f"{p.word}-tree" in _codes(catalogue.visible_hierarchies(a)),
    "registry.queries.definitions.draft_definitions": lambda a, p: (
        f"{p.word}-country" in definitions.draft_definitions(a).types
    ),
    "registry.queries.definitions.export_term_trees": lambda a, _: "shared" in _codes(definitions.export_term_trees(a)),
    "registry.queries.definitions.owner_of_type": lambda a, p: definitions.owner_of_type(a, f"{p.word}-country"),
    "registry.queries.definitions.export_types": lambda a, p: (
        f"{p.word}-country" in _codes(definitions.export_types(a))
    ),
    "registry.queries.definitions.export_hierarchies": lambda a, p: (
        f"{p.word}-tree" in _codes(definitions.export_hierarchies(a))
    ),
    "registry.queries.cards.open_object": lambda a, p: cards.open_object(a, p.object.uid),
    "registry.queries.proposals.may_decide": lambda a, p: proposing.may_decide(a, _proposal(p)),
    "registry.queries.proposals.open_proposals": lambda a, p: (
        p.proposal in {row.pk for row in proposing.open_proposals(a, p.object.pk)}
    ),
    "registry.queries.proposals.proposal": lambda a, p: proposing.proposal(a, str(p.proposal)),
    "registry.queries.proposals.proposals": lambda a, p: p.proposal in {row.pk for row in proposing.proposals(a)},
    "registry.queries.proposals.waiting": _waits,
    "registry.queries.cards.uid_of": lambda a, p: cards.uid_of(a, p.object.type.code, p.object.code),
    "registry.queries.finding.find_objects": lambda a, p: bool(
        finding.find_objects(a, f"{p.word}-1", on=date(2026, 11, 23)).hits
    ),
    "registry.queries.tree.visible_types": lambda a, p: f"{p.word}-country" in tree.visible_types(a),
    "registry.queries.objects.export_objects": lambda a, p: (
        f'"{p.word}-1"'.encode() in b"".join(objects.export_objects(a))
    ),
    "registry.queries.objects.page_of_objects": lambda a, p: (
        f'"{p.word}-1"'.encode() in b"".join(objects.page_of_objects(a, most=10)[0])
    ),
    "registry.queries.objects.geo_object": lambda a, p: objects.geo_object(a, f"{p.word}-country", f"{p.word}-1"),
    "registry.queries.objects.objects_by_type": lambda a, p: (
        f"{p.word}-country" in objects.objects_by_type(a, as_of=date(2026, 11, 23))[0].types
    ),
    "registry.queries.tables.export_layers": lambda a, p: (
        f"{p.word}-country" in {shape.code for shape, _, _ in tables.export_layers(a, as_of=date(2026, 11, 23))}
    ),
    "registry.queries.tables.export_table": lambda a, p: (
        f"{p.word}-1" in {one["code"] for one in tables.export_table(a, as_of=date(2026, 11, 23))[1]}
    ),
    "registry.queries.terms_in_use.terms_in_use": lambda a, p: terms_in_use(a, f"{p.word}-country", "owner"),
    "runs.actions.store_plan": lambda a, p: run_actions.store_plan(
        a, empty_plan(p.mapping), system=p.system, config="", findings=(), names=Names(), requests=0, about={}
    ),
    "runs.actions.begin_import": lambda a, p: run_actions.begin_import(
        a, organization=p.system.organization, system=p.system, settings={}, today="2026-11-23"
    ),
    "runs.queueing.queue_new": lambda a, p: queueing.queue_new(
        a,
        kind=run_actions.Kind.SYNC,
        goal=run_actions.Goal.PLAN,
        organization=p.system.organization,
        system=p.system,
        request={},
        as_of=date(2026, 11, 23),
        counts={},
    ),
    "runs.queueing.queue_stored": lambda a, p: queueing.queue_stored(a, p.run, request={}),
    "runs.evidence.forget_old_evidence": lambda a, _: evidence.forget_old_evidence(a),
    "runs.queries.runs": lambda a, p: p.run in runs.runs(a),
    "runs.queries.latest_runs": lambda a, p: p.config.code in runs.latest_runs(a, [p.config.code]),
    "runs.queries.run": lambda a, p: runs.run(a, str(p.run.pk)),
    "runs.queries.runs_of_object": lambda a, p: p.run in _runs_of_object(a, p),
    "runs.queries.sync_run": lambda a, p: runs.sync_run(a, str(p.run.pk)),
    "runs.queries.sync_or_look": lambda a, p: runs.sync_or_look(a, str(p.run.pk)),
    "runs.queries.latest_of_each": lambda a, p: p.run in runs.latest_of_each(a),
    "sync.actions.apply": lambda a, p: sync.apply(a, p.run, digest=p.run.digest),
    "sync.actions.resume": lambda a, p: sync.resume(a, p.run),
    "sync.actions.cancel": lambda a, p: sync.cancel(a, p.run),
    "sync.actions.require_reviewed": lambda a, p: sync.require_reviewed(a, p.run, digest=p.run.digest, consents=()),
    "sync.background.queue_plan": lambda a, p: background.queue_plan(a, f"{p.word}-sync"),
    "sync.background.queue_apply": lambda a, p: background.queue_apply(a, p.run, digest=p.run.digest),
    "sync.background.queue_resume": lambda a, p: background.queue_resume(a, p.run),
    "sync.background.queue_undo": lambda a, p: background.queue_undo(a, p.run),
    "sync.background.queue_look": lambda a, p: background.queue_look(a, f"{p.word}-sync"),
    "sync.drift.look": lambda a, p: drift.look(a, f"{p.word}-sync"),
    "sync.drift.known": lambda a, p: drift.known(a, f"{p.word}-sync"),
    "sync.scheduling.set_schedule": lambda a, p: scheduling.set_schedule(a, f"{p.word}-sync", Schedule("0 3 * * *")),
    "sync.undoing.undo": lambda a, p: undoing.undo(a, p.run),
    "sync.undoing.require_undoable": lambda a, p: undoing.require_undoable(a, p.run),
    "sync.candidates.candidates": lambda a, p: candidates.candidates(a, p.system.code, type_code=f"{p.word}-country"),
    "sync.checking.checked": lambda a, p: checking.checked(a, f"{p.word}-sync"),
    "sync.offers.lists": lambda a, p: offers.lists(
        a, system=p.system.code, hierarchy=f"{p.word}-tree", types=[f"{p.word}-country"]
    ),
    "sync.offers.refresh": lambda a, p: offers.refresh(a, p.system.code),
    "sync.configs.save_config": lambda a, p: configs.save_config(
        a,
        code=f"{p.word}-sync",
        organization=p.code,
        label={"default": "Other"},
        hierarchy=f"{p.word}-tree",
        system=p.system.code,
        settings=p.mapping,
    ),
    "sync.configs.set_notify": lambda a, p: configs.set_notify(a, f"{p.word}-sync", None),
    "sync.configs.delete_config": lambda a, p: configs.delete_config(a, f"{p.word}-sync"),
    "sync.configs.configs": lambda a, p: f"{p.word}-sync" in _codes(configs.configs(a)),
    "sync.configs.config": lambda a, p: configs.config(a, f"{p.word}-sync"),
    "sync.configs.export": lambda a, p: f"{p.word}-sync" in _codes(configs.export(a)),
    "sync.configs.require_own": lambda a, p: configs.require_own(a, p.config),
    "sync.uses.configs_of_hierarchy": lambda a, p: (
        f"{p.word}-sync" in uses.configs_of_hierarchy(a, f"{p.word}-tree").names
    ),
    "sync.uses.configs_with_type": lambda a, p: (
        f"{p.word}-sync" in uses.configs_with_type(a, f"{p.word}-country", hierarchies={f"{p.word}-tree"}).names
    ),
    "sync.uses.configs_with_attribute": lambda a, p: (
        f"{p.word}-sync" in uses.configs_with_attribute(a, f"{p.word}-country", f"{p.word}-remarks").names
    ),
    "sync.uses.configs_with_term": lambda a, p: (
        f"{p.word}-sync" in uses.configs_with_term(a, {(f"{p.word}-country", f"{p.word}-remarks")}, "one").names
    ),
    "sync.planning.check": lambda a, p: planning.check(a, f"{p.word}-sync"),
    "sync.planning.plannable": lambda a, p: planning.plannable(a, f"{p.word}-sync"),
    "sync.planning.plan": lambda a, p: planning.plan(a, f"{p.word}-sync"),
    "imports.actions.import_units": lambda a, p: import_units(a, _request(p)),
    "imports.files.import_file": partial(_from_file, import_file),
    "imports.background.queue_file_import": partial(_from_file, imports.queue_file_import),
    "imports.uploads.keep_upload": lambda a, p: uploads.keep_upload(
        a, Path(os.devnull), organization=p.code, name="rows.csv"
    ),
    "imports.uploads.uploads": lambda a, p: p.upload in uploads.uploads(a),
    "imports.uploads.upload": lambda a, p: uploads.upload(a, p.upload.pk),
    "imports.uploads.look_again": lambda a, p: uploads.look_again(a, p.upload, Choice()),
    "imports.uploads.keep_said": lambda a, p: uploads.keep_said(a, p.upload, {"type": "other"}),
    "imports.uploads.queue_upload": lambda a, p: uploads.queue_upload(a, p.upload, _of_rows(p)),
    "imports.uploads.discard_upload": lambda a, p: uploads.discard_upload(a, p.upload),
    "imports.uploads.forget_old_uploads": lambda a, _: uploads.forget_old_uploads(a),
    "imports.templates.remember": lambda a, p: templates.remember(a, _of_rows(p), name="new"),
    "imports.templates.templates": lambda a, p: p.template in templates.templates(a),
    "imports.templates.template": lambda a, p: templates.template(a, p.code, p.template.name),
    "imports.templates.request_by": lambda a, p: templates.request_by(
        a, p.template.name, type_code=f"{p.word}-country", file="rows.csv"
    ),
    "imports.templates.forget": lambda a, p: templates.forget(a, p.template),
    "imports.background.queue_import": lambda a, p: imports.queue_import(a, _request(p)),
    "imports.background.resume_import": lambda a, p: imports.resume_import(a, p.run),
    "imports.background.cancel_import": lambda a, p: imports.cancel_import(a, p.run),
    "imports.answers.resolve": lambda a, p: answers.resolve(a, p.run, item="OuUnit00001", answer=_SKIPPED),
    "imports.answers.withdraw": lambda a, p: answers.withdraw(a, p.run, item="OuUnit00001"),
    "imports.suggesting.acceptable": lambda a, p: suggesting.acceptable(a, p.run, above=0.9),
    "imports.suggesting.accept": lambda a, p: suggesting.accept(a, p.run, above=0.9),
    "imports.offering.systems_to_import_from": lambda a, p: p.system in offering.systems_to_import_from(a),
    "imports.offering.hierarchies_to_import_into": lambda a, p: (
        f"{p.word}-tree" in _codes(offering.hierarchies_to_import_into(a))
    ),
    "imports.offering.types_to_import_rows_into": lambda a, p: bool(offering.types_to_import_rows_into(a, p.code)),
    "imports.offering.standings_of": lambda a, p: bool(offering.standings_of(a, f"{p.word}-country")),
    "imports.offering.what_dhis2_offers": lambda a, p: offering.what_dhis2_offers(a, p.system.code),
    "imports.offering.find_units": lambda a, p: offering.find_units(a, p.system.code, "north"),
    "imports.reports.import_run": lambda a, p: import_reports.import_run(a, str(p.run.pk)),
    "configuration.applying.apply": lambda a, p: applying.apply(a, _yaml(p)),
    "configuration.applying.apply_document": lambda a, p: applying.apply_document(a, parse_document(_yaml(p))),
    "configuration.deleting.breaking_attribute": lambda a, p: deleting.breaking_attribute(
        a, f"{p.word}-country", f"{p.word}-remarks"
    ),
    "configuration.deleting.breaking_hierarchy": lambda a, p: deleting.breaking_hierarchy(a, f"{p.word}-tree"),
    "configuration.deleting.breaking_place": lambda a, p: deleting.breaking_place(
        a, f"{p.word}-tree", f"{p.word}-country"
    ),
    "configuration.deleting.breaking_term": lambda a, _: deleting.breaking_term(a, "shared", "one"),
    "configuration.deleting.breaking_term_tree": lambda a, _: deleting.breaking_term_tree(a, "shared"),
    "configuration.deleting.breaking_type": lambda a, p: deleting.breaking_type(a, f"{p.word}-country"),
    "configuration.deleting.delete_hierarchy": lambda a, p: deleting.delete_hierarchy(a, f"{p.word}-tree"),
    "configuration.deleting.delete_term_tree": lambda a, _: deleting.delete_term_tree(a, "shared"),
    "configuration.deleting.delete_type": lambda a, p: deleting.delete_type(a, f"{p.word}-country"),
    "configuration.deleting.remove_attribute": lambda a, p: deleting.remove_attribute(
        a, f"{p.word}-country", f"{p.word}-remarks", consent=True
    ),
    "configuration.deleting.remove_term": lambda a, _: deleting.remove_term(a, "shared", "one", consent=True),
    "configuration.deleting.take_out_type": lambda a, p: deleting.take_out_type(
        a, f"{p.word}-tree", f"{p.word}-country", consent=True
    ),
    "configuration.exporting.document_of": lambda a, p: f"{p.word}-country" in str(exporting.document_of(a)),
    "configuration.exporting.export": lambda a, p: f"{p.word}-country" in exporting.export(a),
}
