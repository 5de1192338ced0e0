"""The own roles in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.accounts import queries
from cgr.web.words import ROLES, in_reader_language

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


def roles_of(actor: Actor) -> list[dict[str, object]]:
    """Give each role with the label of its organization and the types that it is limited to."""
    places = {row.code: in_reader_language(row.label) for row in queries.organizations(actor)}
    return [
        {
            "place": places.get(grant.organization, grant.organization),
            "role": ROLES[grant.role],
            "types": sorted(grant.types),
        }
        for grant in actor.memberships
    ]
