"""Geo-Objects of one day as a table, for spreadsheets and maps."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from cgr.core.objects_table import ObjectsTable
from cgr.registry.queries.objects import objects_by_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.records import OurType


def export_table(
    actor: Actor,
    *,
    type: str | None = None,  # noqa: A002 - the domain's word
    as_of: date,
) -> tuple[ObjectsTable, Iterator[dict[str, Any]]]:
    """Give the columns, and stream what the lines of `export_objects` hold at the day: all types, or one."""
    readable, found = objects_by_type(actor, type=type, as_of=as_of)
    shapes = [shape for code, shape in readable.types.items() if type in {None, code}]
    table = ObjectsTable(shapes, readable.hierarchies, readable.systems)
    return table, chain.from_iterable(objects for _, objects in found)


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
        (shape, ObjectsTable([shape], readable.hierarchies, readable.systems), objects)
        for shape, objects in ((readable.types[code], objects) for code, objects in found)
    )
