"""What a level needs DHIS2 to have: itself (R4.2), its organisation unit groups (R6) and those of its terms (R8.2)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cgr.core.ids import is_uid
from cgr.core.mapping_rules.findings import Finding, Row, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.mapping import LevelMapping
    from cgr.core.records import RemoteShape


def level_group_findings(row: Row, level: LevelMapping, shape: RemoteShape | None) -> Iterator[Finding]:
    """Find what is wrong with the groups of the level itself."""
    if level.only_in_groups and not level.groups:
        yield row.error(
            "only_in_groups",
            "only units already in a group of the level are to be selected, but the level names no group",
            next_step="Name at least one group, or leave `only_in_groups` out.",
        )
    for group, times in Counter(level.groups).items():
        if times > 1:
            yield row.error(f"group {group}", "it is named twice", next_step="Name it once.")
        yield from group_findings(row, f"group {group}", group, shape)


def group_findings(row: Row, part: str, group: str, shape: RemoteShape | None) -> Iterator[Finding]:
    """Find what is wrong with one group's id."""
    if not is_uid(group):
        yield row.error(
            part,
            f"`{group}` is not the id of a DHIS2 group",
            next_step="Give the id (eleven letters and digits) that DHIS2 shows for the group, not its name or code.",
        )
    elif shape is None:
        return
    elif group not in shape.groups:
        yield row.error(
            part,
            f"DHIS2 has no organisation unit group {group}; it was deleted, or {shape.user} may not see it",
            next_step="Choose another group, or leave this one out.",
            partial=True,
        )
    elif not shape.groups[group].writable:
        yield row.error(
            part,
            f"the user {shape.user} may not change the group “{shape.groups[group].name}”",
            next_step="Ask the administrator of that DHIS2 to let this user edit the group, or leave it out.",
            partial=True,
        )


def remote_level_findings(row: Row, shape: RemoteShape | None) -> Iterator[Finding]:
    """Find a level that DHIS2 doesn't have (R4.2)."""
    if shape is not None and row.number > len(shape.levels):
        names = listed(f"{level.level} {level.name}" for level in shape.levels)
        yield row.error(
            "",
            f"DHIS2 has only {len(shape.levels)} levels ({names})",
            next_step="Remove this level, or first add organisation units of that level in DHIS2.",
            partial=True,
        )
