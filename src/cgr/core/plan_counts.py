"""A plan's objects counted level by level, as its preview shows them first (R9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.changes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cgr.core.changes import Change, Plan


class LevelCounts(Struct, frozen=True):
    """One level. Kinds overlap; `units` counts the changed units once each, new ones not among them.

    `unchanged` is None where nobody looked: in an undoing, or a plan for some objects only.
    """

    level: int
    type: str
    create: int
    update: int
    move: int
    group: int
    problem: int
    units: int
    unchanged: int | None


def counts_by_level(plan: Plan, *, unchanged: Mapping[str, int] | None) -> list[LevelCounts]:
    """Count each mapped level of a plan, from the top; `unchanged`: by type."""
    changes: dict[int, list[Change]] = {}
    for change in plan.changes:
        changes.setdefault(change.level, []).append(change)
    problems: dict[int, set[int]] = {}
    for problem in plan.problems:
        problems.setdefault(problem.level, set()).add(problem.key)
    return [
        LevelCounts(
            level=number,
            type=level.type,
            create=_of(Kind.CREATE, changes.get(number, ())),
            update=_of(Kind.UPDATE, changes.get(number, ())),
            move=_of(Kind.MOVE, changes.get(number, ())),
            group=_of(Kind.GROUP, changes.get(number, ())),
            problem=len(problems.get(number, ())),
            units=sum(1 for change in changes.get(number, ()) if Kind.CREATE not in change.kinds),
            unchanged=None if unchanged is None else unchanged.get(level.type, 0),
        )
        for number, level in enumerate(plan.mapping.levels, start=1)
    ]


def _of(kind: Kind, changes: Iterable[Change]) -> int:
    return sum(1 for change in changes if kind in change.kinds)
