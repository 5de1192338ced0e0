"""Geo-Objects as rows on their way to the tables, gathered as lines of COPY and sent a chunk at a time."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
from django.utils import timezone

from cgr.core import copy_format
from cgr.core.copy_format import NULL, binary, flag
from cgr.core.geometry import bounds
from cgr.registry.bulk import staging

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.audit.actions import Entry
    from cgr.core.drafts import Period
    from cgr.core.object_states import ObjectState

_OBJECTS: Final = (
    'registry_geoobject (id, uid, type_id, code, invalid, version, created, updated, "exists", label, "values")'
)
_GEOMETRIES: Final = "registry_geometryversion (object_id, starts, ends, wkb, box)"
_encode: Final = msgspec.json.Encoder().encode
_UUID_DIGITS: Final = 32


@dataclass(slots=True)
class Rows:
    """The rows of one chunk. `redrawn`: keys of the objects whose geometries are written anew."""

    objects: list[str] = field(default_factory=list)
    geometries: list[str] = field(default_factory=list)
    staged: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in staging.TABLES})
    redrawn: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def add_geometries(self, key: int, state: ObjectState) -> None:
        """Add all geometries of an object."""
        for period in state.geometry:
            wkb = period["value"]
            if isinstance(wkb, bytes):
                self.geometries.append(f"{key}\t{_days(period)}\t{binary(wkb)}\t{_box(wkb)}\n")

    def add_change(self, key: int, state: ObjectState, *, line: int, type_id: int, renamed: bool) -> None:
        """Add what becomes of an object that is there."""
        self.staged["changed_objects"].append(
            f"{key}\t{line}\t{type_id}\t{copy_format.field(state.code)}\t{flag(renamed)}\t{flag(state.invalid)}"
            f"\t{_histories(state)}\n"
        )

    def add_edge(self, key: int, edge: Period, *, line: int, hierarchy: int, parent_type: int) -> None:
        """Add a parent, given by key or code."""
        parent = edge["value"]
        named = f"{parent}\t{NULL}" if isinstance(parent, int) else f"{NULL}\t{copy_format.field(str(parent))}"
        self.staged["wanted_edges"].append(f"{line}\t{hierarchy}\t{key}\t{parent_type}\t{named}\t{_days(edge)}\n")

    def add_id(self, key: int, value: str, *, line: int, system: int, type_id: int) -> None:
        """Add an external id."""
        self.staged["wanted_ids"].append(f"{line}\t{system}\t{key}\t{type_id}\t{copy_format.field(value)}\tconfirmed\n")

    def drop(self, table: str, key: int, references: Iterable[int]) -> None:
        """Note what of an object goes before its new rows come: its edges by hierarchy, its ids by system."""
        self.staged[table] += [f"{key}\t{reference}\n" for reference in references]

    def send(self) -> None:
        """Copy all but the audit log's entries into the tables."""
        if self.objects:
            staging.copy_lines(_OBJECTS, self.objects)
        staging.drop_geometries(self.redrawn)
        if self.geometries:
            staging.copy_lines(_GEOMETRIES, self.geometries)
        for name, lines in self.staged.items():
            if lines:
                staging.copy_lines(name, lines)


def new_object(key: int, uid: str, state: ObjectState, *, type_id: int, moment: str) -> str:
    """Write the row of a new object. `moment`: when it is created, as a field."""
    return (
        f"{key}\t{uid}\t{type_id}\t{copy_format.field(state.code)}\t{flag(state.invalid)}\t1\t{moment}\t{moment}"
        f"\t{_histories(state)}\n"
    )


def new_uids(count: int) -> Iterator[str]:
    """Make uids for new objects: UUIDs of version 7, whose order by time keeps the index of a large import compact."""
    milliseconds = time.time_ns() // 1_000_000
    chance = os.urandom(count * _UUID_DIGITS // 2).hex()
    for start in range(0, count * _UUID_DIGITS, _UUID_DIGITS):
        yield f"{milliseconds:012x}7{chance[start : start + 3]}a{chance[start + 3 : start + 18]}"


def now() -> str:
    """Give this moment as a field."""
    return timezone.now().isoformat()


def _histories(state: ObjectState) -> str:
    only = state.exists[0] if len(state.exists) == 1 else None
    exists = _json(state.exists) if only is None else _span(only["from"], only["to"])
    return f"{exists}\t{_json(state.label)}\t{_json(state.values) if state.values else '{}'}"


@lru_cache(maxsize=4096)  # thousands of objects begin on the same few days
def _span(starts: object, ends: object) -> str:
    return _json([{"from": starts, "to": ends}])


def _box(wkb: bytes) -> str:
    west, south, east, north = bounds(wkb)
    return f"({east},{north}),({west},{south})"


def _days(period: Period) -> str:
    starts, ends = period["from"], period["to"]
    return f"{NULL if starts is None else starts}\t{NULL if ends is None else ends}"


def _json(value: object) -> str:
    return copy_format.field(_encode(value).decode())
