"""Geo-Objects of one day as a table, for spreadsheets and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgr.accounts.policy import Permission
from cgr.core.objects_table import ObjectsTable
from cgr.registry.catalogue import catalogue
from cgr.registry.queries.objects import export_objects, objects_by_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.records import OurType

_decode = msgspec.json.Decoder().decode


def export_table(
    actor: Actor,
    *,
    type: str | None = None,  # noqa: A002 - the domain's word
    as_of: date,
) -> tuple[ObjectsTable, Iterator[dict[str, Any]]]:
    """Give the columns, and stream what `export_objects` gives as of the day: all the actor may read, or one type."""
    lines = export_objects(actor, type=type, as_of=as_of)
    readable = catalogue(actor, permission=Permission.READ_OBJECTS).definitions
    shapes = [shape for code, shape in readable.types.items() if type in {None, code}]
    table = ObjectsTable(shapes, readable.hierarchies, readable.systems)
    return table, map(_decode, lines)


def export_layers(
    actor: Actor,
    *,
    type: str | None = None,  # noqa: A002 - the domain's word
    as_of: date,
) -> Iterator[tuple[OurType, ObjectsTable, Iterator[dict[str, Any]]]]:
    """Give what `export_table` gives type by type: the type, its columns and, to be read before the next, its objects.

    Each type has columns for its own attributes only.
    """
    readable, found = objects_by_type(actor, type=type, as_of=as_of)
    return (
        (shape, ObjectsTable([shape], readable.hierarchies, readable.systems), map(_decode, lines))
        for shape, lines in ((readable.types[code], lines) for code, lines in found)
    )
