"""Who the registry takes the asker for, and with which rights."""

from __future__ import annotations

from ninja import Router

from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.shapes import WhoAmI

router = Router()


@operation(router, "GET", "/whoami", gives=WhoAmI)
def who_am_i(request: ApiRequest) -> dict[str, object]:
    """Say who asks, with which roles and, for a token, which scopes."""
    actor = request.auth
    return {
        "name": actor.name,
        "system_administrator": actor.is_system_administrator,
        "memberships": [
            {"organization": grant.organization, "role": grant.role, "types": sorted(grant.types)}
            for grant in actor.memberships
        ],
        "scopes": None if actor.scopes is None else sorted(actor.scopes),
    }
