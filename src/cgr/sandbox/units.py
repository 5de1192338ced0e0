"""Organisation units as DHIS2 stores them: path and level beside the parent, so that they can go stale (H7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAYS_REMEMBERED: Final = 6


@dataclass(slots=True)
class Unit:
    """One stored unit. `data` holds the owner fields that have a value, without parent, geometry, path and level.

    Attribute values are pairs (attribute, value) in `data`; `geometry` is encoded JSON.
    """

    data: dict[str, Any]
    parent: str | None = None
    geometry: bytes | None = None
    stored_path: str = ""
    stored_level: int = 1

    @property
    def uid(self) -> str:
        """The id."""
        return str(self.data["id"])


Stored: TypeAlias = Unit | dict[str, Any]
"""An object as the sandbox keeps it."""


def data_of(stored: Stored) -> dict[str, Any]:
    """Give the properties of an object, of whichever class."""
    return stored.data if isinstance(stored, Unit) else stored


@dataclass(slots=True)
class UnitStore:
    """All units with the indexes the importer and the lists need; every change goes through `put` and `remove`.

    `content`, `shape` and `tree` count writes of any kind, changes of the set of units, and changes of parents: caches
    are valid as long as the counter they depend on stands still.
    """

    units: dict[str, Unit] = field(default_factory=dict)
    children: dict[str, dict[str, None]] = field(default_factory=dict)
    by_code: dict[str, str] = field(default_factory=dict)
    content: int = 0
    shape: int = 0
    tree: int = 0
    fragments: dict[object, dict[str, bytes]] = field(default_factory=dict)
    unique_values: dict[str, dict[str, str]] = field(default_factory=dict)
    _sorted: list[str] = field(default_factory=list)
    _unsorted: bool = False

    def __len__(self) -> int:
        """Count the units."""
        return len(self.units)

    def get(self, uid: str | None) -> Unit | None:
        """Give a unit, or None."""
        return self.units.get(uid) if uid is not None else None

    def parent_of(self, uid: str) -> str | None:
        """Give the id of a unit's parent; None for roots and unknown units."""
        unit = self.units.get(uid)
        return unit.parent if unit is not None else None

    def put(self, unit: Unit) -> None:
        """Store a new unit, or the new state of one; `unit` must not be the object that is already stored."""
        uid = unit.uid
        old = self.units.get(uid)
        if old is None:
            self.shape += 1
            self._sorted.append(uid)
            self._unsorted = True
        else:
            self._forget_keys(old)
            if old.parent != unit.parent:
                self._leave(uid, old.parent)
                self.tree += 1
        self.units[uid] = unit
        if code := unit.data.get("code"):
            self.by_code[code] = uid
        if self.unique_values:
            self._remember_values(unit)
        if unit.parent is not None and (old is None or old.parent != unit.parent):
            self.children.setdefault(unit.parent, {})[uid] = None
        self.touch(uid)

    def remove(self, uid: str) -> None:
        """Take a unit out."""
        unit = self.units.pop(uid)
        self._forget_keys(unit)
        self._sorted.remove(uid)
        self._leave(uid, unit.parent)
        self.shape += 1
        self.touch(uid)

    def touch(self, uid: str) -> None:
        """Say that something about this unit changed."""
        self.content += 1
        for rendered in self.fragments.values():
            rendered.pop(uid, None)

    def fragments_for(self, key: object) -> dict[str, bytes]:
        """Give the cache of rendered units for one way of rendering; a few such ways are remembered."""
        found = self.fragments.pop(key, None)
        if found is None:
            found = {}
            while len(self.fragments) >= _WAYS_REMEMBERED:
                del self.fragments[next(iter(self.fragments))]
        self.fragments[key] = found
        return found

    def sorted_ids(self) -> list[str]:
        """Give all ids in order; sorted once per change of the set of units."""
        if self._unsorted:
            self._sorted.sort()
            self._unsorted = False
        return self._sorted

    def holder_of(self, attribute: str, value: str) -> str | None:
        """Give who has this value of a unique attribute; the first question about an attribute makes its index."""
        if attribute not in self.unique_values:
            self.unique_values[attribute] = {}
            for unit in self.units.values():
                self._remember_values(unit)
        return self.unique_values[attribute].get(value)

    def _remember_values(self, unit: Unit) -> None:
        for attribute, value in unit.data.get("attributeValues", ()):
            if attribute in self.unique_values:
                self.unique_values[attribute][value] = unit.uid

    def _forget_keys(self, unit: Unit) -> None:
        uid = unit.uid
        if (code := unit.data.get("code")) and self.by_code.get(code) == uid:
            del self.by_code[code]
        for attribute, value in unit.data.get("attributeValues", ()):
            if self.unique_values.get(attribute, {}).get(value) == uid:
                del self.unique_values[attribute][value]

    def _leave(self, uid: str, parent: str | None) -> None:
        if parent is not None and (siblings := self.children.get(parent)) is not None:
            siblings.pop(uid, None)
            if not siblings:
                del self.children[parent]

    def ancestors(self, uid: str) -> list[str]:
        """Give the ids from the root down to the unit itself; on a circle the walk ends where it meets itself."""
        chain = [uid]
        seen: set[str] = set()
        at = self.units[uid].parent
        while at is not None and at not in seen:
            seen.add(at)
            chain.append(at)
            unit = self.units.get(at)
            at = unit.parent if unit is not None else None
        chain.reverse()
        return chain

    def path(self, uid: str) -> str:
        """Give the path that follows from the parents."""
        return "/" + "/".join(self.ancestors(uid))

    def descendants(self, uid: str) -> Iterator[str]:
        """Give the ids of everything below, parents first; each once, also on a circle."""
        waiting = list(self.children.get(uid, ()))
        seen = {uid}
        while waiting:
            at = waiting.pop()
            if at in seen:
                continue
            seen.add(at)
            yield at
            waiting.extend(self.children.get(at, ()))

    def store_path(self, uid: str) -> None:
        """Write the stored path and level of one unit anew."""
        unit = self.units[uid]
        path = self.path(uid)
        if path != unit.stored_path:
            unit.stored_path = path
            unit.stored_level = path.count("/")
            self.touch(uid)

    def restore_paths(self) -> None:
        """Write every stored path and level anew, as `ouPathsUpdate` does."""
        for uid in self.units:
            self.store_path(uid)

    def owner_json(self, uid: str) -> dict[str, Any]:
        """Give the unit as it is stored, `path` and `level` the stored ones."""
        unit = self.units[uid]
        owner = dict(unit.data)
        owner["attributeValues"] = [
            {"attribute": {"id": attribute}, "value": value}
            for attribute, value in unit.data.get("attributeValues", ())
        ]
        owner.setdefault("translations", [])
        if unit.parent is not None:
            owner["parent"] = {"id": unit.parent}
        if unit.geometry is not None:
            owner["geometry"] = msgspec.json.decode(unit.geometry)
        owner["path"] = unit.stored_path
        owner["level"] = unit.stored_level
        return owner
