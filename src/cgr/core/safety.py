"""Guards: signs that a plan is the result of a mistake rather than of work, before anything is sent (R9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.changes import Guard

if TYPE_CHECKING:
    from cgr.core.mapping import Limits

_DECIMALS = 4
"""Of a share as shown and signed; the comparison with the limit is exact."""


class Shares(Struct, frozen=True):
    """The numbers of a plan that guards look at.

    `linked`: selected objects whose unit is there; `changed`, `moved`: those among them that would be written; `ids`:
    external ids of selected objects; `ids_not_found`: those that belong to no unit.
    """

    linked: int
    changed: int
    moved: int
    ids: int
    ids_not_found: int


def guards(shares: Shares, limits: Limits) -> tuple[Guard, ...]:
    """Give the limits that the plan exceeds.

    Shares of few units mean little: below `min_units` nothing is guarded, but for a DHIS2 in which not one of several
    ids is found any more. That is the wrong server, or an emptied one, whatever the number.
    """
    found = []
    if shares.linked >= limits.min_units:
        found += _over("changed_share", shares.changed, shares.linked, limits.changed_share)
        found += _over("moved_share", shares.moved, shares.linked, limits.moved_share)
    if shares.ids >= limits.min_units or shares.ids_not_found == shares.ids > 1:
        found += _over("vanished_share", shares.ids_not_found, shares.ids, limits.vanished_share)
    return tuple(found)


def _over(code: str, part: int, whole: int, limit: float) -> list[Guard]:
    if not whole or part <= limit * whole:
        return []
    return [Guard(code, round_share(part / whole), limit)]


def round_share(share: float) -> float:
    """Give a share as plans show it."""
    return round(share, _DECIMALS)
