"""What our account in DHIS2 has to be allowed for the mapped parts (verified fact A2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.mapping import SyncMapping, SyncType
from cgr.core.mapping_rules.findings import Finding, Severity, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.mapping import LevelMapping
    from cgr.core.records import RemoteShape

_WRITE = "F_ORGANISATIONUNIT_ADD"
_MOVE = "F_ORGANISATIONUNIT_MOVE"
_MOVE_SINCE = (2, 37)
"""Before, whoever may write a unit may move it (verified fact A3)."""


def authority_findings(mapping: SyncMapping, shape: RemoteShape) -> Iterator[Finding]:
    """Find authorities that the levels need and our account lacks; groups say themselves whether we may change them."""
    if "ALL" in shape.authorities:
        return
    exporting = [name for name, level in _levels(mapping) if level.sync is not SyncType.NONE]
    if exporting and _WRITE not in shape.authorities:
        yield _lacks(shape, _WRITE, f"no organisation unit can be written ({listed(exporting)})")
    moving = [name for name, level in _levels(mapping)[1:] if level.sync in {SyncType.RELATIONSHIPS, SyncType.BOTH}]
    if moving and shape.version[:2] >= _MOVE_SINCE and _MOVE not in shape.authorities:
        yield _lacks(shape, _MOVE, f"no organisation unit that is there can be moved ({listed(moving)})")


def _levels(mapping: SyncMapping) -> list[tuple[str, LevelMapping]]:
    return [(f"level {number} {level.type}", level) for number, level in enumerate(mapping.levels, start=1)]


def _lacks(shape: RemoteShape, authority: str, consequence: str) -> Finding:
    return Finding(
        Severity.ERROR,
        f"authority {authority}",
        f"The user {shape.user} lacks the authority {authority} in DHIS2, so {consequence}.",
        f"Ask the administrator of that DHIS2 for a role with {authority}.",
        partial=True,
    )
