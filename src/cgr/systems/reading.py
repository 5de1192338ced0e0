"""Gather: read all organisation units, and members of groups, of one DHIS2 as it is now. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.core.progress import Progress
    from cgr.core.records import TheirUnit
    from cgr.dhis2.client import Dhis2


def read_units(client: Dhis2, fields: Sequence[str], *, progress: Progress) -> dict[str, TheirUnit]:
    """Read every organisation unit once, page by page, on whatever level: a code may be held by any of them."""
    progress.step("read DHIS2", client.count_units())
    units: dict[str, TheirUnit] = {}
    for page in client.stream_units(fields):
        for unit in page:
            units[unit.uid] = unit
        progress.advance(len(page))
    return units


def read_members(client: Dhis2, groups: Iterable[str], *, progress: Progress) -> dict[str, set[str]]:
    """Read who is in each of the groups, once per group."""
    wanted = sorted(groups)
    if wanted:
        progress.step("read groups", len(wanted))
    members = {}
    for group in wanted:
        members[group] = client.group_members(group)
        progress.advance(1)
    return members
