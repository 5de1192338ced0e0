"""DHIS2's side of a plan: all organisation units of the server, and who is in the mapped groups.

All units and not only those of the mapped levels: a code may be held, and a circle closed, by a unit further down.
"""

from __future__ import annotations

from msgspec import Struct

from cgr.core.records import TheirUnit


class Theirs(Struct, frozen=True):
    """One DHIS2 as read. `units` by id; `members`: group id → ids of the units in it, for the mapped groups."""

    units: dict[str, TheirUnit]
    members: dict[str, set[str]]
    version: str


NOTHING = TheirUnit(uid="", level=0)
"""What a new object is compared with."""
