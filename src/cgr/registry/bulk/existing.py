"""Read stored Geo-Objects with their whole history, a chunk at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import connection

from cgr.core.object_states import ObjectState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.core.drafts import Period


@dataclass(slots=True)
class Stored:
    """One stored object. In `state`, parents are keys; `parent_codes` says what these are called."""

    key: int
    state: ObjectState
    parent_codes: dict[int, str]

    def parent_keys(self) -> dict[tuple[str, str], int]:
        """Give (hierarchy, parent's code) → key for the parents that the object has or had."""
        return {
            (hierarchy, self.parent_codes[key]): key
            for hierarchy, edges in self.state.parents.items()
            for edge in edges
            if isinstance(key := edge["value"], int)
        }


_COLUMNS: Final = (
    'o.id, t.code, o.code, o.invalid, o."exists"::text, o.label::text, o."values"::text'
    " from registry_geoobject o join registry_geoobjecttype t on t.id = o.type_id"
)
_BY_CODE: Final = (
    # No code holds a control character, and a driver takes long to write a list.
    f"select {_COLUMNS} where o.type_id = %s and o.code = any(string_to_array(%s, chr(9)))"
)
_BY_KEY: Final = f"select {_COLUMNS} where o.id = any(%s::bigint[])"
_GEOMETRIES: Final = (
    "select object_id, starts::text, ends::text, wkb from registry_geometryversion"
    " where object_id = any(%s::bigint[]) order by object_id, starts nulls first, ends"
)
_EDGES: Final = (
    "select e.child_id, h.code, e.parent_id, p.code, e.starts::text, e.ends::text from registry_parentedge e"
    " join registry_hierarchy h on h.id = e.hierarchy_id join registry_geoobject p on p.id = e.parent_id"
    " where e.child_id = any(%s::bigint[]) order by e.child_id, e.starts nulls first, e.ends, p.code"
)
_IDS: Final = (
    "select x.object_id, s.code, x.value, x.state = 'reserved' from registry_externalid x"
    " join systems_externalsystem s on s.id = x.system_id where x.object_id = any(%s::bigint[])"
)
_HISTORY: Final = msgspec.json.Decoder(list[dict[str, Any]])
_HISTORIES: Final = msgspec.json.Decoder(dict[str, list[dict[str, Any]]])


def stored_by_code(wanted: Iterable[tuple[int, str]]) -> dict[tuple[str, str], Stored]:
    """Find objects by (type's id, code); the answer's keys are (type's code, code)."""
    codes: dict[int, list[str]] = {}
    for type_id, code in wanted:
        codes.setdefault(type_id, []).append(code)
    found = [one for type_id, of_type in codes.items() for one in _read(_BY_CODE, [type_id, "\t".join(of_type)])]
    return {(one.state.type, one.state.code): one for one in found}


def stored_by_key(keys: Sequence[int]) -> dict[int, Stored]:
    """Find objects by key."""
    return {one.key: one for one in _read(_BY_KEY, [list(keys)])} if keys else {}


def _read(statement: str, parameters: list[Any]) -> list[Stored]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = {
            key: Stored(
                key,
                ObjectState(
                    type=type_code,
                    code=code,
                    invalid=invalid,
                    exists=_HISTORY.decode(exists),
                    label=_HISTORY.decode(label),
                    values=_HISTORIES.decode(values),
                    geometry=[],
                    parents={},
                    external_ids={},
                ),
                {},
            )
            for key, type_code, code, invalid, exists, label, values in cursor.fetchall()
        }
        if found:
            keys = list(found)
            cursor.execute(_GEOMETRIES, [keys])
            _add_geometries(found, cursor.fetchall())
            cursor.execute(_EDGES, [keys])
            _add_parents(found, cursor.fetchall())
            cursor.execute(_IDS, [keys])
            _add_ids(found, cursor.fetchall())
    return list(found.values())


def _add_geometries(found: dict[int, Stored], rows: Iterable[tuple[Any, ...]]) -> None:
    for key, starts, ends, wkb in rows:
        found[key].state.geometry.append({"from": starts, "to": ends, "value": bytes(wkb)})


def _add_parents(found: dict[int, Stored], rows: Iterable[tuple[Any, ...]]) -> None:
    for key, hierarchy, parent, code, starts, ends in rows:
        one = found[key]
        edge: Period = {"from": starts, "to": ends, "value": parent}
        one.state.parents.setdefault(hierarchy, []).append(edge)
        one.parent_codes[parent] = code


def _add_ids(found: dict[int, Stored], rows: Iterable[tuple[Any, ...]]) -> None:
    for key, system, value, reserved in rows:
        state = found[key].state
        state.external_ids[system] = value
        if reserved:
            state.reserved = (*state.reserved, system)
