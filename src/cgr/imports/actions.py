"""Import from a DHIS2: read, plan level by level, write, report; all in one transaction or nothing (R3.1 to R3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.core.errors import BadInput
from cgr.core.importing import (
    Imported,
    ImportMapping,
    ImportSettings,
    LevelPlanner,
    Outcome,
    Trouble,
    settings_problem,
    vanished,
)
from cgr.core.importing.planning import Place
from cgr.core.progress import Progress, Silent
from cgr.dhis2.shape import read_shape
from cgr.imports.proposals import save_proposal
from cgr.registry import queries as registry
from cgr.registry.actions import write_objects
from cgr.registry.catalogue import catalogue
from cgr.registry.snapshot import stream_objects
from cgr.runs import actions as runs
from cgr.runs.items import Row, read_bodies, store_rows
from cgr.systems.connection import open_client
from cgr.systems.queries import system as find_system
from cgr.systems.reading import read_members, read_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.drafts import ObjectDraft
    from cgr.core.records import OurObject, TheirUnit
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem

_FIELDS = ("code", "name", "openingDate", "closedDate", "geometry", "translations")
_ROWS_AT_A_TIME = 2_000


@dataclass
class ImportResult:
    """What an import did, or would do: the JSON of contract.md. `run` is None for a preview.

    `kept`: the lines of a preview as JSON; those of an import are stored with its run.
    """

    run: int | None = None
    counts: dict[str, int] = field(
        default_factory=lambda: {"new": 0, "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0}
    )
    kept: list[str] = field(default_factory=list)
    problems: list[Trouble] = field(default_factory=list)

    def read_changes(self) -> Iterator[msgspec.Raw]:
        """Stream what is new, changed or vanished, each line as JSON: `{"kind", "uid", "object", "fields"}`."""
        bodies = iter(self.kept) if self.run is None else read_bodies(self.run)
        for body in bodies:
            yield msgspec.Raw(body.encode())


@dataclass(frozen=True)
class Request:
    """What somebody asks to be imported. `levels` None: propose types and hierarchy from the levels' names."""

    system: str
    hierarchy: str
    levels: dict[int, str] | None
    root: str | None = None
    start: str | None = None
    mapping: ImportMapping = field(default_factory=ImportMapping)


def import_units(
    actor: Actor, request: Request, *, preview: bool = False, progress: Progress | None = None
) -> ImportResult:
    """Import the organisation units of a registered DHIS2; with `preview` nothing is written."""
    system = find_system(actor, request.system)
    require(actor, Permission.MANAGE_RUNS, organization=system.organization.code)
    watcher = progress or Silent()
    with open_client(system) as client:
        units = read_units(client, _fields(request.mapping), progress=watcher)
        if not units:
            raise BadInput(
                f'"{system.code}" has no organisation units.',
                code="nothing-to-import",
                next_step="Check that the address is the right server.",
            )
        members = read_members(client, _groups(request.mapping), progress=watcher)
        with transaction.atomic():
            settings = _settings(actor, request, system, client, units)
            result = _import(actor, settings, system, units, members, watcher)
            if preview:
                result.kept = list(read_bodies(result.run or 0))
                result.run = None
                transaction.set_rollback(True)
    return result


def _fields(mapping: ImportMapping) -> tuple[str, ...]:
    extra = [name for name in mapping.sources() if name not in _FIELDS]
    if any(attribute.source for attribute in mapping.attributes):
        extra.append("attributeValues")
    return (*_FIELDS, *extra)


def _groups(mapping: ImportMapping) -> set[str]:
    return {group for attribute in mapping.attributes for group in attribute.groups or {}}


def _settings(
    actor: Actor, request: Request, system: ExternalSystem, client: Dhis2, units: dict[str, TheirUnit]
) -> ImportSettings:
    """Complete what was asked for: proposed types and hierarchy are saved, levels and mapping are checked."""
    if request.root is not None and request.root not in units:
        raise BadInput(
            f'"{system.code}" has no organisation unit with the id "{request.root}".',
            code="root-unknown",
            next_step="Take the id from DHIS2's Maintenance app: 11 letters and digits.",
        )
    levels = request.levels
    if levels is None:
        levels = save_proposal(
            actor,
            organization=system.organization.code,
            hierarchy=request.hierarchy,
            names=read_shape(client).levels,
            deepest=max(unit.level for unit in units.values()),
        )
    settings = ImportSettings(
        system=request.system,
        hierarchy=request.hierarchy,
        levels=levels,
        today=timezone.localdate().isoformat(),
        root=request.root,
        start=request.start,
        mapping=request.mapping,
    )
    if problem := settings_problem(settings, registry.type_shapes(request.hierarchy)):
        raise BadInput(problem, code="import-settings", next_step="Correct it and import again.")
    if request.root is not None and units[request.root].level != min(levels):
        raise BadInput(
            f"The unit {request.root} stands on level {units[request.root].level}, but the levels begin "
            f"with {min(levels)}.",
            code="import-settings",
            next_step="Begin the levels with that of the unit.",
        )
    return settings


def _import(
    actor: Actor,
    settings: ImportSettings,
    system: ExternalSystem,
    units: dict[str, TheirUnit],
    members: dict[str, set[str]],
    progress: Progress,
) -> ImportResult:
    run = runs.begin_import(
        actor, system=system, settings=msgspec.to_builtins(settings, str_keys=True), today=settings.today
    )
    result = ImportResult(run=run.pk)
    progress.step("import", len(units))
    write_objects(
        actor,
        _drafts(_planned(actor, settings, system, units, members), result, run, progress),
        source=f"import {run.pk}",
    )
    runs.finish_import(run, counts=result.counts, requests=0)
    record(
        actor,
        "import",
        kind="import run",
        subject=str(run.pk),
        organization=system.organization.code,
        after=result.counts,
    )
    return result


def _planned(
    actor: Actor,
    settings: ImportSettings,
    system: ExternalSystem,
    units: dict[str, TheirUnit],
    members: dict[str, set[str]],
) -> Iterator[Imported | Trouble]:
    """Plan level by level, each against the objects of its type as they are before this import."""
    types = registry.type_shapes(settings.hierarchy)
    by_level: dict[int, list[TheirUnit]] = {}
    for unit in sorted(units.values(), key=lambda unit: unit.uid):
        by_level.setdefault(unit.level, []).append(unit)
    held = _types_by_external_id(system)
    top = types[settings.levels[min(settings.levels)]]
    planner = LevelPlanner(
        settings,
        types,
        catalogue(actor).definitions,
        members=members,
        above=_places(settings, system, top.parent),
        held=held,
    )
    for level, type_code in settings.levels.items():
        objects = list(_objects(settings, system, type_code))
        ours = {known.external_id: known for known in objects if known.external_id}
        codes = {known.code: known.external_id for known in objects}
        yield from planner.plan_level(level, by_level.get(level, []), ours, codes)
        yield from vanished(ours, units)


def _types_by_external_id(system: ExternalSystem) -> dict[str, tuple[str, ...]]:
    held: dict[str, tuple[str, ...]] = {}
    for uid, type_code in registry.types_by_external_id(system.code):
        held[uid] = (*held.get(uid, ()), type_code)
    return held


def _objects(settings: ImportSettings, system: ExternalSystem, type_code: str) -> Iterator[OurObject]:
    return stream_objects(
        hierarchy=settings.hierarchy, types_in_order=[type_code], system=system.code, as_of=timezone.localdate()
    )


def _places(settings: ImportSettings, system: ExternalSystem, type_code: str | None) -> dict[str, Place]:
    if type_code is None:
        return {}
    return {
        known.external_id: Place(known.code, known.key)
        for known in _objects(settings, system, type_code)
        if known.external_id
    }


def _drafts(
    planned: Iterator[Imported | Trouble], result: ImportResult, run: Run, progress: Progress
) -> Iterator[ObjectDraft]:
    """Pass the drafts on to be written; what happens to each unit is counted and stored on the way."""
    rows: list[Row] = []
    for line in planned:
        match line:
            case Trouble():
                result.counts["conflict"] += 1
                result.problems.append(line)
                rows.append(_problem_row(line, len(result.problems)))
            case Imported(kind=kind):
                result.counts[kind.value] += 1
                if kind is not Outcome.UNCHANGED:
                    rows.append(_change_row(line, sum(result.counts.values())))
                if line.draft is not None:
                    yield line.draft
        progress.advance(1)
        if len(rows) >= _ROWS_AT_A_TIME:
            store_rows(run.pk, rows)
            rows = []
    store_rows(run.pk, rows)


def _change_row(line: Imported, position: int) -> Row:
    return Row(
        category="change",
        position=position,
        body=msgspec.json.encode(
            {"kind": line.kind, "uid": line.uid, "object": line.object, "fields": line.fields}
        ).decode(),
        type=line.object.type,
        code=line.object.code,
        uid=line.uid,
        kinds=(line.kind.value,),
    )


def _problem_row(line: Trouble, position: int) -> Row:
    return Row(
        category="problem",
        position=position,
        body=msgspec.json.encode(line).decode(),
        type=line.object.type if line.object else "",
        code=line.object.code if line.object else "",
        uid=line.uid,
    )
