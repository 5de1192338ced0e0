"""Read proposals: those that somebody may decide on, and their own; and what one would change today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db.models import Q
from msgspec.structs import replace

from cgr.accounts.policy import Permission, may, may_anywhere, organizations_where, unknown
from cgr.core.numbers import whole_number
from cgr.core.object_states import ObjectState, after
from cgr.core.proposals import Proposed, from_document
from cgr.registry.bulk.existing import Stored, stored_by_key
from cgr.registry.bulk.history import fields_of
from cgr.registry.models import Proposal

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor
    from cgr.core.drafts import ObjectDraft

_MOST_COUNTED = 100


def proposals(actor: Actor, *, state: str = "", before: int | None = None) -> QuerySet[Proposal]:
    """Give those that the actor may decide on, and their own, newest first; `before`: only older ones than this."""
    found = Proposal.objects.select_related("organization", "object").filter(_decidable(actor) | _own(actor))
    if state:
        found = found.filter(state=state)
    return found if before is None else found.filter(pk__lt=before)


def proposal(actor: Actor, number: str) -> Proposal:
    """Give one; NotAllowed when there is none that the actor may know."""
    key = whole_number(number)
    found = proposals(actor).filter(pk=key).first() if key is not None else None
    if found is None:
        raise unknown("proposal", number)
    return found


def open_proposals(actor: Actor, key: int) -> QuerySet[Proposal]:
    """Give those about one object that wait for a decision."""
    return proposals(actor, state=Proposal.State.OPEN).filter(object=key)


def waiting(actor: Actor) -> int:
    """Count those that wait for the actor to decide, up to a hundred: nobody needs to know more exactly."""
    if not may_anywhere(actor, Permission.EDIT_OBJECTS):
        return 0
    found = Proposal.objects.filter(_decidable(actor), state=Proposal.State.OPEN)
    return found.order_by()[:_MOST_COUNTED].count()


def may_decide(actor: Actor, row: Proposal) -> bool:
    """Say whether the actor may accept or reject it."""
    return may(actor, Permission.EDIT_OBJECTS, organization=row.organization.code, type=row.type)


def proposed(row: Proposal) -> tuple[list[Proposed], int]:
    """Give the fields that a proposal would change today, and the object's version; the caller has checked who asks.

    A decided one is told as it was when it was made.
    """
    if row.state != Proposal.State.OPEN:
        return [Proposed(name, one["from"], one["from"], one["to"]) for name, one in sorted(row.fields.items())], 0
    draft = from_document(row.draft)
    now, becomes, version = _today(row, draft)
    names = {*row.fields, *(name for name in {*now, *becomes} if now.get(name) != becomes.get(name))}
    return [
        Proposed(
            name,
            row.fields[name]["from"] if name in row.fields else now.get(name),
            now.get(name),
            becomes.get(name),
        )
        for name in sorted(names)
    ], version


def proposal_json(row: Proposal) -> dict[str, object]:
    """Give a proposal for command line and API. `fields`: what would change today; of a decided one, what was asked."""
    fields, version = proposed(row)
    code = row.code if row.object is None else row.object.code
    return {
        "id": str(row.pk),
        "state": row.state,
        "organization": row.organization.code,
        "type": row.type,
        "code": code,
        "new": row.object is None,
        "version": version,
        "reason": row.reason,
        "by": row.by,
        "made": row.made.isoformat(),
        "decided_by": row.decided_by or None,
        "decided": row.decided and row.decided.isoformat(),
        "answer": row.answer or None,
        "fields": {
            one.name: {"from": one.now, "to": one.becomes, **({"proposed_from": one.then} if one.moved_on else {})}
            for one in fields
        },
    }


def fields_changed(stored: Stored | None, draft: ObjectDraft) -> tuple[dict[str, object], dict[str, object]]:
    """Give an object's fields as they are, and as a draft would make them; as JSON has them."""
    if stored is None:
        return {}, _as_json(fields_of(after(None, draft), {}))
    becomes = after(stored.state, draft, parent_keys=stored.parent_keys())
    return _as_json(fields_of(stored.state, stored.parent_codes)), _as_json(fields_of(becomes, stored.parent_codes))


def _as_json(fields: dict[str, object]) -> dict[str, object]:
    given: dict[str, object] = msgspec.json.decode(msgspec.json.encode(fields))
    return given


def _today(row: Proposal, draft: ObjectDraft) -> tuple[dict[str, object], dict[str, object], int]:
    if row.object is None:
        return *fields_changed(None, draft), 0
    stored = stored_by_key([row.object.pk])[row.object.pk]
    draft = with_code(draft, stored.state)
    return *fields_changed(stored, draft), row.object.version


def with_code(draft: ObjectDraft, state: ObjectState) -> ObjectDraft:
    """Give the draft about an object with the code that it has today: a proposal never changes one."""
    return replace(draft, code=state.code)


def _own(actor: Actor) -> Q:
    return Q(pk__in=[]) if actor.user_id is None else Q(person=actor.user_id)


def _decidable(actor: Actor) -> Q:
    """Give the condition that the actor may decide on a proposal: `may_decide` for many of them."""
    where = organizations_where(actor, Permission.EDIT_OBJECTS)
    if where is None:
        return Q(pk__isnull=False)  # an empty Q is nothing beside another one, not everything
    found = Q(pk__in=[])
    for grant in actor.memberships:
        if grant.organization not in where:
            continue
        here = Q(organization__code=grant.organization)
        everything = may(actor, Permission.EDIT_OBJECTS, organization=grant.organization)
        found |= here if everything else here & Q(type__in=grant.types)
    return found
