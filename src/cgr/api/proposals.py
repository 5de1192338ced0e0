"""Proposals: made by who may not edit, decided by who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Struct
from ninja import Query, Router

from cgr.accounts.policy import Permission, require_anywhere
from cgr.api import shapes
from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.parameters import Flag, Limit, Text
from cgr.registry import actions
from cgr.registry.queries.proposals import proposal, proposal_json, proposals

if TYPE_CHECKING:
    from cgr.registry.models import Proposal

router = Router()


class ProposalGiven(Struct, forbid_unknown_fields=True):
    """What to propose: `object`, a line of the Geo-Objects file, and why. `version`: the object's that one has seen."""

    object: dict[str, Any]
    reason: str
    version: int | None = None


class Accepting(Struct, forbid_unknown_fields=True):
    """`version`: the object's that was looked at, refused when it has another one; null: whatever it has."""

    version: int | None = None


class Rejecting(Struct, forbid_unknown_fields=True):
    """Why not: whoever proposed reads it."""

    reason: str


@operation(router, "GET", "/proposals", gives=shapes.Proposals)
def list_proposals(
    request: ApiRequest,
    all: Annotated[Flag, Query(description="Also those that are decided.")] = False,  # noqa: A002, FBT002 - the word in the address
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List the proposals that one may decide on, and one's own, in pages, newest first."""
    require_anywhere(request.auth, Permission.PROPOSE_OBJECTS)
    rows = list(proposals(request.auth, state="" if all else "open", before=before)[: limit + 1])
    return {
        "proposals": [proposal_json(row) for row in rows[:limit]],
        "next": rows[limit - 1].pk if len(rows) > limit else None,
    }


@operation(router, "POST", "/proposals", takes=ProposalGiven, gives=shapes.Proposal)
def propose(request: ApiRequest, body: ProposalGiven) -> dict[str, object]:
    """Propose a change of a Geo-Object, or a new one; nothing else changes."""
    line = msgspec.json.encode(body.object)
    return _shown(request, actions.propose_line(request.auth, line, reason=body.reason, version=body.version))


@operation(router, "GET", "/proposals/{number}", gives=shapes.Proposal)
def show_proposal(request: ApiRequest, number: Text) -> dict[str, object]:
    """Show one, with what would change today."""
    return proposal_json(proposal(request.auth, number))


@operation(router, "POST", "/proposals/{number}/accept", takes=Accepting, gives=shapes.Proposal)
def accept_proposal(request: ApiRequest, number: Text, body: Accepting) -> dict[str, object]:
    """Do what was proposed, as the very edit that it is."""
    row = proposal(request.auth, number)
    return _shown(request, actions.accept(request.auth, row.pk, version=body.version))


@operation(router, "POST", "/proposals/{number}/reject", takes=Rejecting, gives=shapes.Proposal)
def reject_proposal(request: ApiRequest, number: Text, body: Rejecting) -> dict[str, object]:
    """Say no, and why."""
    row = proposal(request.auth, number)
    return _shown(request, actions.reject(request.auth, row.pk, reason=body.reason))


@operation(router, "POST", "/proposals/{number}/withdraw", gives=shapes.Proposal)
def withdraw_proposal(request: ApiRequest, number: Text) -> dict[str, object]:
    """Take one's own proposal back."""
    row = proposal(request.auth, number)
    return _shown(request, actions.withdraw(request.auth, row.pk))


def _shown(request: ApiRequest, row: Proposal) -> dict[str, object]:
    return proposal_json(proposal(request.auth, str(row.pk)))
