"""After moves: DHIS2's stored paths and levels of the descendants are stale until somebody rebuilds them (fact H7)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cgr.core.errors import NeedsPerson
from cgr.dhis2.errors import FORBIDDEN
from cgr.dhis2.units import payload_unit
from cgr.runs.items import moved_units

if TYPE_CHECKING:
    from cgr.core.progress import Progress
    from cgr.dhis2.client import Dhis2

_UNITS_PER_REQUEST = 500


def rebuild_paths(client: Dhis2, run: int, *, progress: Progress) -> None:
    """Have DHIS2 rebuild its paths if a unit with children was moved; without that right import the descendants again.

    Importing a unit as it is recomputes its stored path; nothing else of it changes (verified fact H7).
    """
    if not client.features.moves_leave_paths_stale:
        return
    moved = moved_units(run)
    if not moved:
        return
    progress.step("rebuild paths")
    below = _descendants(client, moved)
    if not below:
        return
    try:
        client.rebuild_paths()
    except NeedsPerson as error:
        if error.code != FORBIDDEN:
            raise
        for start in range(0, len(below), _UNITS_PER_REQUEST):
            owners = client.owners(below[start : start + _UNITS_PER_REQUEST])
            bodies = [payload_unit(owners[uid], client.features) for uid in owners]
            client.import_units(bodies, strategy="UPDATE", validate=False)
            progress.advance(len(owners))


def _descendants(client: Dhis2, moved: set[str]) -> list[str]:
    """Give the ids of all units below the moved ones, parents first."""
    children: dict[str, list[str]] = defaultdict(list)
    for page in client.stream_units(()):
        for unit in page:
            if unit.parent is not None:
                children[unit.parent].append(unit.uid)
    seen = set(moved)
    below: list[str] = []
    level = sorted(moved)
    while level:
        level = [child for uid in level for child in children[uid] if child not in seen]
        seen.update(level)
        below += level
    return below
