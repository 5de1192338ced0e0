"""Import from a DHIS2: read, plan level by level, write, report; all in one transaction or nothing (R3.1 to R3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.importing import LevelPlanner, circling, orphaned, scope_of
from cgr.core.progress import Progress, Silent
from cgr.core.unit_fields import FIELDS
from cgr.imports.answers import answers_for
from cgr.imports.lines import Spool, Tally
from cgr.imports.preparing import Request, check_offer, check_request, complete
from cgr.imports.situation import objects_of, situation_of
from cgr.registry.actions import write_objects
from cgr.registry.ahead import ahead
from cgr.runs import actions as runs
from cgr.runs.actions import keep_preview
from cgr.runs.items import read_bodies
from cgr.systems.connection import open_client
from cgr.systems.queries import system as find_system
from cgr.systems.reading import read_members, read_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.importing import Imported, ImportMapping, ImportSettings, Scope, Situation, Trouble
    from cgr.core.records import TheirUnit
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem

__all__ = ["ImportResult", "Request", "import_units"]

_TRANSLATED = {name for name, described in FIELDS.items() if described.translated_as}


@dataclass(frozen=True)
class LevelCounts:
    """What happens on one level; `level` None: units that have no place in DHIS2's tree."""

    level: int | None
    type: str | None
    counts: dict[str, int]


@dataclass(frozen=True)
class ImportNote:
    """Something worth knowing that stops nothing."""

    code: str
    message: str


@dataclass(frozen=True)
class ImportResult:
    """What an import did, or would do: the JSON of contract.md. `run` is None for a preview.

    `kept`: the lines of a preview; those of an import are stored with its run.
    """

    run: int | None
    counts: dict[str, int]
    levels: list[LevelCounts]
    problems: list[Trouble]
    notes: list[ImportNote]
    kept: Spool | None = field(default=None, repr=False)

    def read_changes(self) -> Iterator[msgspec.Raw]:
        """Stream what is new, changed or vanished, each line as JSON: `{"kind", "uid", "object", "fields"}`."""
        if self.run is not None:
            bodies = read_bodies(self.run)
        else:
            bodies = (row.body for row in (self.kept.read() if self.kept else ()) if row.category == "change")
        for body in bodies:
            yield msgspec.Raw(body.encode())


def import_units(
    actor: Actor,
    request: Request,
    *,
    preview: bool = False,
    progress: Progress | None = None,
    into: Run | None = None,
) -> ImportResult:
    """Import the organisation units of a registered DHIS2; with `preview` nothing is written.

    `into`: the run that a worker does, or whose preview it makes and keeps; else one is begun, and nothing is kept of a
    preview. What people said about units counts: for this run, and that a unit is new for all of the system.
    """
    system = find_system(actor, request.system)
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    check_request(actor, request)
    watcher = progress or Silent()
    with open_client(system) as client:
        watcher.measure(client)
        calendar = check_offer(request, client)
        level_names = {row.level: row.name for row in client.levels()}
        units = _read_units(client, request.mapping, watcher)
        members = read_members(client, request.mapping.groups(), progress=watcher)
        requests = client.requests
    with transaction.atomic():
        settings = complete(actor, request, system, units=units, level_names=level_names)
        situation = situation_of(actor, settings, units, members, answers=answers_for(system, into))
        scope = scope_of(units, settings.levels, root=settings.root)
        units.clear()  # 100,000 of them: what a level is done with shall not stay in memory until the end
        watcher.step("import", sum(map(len, scope.by_level.values())))
        result = _import(
            actor,
            settings,
            system=system,
            situation=situation,
            scope=scope,
            progress=watcher,
            requests=requests,
            calendar=calendar,
            request=None if preview else msgspec.to_builtins(request, str_keys=True),
            into=into,
        )
        if preview:
            transaction.set_rollback(True)
    if result.kept is None or into is None:
        return result
    kept = msgspec.to_builtins(settings, str_keys=True)
    keep_preview(into, settings=kept, summary=_summary(result), rows=result.kept.read())
    return replace(result, run=into.pk, kept=None)


def _summary(result: ImportResult) -> dict[str, object]:
    return {
        "counts": result.counts,
        "levels": msgspec.to_builtins(result.levels),
        "notes": msgspec.to_builtins(result.notes),
    }


def _read_units(client: Dhis2, mapping: ImportMapping, progress: Progress) -> dict[str, TheirUnit]:
    fields = ["geometry", *mapping.sources()]
    if not _TRANSLATED.isdisjoint(fields):
        fields.append("translations")
    if any(entry.source is not None for entry in mapping.attributes):
        fields.append("attributeValues")
    return read_units(client, fields, progress=progress)


def _import(  # noqa: PLR0913 - all that was gathered
    actor: Actor,
    settings: ImportSettings,
    *,
    system: ExternalSystem,
    situation: Situation,
    scope: Scope,
    progress: Progress,
    requests: int,
    calendar: str | None,
    request: dict[str, object] | None,
    into: Run | None,
) -> ImportResult:
    run, tally = None, Tally(None)
    if request is not None:
        as_json = msgspec.to_builtins(settings, str_keys=True)
        run = runs.begin_import(
            actor,
            organization=system.organization,
            system=system,
            settings=as_json,
            today=settings.today,
            request=request,
            into=into,
        )
        tally.run = run.pk
    source = "import preview" if run is None else f"import {run.pk}"
    write_objects(actor, tally.drafts(_planned(settings, situation, scope), progress), source=source)
    levels = [
        LevelCounts(level, settings.levels.get(level) if level else None, counts)
        for level, counts in tally.levels.items()
    ]
    kept = tally.spool if run is None else None
    result = ImportResult(tally.run, tally.counts, levels, tally.problems, _notes(scope, calendar), kept)
    if run is not None:
        runs.finish_import(run, summary=_summary(result), requests=requests)
        organization = system.organization.code
        record(actor, "import", kind="import run", subject=str(run.pk), organization=organization, after=tally.counts)
    return result


def _planned(
    settings: ImportSettings, situation: Situation, scope: Scope
) -> Iterator[tuple[int | None, Imported | Trouble]]:
    """Plan level by level, each against the objects of its type as they are before this import."""
    planner = LevelPlanner(settings, situation)
    for level, type_code in settings.levels.items():
        units = scope.by_level.pop(level, [])
        objects = objects_of(settings, type_code)
        known = next(objects, None)
        # Where nothing is known yet, planning needs no database and can go on while the writing waits for it.
        lines = (
            ahead(planner.plan_level(level, units, ()))
            if known is None
            else planner.plan_level(level, units, chain((known,), objects))
        )
        for line in lines:
            yield level, line
    for unit in scope.circling:
        yield None, circling(unit)
    for unit in scope.orphaned:
        yield None, orphaned(unit)


def _notes(scope: Scope, calendar: str | None) -> list[ImportNote]:
    notes = []
    if scope.unmapped:
        notes.append(_left_out(scope))
    if calendar is not None:
        message = f"The system calendar is {calendar}: days of attributes may be days of it, and are taken as written."
        notes.append(ImportNote("other-calendar", message))
    return notes


def _left_out(scope: Scope) -> ImportNote:
    levels = " and ".join(str(level) for level in sorted(scope.unmapped))
    count = sum(scope.unmapped.values())
    message = f"{count:,} organisation units are left out: no type is mapped to their level ({levels})."
    return ImportNote("level-not-mapped", message)
