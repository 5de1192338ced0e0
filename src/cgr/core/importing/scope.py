"""Which organisation units an import is about, and which of them don't stand in DHIS2's tree at all.

DHIS2 stores circles without a word (verified fact H5): such units have a level like any other, so nothing but walking
up from each of them tells that it never arrives at a root.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cgr.core.records import TheirUnit


@dataclass(frozen=True)
class Scope:
    """The units in question. `by_level`: those to import, by id. `unmapped`: level without a type → number of units.

    `circling`, `orphaned`: units whose ancestors are a circle, or end at a unit that DHIS2 doesn't list.
    """

    by_level: dict[int, list[TheirUnit]]
    unmapped: dict[int, int]
    circling: list[TheirUnit]
    orphaned: list[TheirUnit]

    @property
    def deepest(self) -> int:
        """The lowest level on which units stand."""
        return max((*self.by_level, *self.unmapped))


class _Standing(Enum):
    INSIDE = "inside"
    OUTSIDE = "outside"
    CIRCLING = "circling"
    ORPHANED = "orphaned"


def scope_of(units: Mapping[str, TheirUnit], levels: Collection[int], *, root: str | None) -> Scope:
    """Sort the units of a whole DHIS2; with `root`, only those of its sub-tree are in question."""
    scope = Scope({}, {}, [], [])
    standings = _standings(units, root)
    for uid in sorted(units):
        unit = units[uid]
        match standings[uid]:
            case _Standing.INSIDE if unit.level in levels:
                scope.by_level.setdefault(unit.level, []).append(unit)
            case _Standing.INSIDE:
                scope.unmapped[unit.level] = scope.unmapped.get(unit.level, 0) + 1
            case _Standing.CIRCLING if root is None:
                scope.circling.append(unit)
            case _Standing.ORPHANED if root is None:
                scope.orphaned.append(unit)
    return scope


def _standings(units: Mapping[str, TheirUnit], root: str | None) -> dict[str, _Standing]:
    standings: dict[str, _Standing] = {}
    for uid in units:
        passed: list[str] = []
        above: str | None = uid
        standing = None
        while above is not None and (standing := standings.get(above)) is None:
            unit = units.get(above)
            if unit is None:
                standing = _Standing.ORPHANED
                break
            # Whoever meets this mark again on the same way has walked in a circle.
            standings[above] = _Standing.CIRCLING
            passed.append(above)
            if above == root:
                standing = _Standing.INSIDE
                break
            above = unit.parent
        if standing is None:  # arrived at a root
            standing = _Standing.INSIDE if root is None else _Standing.OUTSIDE
        for one in passed:
            standings[one] = standing
    return standings
