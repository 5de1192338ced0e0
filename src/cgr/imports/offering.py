"""What an import can be put together from: systems, hierarchies with their types, what DHIS2 offers, its units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, structs

from cgr.accounts.policy import Permission
from cgr.core.mapping_rules.attributes import candidates
from cgr.core.records import Localized, OurAttribute, OurType, RemoteAttribute, RemoteGroup
from cgr.core.suggestions import Suggestion, suggest_groups, suggest_options
from cgr.core.unit_fields import FIELDS
from cgr.registry import queries as registry
from cgr.registry.catalogue import catalogue, standings, visible_hierarchies
from cgr.systems.connection import WHILE_SOMEBODY_WAITS, open_client
from cgr.systems.queries import system as find_system
from cgr.systems.queries import systems
from cgr.systems.shapes import kept_or_read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.records import RemoteShape
    from cgr.dhis2.reading import FoundUnit
    from cgr.systems.models import ExternalSystem
    from cgr.systems.shapes import KeptShape

_FOUND = 20
_TEXTS = ("text", "localized_text")


class AttributeSources(Struct, frozen=True):
    """Where the values of one of our attributes may come from. `fields`: plain fields of units."""

    attribute: OurAttribute
    remote: list[RemoteAttribute]
    fields: list[str]
    groups: list[RemoteGroup]


class Chosen(Struct, frozen=True):
    """The types of a hierarchy that objects can be imported into, from the top; `label` is the hierarchy's."""

    code: str
    label: Localized
    types: dict[str, OurType]


def systems_to_import_from(actor: Actor) -> list[ExternalSystem]:
    """Give the enabled systems in whose organization the actor may run imports."""
    return list(systems(actor, permission=Permission.MANAGE_RUNS).filter(enabled=True))


def hierarchies_to_import_into(actor: Actor) -> list[Chosen]:
    """Give the hierarchies that the actor knows, with those of their types whose objects they may edit."""
    editable = catalogue(actor).definitions.types
    return [
        Chosen(row.code, row.label, _from_the_top(registry.type_shapes(row.code), editable))
        for row in visible_hierarchies(actor)
    ]


class Place(Struct, frozen=True):
    """Where a type stands in a hierarchy. `above`: the types above it with their labels, from the top."""

    code: str
    label: Localized
    above: list[tuple[str, Localized]]


def types_to_import_rows_into(actor: Actor, organization: str) -> dict[str, OurType]:
    """Give the types of an organization whose objects the actor may edit, by code."""
    known = catalogue(actor)
    return {code: shape for code, shape in known.definitions.types.items() if known.organizations[code] == organization}


def standings_of(actor: Actor, type_code: str) -> list[Place]:
    """Give the hierarchies that the actor knows in which a type has its place."""
    found = []
    for row in visible_hierarchies(actor):
        places = standings(row)
        if type_code not in places:
            continue
        above: list[str] = []
        parent = places[type_code].parent
        while parent is not None and parent not in above:
            above.insert(0, parent)
            parent = places[parent].parent if parent in places else None
        labels = registry.type_labels(above)
        found.append(Place(row.code, row.label, [(code, labels.get(code, {})) for code in above]))
    return found


def what_dhis2_offers(actor: Actor, system: str, *, refresh: bool = False) -> tuple[KeptShape, str | None]:
    """Give levels, attributes and groups as they were read last, at once; with `refresh` as they are now.

    The text says why they couldn't be read now; OtherSide when they never were.
    """
    row = find_system(actor, system, permission=Permission.MANAGE_RUNS)
    return kept_or_read(row, refresh=refresh, timeouts=WHILE_SOMEBODY_WAITS)


def find_units(actor: Actor, system: str, text: str) -> list[FoundUnit]:
    """Search units of a DHIS2 by a part of the name or by id: a few, the highest first. OtherSide when it is away."""
    row = find_system(actor, system, permission=Permission.MANAGE_RUNS)
    with open_client(row, timeouts=WHILE_SOMEBODY_WAITS) as client:
        return client.find_units(text.strip(), limit=_FOUND)


def attribute_sources(types: Iterable[OurType], shape: RemoteShape) -> list[AttributeSources]:
    """Give for each attribute of the types, once per code, where its values may come from."""
    attributes = {attribute.code: attribute for of in types for attribute in of.attributes.values()}
    groups = sorted(shape.groups.values(), key=lambda group: (group.name.casefold(), group.id))
    return [
        AttributeSources(
            attribute,
            candidates(attribute, shape)[0],
            [name for name in FIELDS if FIELDS[name].kinds[0] in _TEXTS] if attribute.kind in _TEXTS else [],
            groups if attribute.kind == "term" else [],
        )
        for attribute in attributes.values()
    ]


def suggested_terms(attribute: OurAttribute, remote: RemoteAttribute) -> dict[str, Suggestion]:
    """Give option code → the term that is suggested for it."""
    found = suggest_options(attribute.terms or {}, remote.options or ())
    return {suggestion.target: suggestion for suggestion in found}


def suggested_groups(attribute: OurAttribute, groups: Iterable[RemoteGroup]) -> dict[str, Suggestion]:
    """Give term → the group that is suggested for it; one that we may only read will do."""
    readable = [structs.replace(group, writable=True) for group in groups]
    found = suggest_groups(attribute.terms or {}, readable)
    return {suggestion.term: suggestion for suggestion in found}


def _from_the_top(types: dict[str, OurType], editable: dict[str, OurType]) -> dict[str, OurType]:
    def depth(code: str) -> int:
        parent = types[code].parent
        return 0 if parent is None or parent not in types else 1 + depth(parent)

    return {code: types[code] for code in sorted(types, key=lambda code: (depth(code), code)) if code in editable}
