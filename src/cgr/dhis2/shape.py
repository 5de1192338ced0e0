"""All that a mapping is checked against, read in one go: version, user, levels, attributes, groups, languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.records import RemoteLevel, RemoteShape

if TYPE_CHECKING:
    from cgr.dhis2.client import Dhis2


def read_shape(client: Dhis2) -> RemoteShape:
    """Read what the server offers to map to, and who we are there (nine requests, ten with option sets)."""
    me = client.me()
    return RemoteShape(
        version=client.version,
        user=me.username,
        authorities=me.authorities,
        levels=_levels(client),
        attributes=client.attributes(),
        groups=client.groups(),
        group_sets=client.group_sets(),
        locales=client.locales(),
    )


def _levels(client: Dhis2) -> tuple[RemoteLevel, ...]:
    """Give the levels with units and those that were named for units to come.

    The list of filled ones goes by stored levels, which moves leave stale (verified fact H7), and need not hold a level
    that has no unit yet: the first units of a level could never be mapped.
    """
    found = {level.level: level for level in (*client.named_levels(), *client.levels())}
    return tuple(found[level] for level in sorted(found))
