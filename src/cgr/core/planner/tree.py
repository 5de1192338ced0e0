"""The tree that would result, as plain functions on "who is above": circles, depths, and moves that wait for others.

DHIS2 never looks for circles when it validates, and 2.43 stores them (verified fact H5), so this is the only check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

Above: TypeAlias = Callable[[str], str | None]
"""The unit above a unit; None above a root."""


def circles(starts: Iterable[str], above: Above) -> list[list[str]]:
    """Give the circles that walking up from the units runs into; each once."""
    settled: set[str] = set()
    found = []
    for start in starts:
        trail: dict[str, None] = {}
        node: str | None = start
        while node is not None and node not in settled and node not in trail:
            trail[node] = None
            node = above(node)
        if node is not None and node in trail:
            walk = list(trail)
            found.append(walk[walk.index(node) :])
        settled.update(trail)
    return found


def depth(uid: str, above: Above, known: dict[str, int]) -> int:
    """Give the depth of a unit, 1 for a root, and remember all depths met on the way in `known`.

    Below a circle that DHIS2 holds already, depth counts from where the circle is entered.
    """
    trail: dict[str, None] = {}
    node: str | None = uid
    while node is not None and node not in known and node not in trail:
        trail[node] = None
        node = above(node)
    level = known.get(node, 0) if node is not None else 0
    for step in reversed(trail):
        level += 1
        known[step] = level
    return known[uid]


def ancestors(uid: str, above: Above) -> list[str]:
    """Give the units above a unit, nearest first; a circle is walked once."""
    trail: dict[str, None] = {}
    node = above(uid)
    while node is not None and node not in trail:
        trail[node] = None
        node = above(node)
    return list(trail)


def awaited_moves(moves: Mapping[str, str | None], above: Above) -> dict[str, list[str]]:
    """Give for each moved unit those moves above it without which its own would close a circle.

    `moves`: moved unit → the unit above it now; `above`: the tree that results. Move A waits for move C above it if A
    can be reached from C's present place by any mixture of present and resulting parents: then leaving out C, and
    whatever else is left out with it, may put A above itself. If none can be reached, leaving out C is harmless.
    """
    reach: dict[str, set[str]] = {}
    awaited: dict[str, list[str]] = {}
    for unit in moves:
        for higher in ancestors(unit, above):
            if higher not in moves or higher == unit:
                continue
            if higher not in reach:
                reach[higher] = _reachable(moves[higher], moves, above)
            if unit in reach[higher]:
                awaited.setdefault(unit, []).append(higher)
    return awaited


def _reachable(start: str | None, moves: Mapping[str, str | None], above: Above) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting.append(above(node))
        waiting.append(moves.get(node))
    return seen
