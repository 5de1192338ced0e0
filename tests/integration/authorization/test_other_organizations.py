"""Somebody of another organization learns nothing: not by lists, counts, exports, nor by naming what isn't theirs."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from django.db import transaction

from cgr.accounts import queries as people
from cgr.accounts.trail import trail
from cgr.audit.queries import entry_json
from cgr.configuration.exporting import export as configuration
from cgr.core.changes import Counts, ObjectRef, Plan, Problem, ProblemCode
from cgr.core.drafts import ObjectDraft
from cgr.core.errors import CgrError
from cgr.core.plan_words import Names
from cgr.core.schedule import Schedule
from cgr.core.streamed_json import encoded
from cgr.imports.actions import Request
from cgr.imports.background import queue_import
from cgr.registry import actions as registry
from cgr.registry.catalogue import catalogue, visible_hierarchies
from cgr.registry.queries import definitions, objects
from cgr.runs import actions as run_actions
from cgr.runs import queries as runs
from cgr.sync import background, candidates, configs, drift
from cgr.sync.downloads import Format, write_download
from cgr.sync.models import Agreement
from cgr.sync.reports import plan_of, report_of
from cgr.sync.schedules import schedule_json
from cgr.sync.scheduling import set_schedule
from cgr.systems import queries as systems
from cgr.systems.plugin import dhis2_app

from .world import OPERATOR, ROLES, Place, make_place, take_away

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run

pytestmark = pytest.mark.django_db
STRANGERS = [role for role in ROLES if role != "system-administrator"]


def make_zulu() -> Place:
    """Another organization in which everything has happened: a run with a problem, drift, a schedule, a queued run."""
    place = make_place("zulu")
    problem = Problem(ProblemCode.CYCLE, ObjectRef("zulu-country", "zulu-1"), "DiszpKrYNg8", 1, "zulu", "zulu")
    plan = Plan("2026-11-23", place.mapping, "2.42", 7, Counts(problem=1), (), (), (problem,), ())
    place.run = run_actions.store_plan(
        OPERATOR, plan, system=place.system, config="zulu-sync", findings=(), names=Names(), requests=1, about={}
    )
    found = {"kind": "deleted", "object": {"type": "zulu-country", "code": "zulu-1"}, "uid": "DiszpKrYNg8"}
    Agreement.objects.create(
        config=place.config,
        object_key=place.object.pk,
        uid="DiszpKrYNg8",
        version=1,
        level=1,
        layout=1,
        fields="{}",
        drift={**found, "level": 1, "fields": {}},
    )
    set_schedule(OPERATOR, "zulu-sync", Schedule("0 3 * * *"))
    background.queue_plan(OPERATOR, "zulu-sync")
    queue_import(OPERATOR, _import_of("zulu-system", "zulu"))
    return place


def _import_of(system: str, word: str) -> Request:
    return Request(system, f"{word}-tree", {1: f"{word}-country"})


def _downloads(run: Run) -> list[bytes]:
    files = []
    for kind in (Format.JSON, Format.CSV):
        stream = BytesIO()
        write_download(run, stream, format=kind)
        files.append(stream.getvalue())
    return files


def _unpacked(archive: bytes) -> list[bytes]:
    with ZipFile(BytesIO(archive)) as files:
        return [files.read(name) for name in files.namelist()]


LISTS: dict[str, Callable[[Actor], object]] = {
    "organizations": lambda a: [(row.code, row.label) for row in people.organizations(a)],
    "people": lambda a: [
        (row.username, [str(role.organization.code) for role in row.shown]) for row in people.people(a)
    ],
    "the audit log": lambda a: [entry_json(row) for row in trail(a)],
    "systems": lambda a: [(row.code, row.label) for row in systems.systems(a)],
    "the export of systems": systems.export,
    "types": lambda a: sorted(catalogue(a).definitions.types),
    "hierarchies": lambda a: [row.code for row in visible_hierarchies(a)],
    "the export of types": definitions.export_types,
    "the export of hierarchies": definitions.export_hierarchies,
    "the export of objects": lambda a: [*objects.export_objects(a)],
    "the export of configurations": configs.export,
    "the export of everything": configuration,
    "schedules": lambda a: [schedule_json(row) for row in configs.configs(a)],
    "drift": lambda a: [drift.known(a, row.code) for row in configs.configs(a)],
    "runs and imports": lambda a: runs.runs_json(runs.runs(a)),
    "reports of runs": lambda a: [b"".join(encoded(report_of(row))) for row in runs.runs(a) if row.kind == "sync"],
    "plans": lambda a: [b"".join(encoded(plan_of(row))) for row in runs.runs(a) if row.kind == "sync"],
    "downloads": lambda a: [_downloads(row) for row in runs.runs(a) if row.kind == "sync"],
    "DHIS2 apps": lambda a: [_unpacked(dhis2_app(a, row.code)) for row in systems.systems(a)],
}
"""What is answered without naming anything, each with all that can be taken away of it."""


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.usefixtures("own")
def test_no_list_count_export_report_or_file_is_another_one_since_there_is_the_other_organization(
    name: str, cast: dict[str, Actor], settings: SettingsWrapper
) -> None:
    settings.PUBLIC_URL = settings.BROWSER_URL = "https://registry.example.org"
    before = {role: repr(LISTS[name](cast[role])) for role in STRANGERS}
    make_zulu()
    assert {role: repr(LISTS[name](cast[role])) for role in STRANGERS} == before
    # What is compared would show it: somebody who may know of both is told.
    assert "zulu" in repr(LISTS[name](cast["system-administrator"])).lower()


MIXTURES: dict[str, Callable[[Actor, Place, Place], object]] = {
    "candidates of one's own system for their type": lambda a, mine, theirs: candidates.candidates(
        a, mine.system.code, type_code=f"{theirs.word}-country"
    ),
    "an import from one's own system into their hierarchy": lambda a, mine, theirs: queue_import(
        a, _import_of(mine.system.code, theirs.word)
    ),
    "an import from their system into one's own hierarchy": lambda a, mine, theirs: queue_import(
        a, _import_of(theirs.system.code, mine.word)
    ),
    "a configuration of one's own with their hierarchy": lambda a, mine, theirs: _configure(a, mine, tree=theirs),
    "a configuration of one's own with their system": lambda a, mine, theirs: _configure(a, mine, system=theirs),
    "an external id of their object in one's own system": lambda a, mine, theirs: _give_id(a, of=theirs, system=mine),
    "an external id of one's own object in their system": lambda a, mine, theirs: _give_id(a, of=mine, system=theirs),
    "a plan limited to what their run left undone": lambda a, mine, theirs: background.queue_plan(
        a, f"{mine.word}-sync", only=f"failed-of:{theirs.run.pk}"
    ),
    "the audit log of their organization": lambda a, _, theirs: trail(a, organization=theirs.code),
}
"""Questions and actions that name something of one's own together with something of theirs."""


def _give_id(actor: Actor, *, of: Place, system: Place) -> None:
    draft = ObjectDraft(
        type=f"{of.word}-country",
        code=f"{of.word}-1",
        key=of.object.pk,
        external_ids={system.system.code: "DiszpKrYNg8"},
    )
    registry.change_object(actor, of.object.pk, draft, version=of.object.version)


def _configure(actor: Actor, mine: Place, *, tree: Place | None = None, system: Place | None = None) -> None:
    configs.save_config(
        actor,
        code="another",
        organization=mine.code,
        label={"default": "Another"},
        hierarchy=f"{(tree or mine).word}-tree",
        system=(system or mine).system.code,
        settings=mine.mapping,
    )


@pytest.mark.parametrize("name", MIXTURES)
def test_naming_something_of_theirs_with_something_of_ones_own_is_refused_as_if_it_were_not_there(
    name: str, own: Place, cast: dict[str, Actor]
) -> None:
    zulu = make_zulu()
    foreign = {role: _refusal(name, cast[role], own, zulu) for role in STRANGERS}
    with transaction.atomic():
        take_away(zulu)
        absent = {role: _refusal(name, cast[role], own, zulu) for role in STRANGERS}
        transaction.set_rollback(True)
    assert foreign == absent
    assert all(foreign.values())


def _refusal(name: str, actor: Actor, mine: Place, theirs: Place) -> str:
    words = ""
    with transaction.atomic():
        try:
            with transaction.atomic():
                MIXTURES[name](actor, mine, theirs)
        except CgrError as error:
            words = f"{error.code}: {error}"
        transaction.set_rollback(True)
    return words
