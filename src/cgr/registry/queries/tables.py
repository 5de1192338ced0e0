"""Geo-Objects of one day as a table, for spreadsheets and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.accounts.policy import Permission
from cgr.core.objects_table import ObjectsTable
from cgr.registry.catalogue import catalogue
from cgr.registry.queries.objects import describe_objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from cgr.accounts.actors import Actor


def export_table(
    actor: Actor,
    *,
    type: str | None = None,  # noqa: A002 - the domain's word
    as_of: date,
) -> tuple[ObjectsTable, Iterator[dict[str, Any]]]:
    """Give the columns, and stream what `describe_objects` gives as of the day: all the actor may read, or one type."""
    objects = describe_objects(actor, type=type, as_of=as_of)
    readable = catalogue(actor, permission=Permission.READ_OBJECTS).definitions
    shapes = [shape for code, shape in readable.types.items() if type in {None, code}]
    table = ObjectsTable(shapes, readable.hierarchies, readable.systems)
    return table, objects
