"""What our account in DHIS2 has to be allowed for the mapped parts (verified fact A2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.mapping import SyncMapping, SyncType
from cgr.core.mapping_rules.findings import Finding, Severity, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.mapping import LevelMapping
    from cgr.core.records import RemoteShape

WRITE = "F_ORGANISATIONUNIT_ADD"
MOVE = "F_ORGANISATIONUNIT_MOVE"
_MOVE_SINCE = (2, 37)
"""Before, whoever may write a unit may move it (verified fact A3)."""


def authority_findings(mapping: SyncMapping, shape: RemoteShape) -> Iterator[Finding]:
    """Find authorities that the levels need and our account lacks; groups say themselves whether we may change them."""
    exporting = [name for name, level in _levels(mapping) if level.sync is not SyncType.NONE]
    if exporting and not may_write(shape):
        yield _lacks(shape, WRITE, f"no organisation unit can be written ({listed(exporting)})")
    moving = [name for name, level in _levels(mapping)[1:] if level.sync in {SyncType.RELATIONSHIPS, SyncType.BOTH}]
    if moving and not may_move(shape):
        yield _lacks(shape, MOVE, f"no organisation unit that is there can be moved ({listed(moving)})")


def may_write(shape: RemoteShape) -> bool:
    """Say whether our account may write organisation units at all."""
    return bool(shape.authorities & {WRITE, "ALL"})


def may_move(shape: RemoteShape) -> bool:
    """Say whether our account may give a unit another parent; from where to where is for DHIS2 to say (fact A3)."""
    return shape.version[:2] < _MOVE_SINCE or bool(shape.authorities & {MOVE, "ALL"})


def ask_for(authority: str) -> str:
    """Say what to do about an authority that is missing."""
    return f"Ask the administrator of that DHIS2 for a role with {authority}."


def _levels(mapping: SyncMapping) -> list[tuple[str, LevelMapping]]:
    return [(f"level {number} {level.type}", level) for number, level in enumerate(mapping.levels, start=1)]


def _lacks(shape: RemoteShape, authority: str, consequence: str) -> Finding:
    return Finding(
        Severity.ERROR,
        f"authority {authority}",
        f"The user {shape.user} lacks the authority {authority} in DHIS2, so {consequence}.",
        ask_for(authority),
        partial=True,
    )
