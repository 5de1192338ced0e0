"""All that a mapping is checked against, read in one go: version, user, levels, attributes, groups, languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.records import RemoteShape

if TYPE_CHECKING:
    from cgr.dhis2.client import Dhis2


def read_shape(client: Dhis2) -> RemoteShape:
    """Read what the server offers to map to, and who we are there (eight requests, nine with option sets)."""
    me = client.me()
    return RemoteShape(
        version=client.version,
        user=me.username,
        authorities=me.authorities,
        levels=client.levels(),
        attributes=client.attributes(),
        groups=client.groups(),
        group_sets=client.group_sets(),
        locales=client.locales(),
    )
