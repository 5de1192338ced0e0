"""Where differences wait until they can be judged as a whole: temporary tables that go with the transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLES: Final = {
    "changed_objects": "id bigint, line int, type_id bigint, code text, renamed boolean, invalid boolean,"
    ' "exists" jsonb, label jsonb, "values" jsonb',
    "dropped_edges": "child_id bigint, hierarchy_id bigint",
    "wanted_edges": "line int, hierarchy_id bigint, child_id bigint, parent_type_id bigint, parent_id bigint,"
    " parent_code text, starts date, ends date",
    "dropped_ids": "object_id bigint, system_id bigint",
    "wanted_ids": "line int, system_id bigint, object_id bigint, type_id bigint, value text, state text",
}
"""Differences of one call. An edge's parent is given by key or by code; a code is looked up among `parent_type_id`."""


def make_tables() -> None:
    """Make the temporary tables, empty."""
    drop_tables()
    with connection.cursor() as cursor:
        for name, columns in TABLES.items():
            cursor.execute(f"create temporary table {name} ({columns}) on commit drop")


def drop_tables() -> None:
    """Drop the temporary tables: a later call in the same transaction begins with its own."""
    with connection.cursor() as cursor:
        cursor.execute(f"drop table if exists {', '.join(TABLES)}")


def copy_lines(table: str, lines: Iterable[str]) -> None:
    """Append rows in `core.copy_format` to a table, given as `name` or `name (columns)`."""
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:
        copy.write("".join(lines))


def new_keys(count: int) -> list[int]:
    """Draw keys for new objects."""
    with connection.cursor() as cursor:
        # A sequence by its name: looking up what it is called would be done again for each key.
        cursor.execute("select nextval('registry_geoobject_id_seq') from generate_series(1, %s)", [count])
        return [key for (key,) in cursor.fetchall()]


def drop_geometries(keys: list[int]) -> None:
    """Take the geometries of these objects away; the ones that they keep are copied anew."""
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("delete from registry_geometryversion where object_id = any(%s::bigint[])", [keys])
