"""Import from a file (R3.4): the same preview, run and list of problems as from a DHIS2, lines instead of units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require, unknown
from cgr.accounts.queries import organization as find_organization
from cgr.audit.actions import record
from cgr.core.progress import Progress, Silent
from cgr.core.rows import (
    AncestorIndex,
    ParentFinder,
    RowImported,
    RowMapping,
    RowPlanner,
    RowSituation,
    RowTrouble,
    Survey,
    columns_problem,
    row_mapping_problem,
)
from cgr.core.rows.mapping import refused
from cgr.files import Choice, open_table
from cgr.files.looking import look_at
from cgr.imports.actions import ImportNote, ImportResult
from cgr.imports.lines import Tally
from cgr.registry import queries as registry
from cgr.registry.actions import write_objects
from cgr.registry.snapshot import stream_objects
from cgr.runs import actions as runs
from cgr.systems.queries import system as find_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from cgr.accounts.actors import Actor
    from cgr.core.records import OurObject, OurType
    from cgr.files import Table
    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem


_DELIMITERS = {"\t": "tab"}


@dataclass(frozen=True)
class FileRequest:
    """What somebody asks to be imported. `file` is what the file is called in messages."""

    file: str
    type: str
    mapping: RowMapping
    system: str | None = None


def import_file(
    actor: Actor,
    path: Path,
    request: FileRequest,
    *,
    preview: bool = False,
    progress: Progress | None = None,
    into: Run | None = None,
) -> ImportResult:
    """Import the rows of a file as objects of one type; with `preview` nothing is written.

    `into`: the run that a worker does, or whose preview it makes and keeps; else one is begun, and nothing is kept of a
    preview.

    Raises BadInput for a file or a mapping that can't be used; a row that can't be imported is a problem of the result.
    """
    system = check_file_request(actor, request)
    mapping = request.mapping
    watcher = progress or Silent()
    with open_table(path, Choice(mapping.sheet, mapping.encoding, mapping.delimiter)) as table:
        _check_columns(mapping, table.columns, has_geometry=table.has_geometry)
        settings = _settings(request, table)
        with transaction.atomic():
            watcher.step("import")
            run = None if preview else _begun(actor, request, settings, system=system, into=into)
            tally = Tally(None if run is None else run.pk)
            result = _import(actor, request, table, tally=tally, progress=watcher, run=run)
            if preview:
                transaction.set_rollback(True)
    if result.kept is None or into is None:
        return result
    runs.keep_preview(into, settings=settings, summary=_summary(result), rows=result.kept.read())
    return replace(result, run=into.pk, kept=None)


def check_file_request(actor: Actor, request: FileRequest) -> ExternalSystem | None:
    """Refuse, before the file is read, what the registry alone can judge; give the system of the external ids."""
    owner = registry.owner_of_type(actor, request.type)
    require(actor, Permission.MANAGE_RUNS, organization=owner)
    system = find_system(actor, request.system) if request.system is not None else None
    shape, places = _shape_of(actor, request)
    problem = row_mapping_problem(request.mapping, shape, system=request.system, hierarchy=places)
    if problem:
        raise refused(problem)
    return system


def check_columns(path: Path, request: FileRequest) -> None:
    """Refuse a file that can't be read, or hasn't what the mapping names, by a look at its beginning."""
    mapping = request.mapping
    look = look_at(path, Choice(mapping.sheet, mapping.encoding, mapping.delimiter))
    _check_columns(mapping, look.columns, has_geometry=look.has_geometry)


def _check_columns(mapping: RowMapping, columns: Sequence[str], *, has_geometry: bool) -> None:
    if problem := columns_problem(mapping, columns):
        raise refused(problem)
    if mapping.geometry is True and not has_geometry:
        raise refused("The file has no geometry of its own; name the columns that hold longitude and latitude.")


def _shape_of(actor: Actor, request: FileRequest) -> tuple[OurType, dict[str, str | None] | None]:
    hierarchy = request.mapping.hierarchy
    if hierarchy is None:
        return registry.types_by_code([request.type])[request.type], None
    if hierarchy not in registry.draft_definitions(actor).hierarchies:
        raise unknown("hierarchy", hierarchy)
    shapes = registry.type_shapes(hierarchy)
    places = {code: shape.parent for code, shape in shapes.items()}
    return shapes.get(request.type) or registry.types_by_code([request.type])[request.type], places


def _settings(request: FileRequest, table: Table) -> dict[str, object]:
    return {
        "file": request.file,
        "type": request.type,
        "system": request.system,
        "columns": table.columns,
        "read": {
            "kind": table.kind,
            "sheet": table.sheet,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
        },
        "mapping": msgspec.to_builtins(request.mapping),
    }


def _begun(
    actor: Actor,
    request: FileRequest,
    settings: dict[str, object],
    *,
    system: ExternalSystem | None,
    into: Run | None,
) -> Run:
    return runs.begin_import(
        actor,
        organization=find_organization(actor, registry.owner_of_type(actor, request.type)),
        system=system,
        settings=settings,
        today=timezone.localdate().isoformat(),
        request=msgspec.to_builtins(request),
        into=into,
    )


def _import(
    actor: Actor, request: FileRequest, table: Table, *, tally: Tally, progress: Progress, run: Run | None
) -> ImportResult:
    source = f"{request.file} (preview)" if run is None else f"import {run.pk}"
    survey = Survey(request.mapping, _shape_of(actor, request)[0], table.columns)
    lines = _planned(actor, request, table, survey, timezone.localdate().isoformat())
    write_objects(actor, tally.drafts(((None, line) for line in lines), progress), source=source)
    result = ImportResult(
        run=tally.run,
        counts=tally.counts,
        levels=[],
        problems=tally.problems,
        notes=[_read_as(table), *(ImportNote(code, message) for code, message in survey.notes())],
        kept=tally.spool if run is None else None,
    )
    if run is not None:
        runs.finish_import(run, summary=_summary(result), requests=0)
        organization = run.organization.code
        record(actor, "import", kind="import run", subject=str(run.pk), organization=organization, after=tally.counts)
    return result


def _summary(result: ImportResult) -> dict[str, object]:
    return {"counts": result.counts, "levels": [], "notes": msgspec.to_builtins(result.notes)}


def _read_as(table: Table) -> ImportNote:
    """Say how the file was read: what was told from its content may have been told wrongly."""
    said = [table.kind.upper()]
    said += [f"encoding {table.encoding}"] if table.encoding else []
    said += [f'delimiter "{_DELIMITERS.get(table.delimiter, table.delimiter)}"'] if table.delimiter else []
    said += [f'"{table.sheet}", one of {len(table.sheets)}'] if table.sheet and len(table.sheets) > 1 else []
    return ImportNote("file-read-as", f"The file was read as {', '.join(said)}.")


def _planned(
    actor: Actor, request: FileRequest, table: Table, survey: Survey, today: str
) -> Iterator[RowImported | RowTrouble]:
    mapping = request.mapping
    shape, places = _shape_of(actor, request)
    situation = RowSituation(
        shape=shape,
        definitions=registry.draft_definitions(actor),
        system=request.system,
        today=today,
        lives=registry.several_lives(request.type),
        parents=_parents(request, places or {}),
        parents_in=(shape.parents_in or mapping.hierarchy) if mapping.parents else None,
    )
    planner = RowPlanner(mapping, situation, table.columns)
    known = _objects(request, request.type, as_of=date.fromisoformat(mapping.day_compared(today)))
    yield from planner.plan(survey.watch(table.rows), known)


def _parents(request: FileRequest, places: dict[str, str | None]) -> ParentFinder:
    """Read the objects that rows may hang below; types between two that are named are looked over."""
    rules = request.mapping.parents
    indexes = [AncestorIndex(rule, _objects(request, rule.type)) for rule in rules]
    above: dict[int, tuple[int, ...]] = {}
    if len(rules) > 1:
        code = places.get(rules[-1].type)
        while code is not None and code != rules[0].type:
            above |= {known.key: known.parents for known in _objects(request, code)}
            code = places.get(code)
    return ParentFinder(rules, indexes, above)


def _objects(request: FileRequest, type_code: str, *, as_of: date | None = None) -> Iterator[OurObject]:
    return stream_objects(
        hierarchy=request.mapping.hierarchy,
        types_in_order=[type_code],
        system=request.system or "",
        as_of=as_of or timezone.localdate(),
    )
