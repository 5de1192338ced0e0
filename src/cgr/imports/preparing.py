"""Complete what somebody asks to be imported, and refuse what can't be, before anything is planned or written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils import timezone

from cgr.accounts.policy import unknown
from cgr.core.dates import date_problem
from cgr.core.errors import BadInput
from cgr.core.importing import ImportMapping, ImportSettings, remote_problem, scope_of, settings_problem
from cgr.imports.proposals import save_proposal
from cgr.registry import queries as registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor
    from cgr.core.records import TheirUnit
    from cgr.dhis2.client import Dhis2
    from cgr.systems.models import ExternalSystem


_DAYS = frozenset({"DATE", "DATETIME", "AGE"})


@dataclass(frozen=True)
class Request:
    """What somebody asks to be imported. `levels` None: propose types and hierarchy from the levels' names."""

    system: str
    hierarchy: str
    levels: dict[int, str] | None
    root: str | None = None
    start: str | None = None
    mapping: ImportMapping = field(default_factory=ImportMapping)


def check_request(actor: Actor, request: Request) -> None:
    """Refuse, before DHIS2 is asked for anything, what the registry alone can judge."""
    if request.start is not None and (problem := date_problem(request.start)):
        raise _refused(f"{problem}.")
    if request.levels is not None:
        _checked(actor, _settings(request, request.levels))


def check_offer(request: Request, client: Dhis2) -> str | None:
    """Refuse a mapping that names attributes or groups which this DHIS2 doesn't offer.

    Give the calendar that the days of mapped attributes may be in, where it isn't the Gregorian one.
    """
    mapping = request.mapping
    attributes = client.attributes() if any(entry.source is not None for entry in mapping.attributes) else {}
    groups = client.groups() if mapping.groups() else {}
    if problem := remote_problem(mapping, attributes, groups):
        raise BadInput(
            problem,
            code="import-mapping",
            next_step="Take the id from DHIS2's Maintenance app and correct the mapping file.",
        )
    mapped = {attributes[entry.source].value_type for entry in mapping.attributes if entry.source is not None}
    return None if mapped.isdisjoint(_DAYS) else client.system_info().foreign_calendar


def complete(
    actor: Actor,
    request: Request,
    system: ExternalSystem,
    *,
    units: Mapping[str, TheirUnit],
    level_names: Mapping[int, str],
) -> ImportSettings:
    """Give the settings of the import; proposed types and hierarchy are saved."""
    if not units:
        raise BadInput(
            f'"{system.code}" has no organisation units.',
            code="nothing-to-import",
            next_step="Check that the address is the right server.",
        )
    if request.root is not None and request.root not in units:
        raise BadInput(
            f'"{system.code}" has no organisation unit with the id "{request.root}".',
            code="root-unknown",
            next_step="Take the id from DHIS2's Maintenance app: 11 letters and digits.",
        )
    first = 1 if request.root is None else units[request.root].level
    if request.levels is None:
        levels = save_proposal(
            actor,
            organization=system.organization.code,
            hierarchy=request.hierarchy,
            names=level_names,
            first=first,
            last=scope_of(units, (), root=request.root).deepest,
        )
        return _checked(actor, _settings(request, levels))
    deepest = max((*(unit.level for unit in units.values()), *level_names))
    if max(request.levels) > deepest:
        raise _refused(f'"{system.code}" has {deepest} levels, there is no level {max(request.levels)}.')
    if request.root is not None and first not in request.levels:
        raise _refused(f"The unit {request.root} stands on level {first}, which has no type in this import.")
    # What is above the root isn't looked at, so the levels of the whole DHIS2 can be given for any part of it.
    return _settings(request, {level: type_code for level, type_code in request.levels.items() if level >= first})


def _settings(request: Request, levels: dict[int, str]) -> ImportSettings:
    return ImportSettings(
        system=request.system,
        hierarchy=request.hierarchy,
        levels=levels,
        today=timezone.localdate().isoformat(),
        root=request.root,
        start=request.start,
        mapping=request.mapping,
    )


def _checked(actor: Actor, settings: ImportSettings) -> ImportSettings:
    definitions = registry.draft_definitions(actor)
    if settings.hierarchy not in definitions.hierarchies:
        raise unknown("hierarchy", settings.hierarchy, known=definitions.hierarchies)
    if problem := settings_problem(settings, registry.type_shapes(settings.hierarchy)):
        raise _refused(problem)
    for code in settings.levels.values():
        if code not in definitions.types:
            raise unknown("type", code)
    return settings


def _refused(problem: str) -> BadInput:
    return BadInput(problem, code="import-settings", next_step="Correct it and import again.")
