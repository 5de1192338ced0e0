"""Propose a change of an object, or a new one, and decide on it (R2): accepting is the very edit that was proposed."""

from __future__ import annotations

from dataclasses import replace as with_fields
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from msgspec.structs import replace

from cgr.accounts.policy import Permission, may, require, unknown
from cgr.accounts.roles import CONTRIBUTOR, MAINTAINER
from cgr.audit import actions as audit
from cgr.audit.saving import difference
from cgr.core.draft_rules import CheckedDraft, checked
from cgr.core.drafts import ObjectDraft
from cgr.core.errors import BadInput
from cgr.core.objects_file import read_line
from cgr.core.proposals import from_document, to_document
from cgr.registry.actions.editing import change_object, create_object
from cgr.registry.bulk.existing import stored_by_key
from cgr.registry.catalogue import catalogue
from cgr.registry.models import GeoObject, GeoObjectType, Proposal
from cgr.registry.queries.proposals import fields_changed, may_decide, proposals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor

KIND = "proposal"
_MOST_CHARACTERS = 2_000
_EDITS = {CONTRIBUTOR: MAINTAINER}
_VERBS = {Proposal.State.ACCEPTED: "accept", Proposal.State.REJECTED: "reject", Proposal.State.WITHDRAWN: "withdraw"}


@transaction.atomic
def propose(actor: Actor, draft: ObjectDraft, *, version: int = 0, reason: str) -> Proposal:
    """Keep a draft for somebody who may edit; nothing else changes. Its key is that of the object, None for a new one.

    It is refused in words now what would be refused if it were accepted now. `version`: the object's when the form was
    opened.
    """
    of = GeoObjectType.objects.select_related("organization").filter(code=draft.type).first()
    if of is None or not may(actor, Permission.PROPOSE_OBJECTS, organization=of.organization.code, type=of.code):
        raise unknown("type", draft.type)
    editor = _as_editor(actor)
    draft = _plain(checked(draft, catalogue(editor).definitions))
    why = _text(reason, "Say why: whoever decides doesn't know what you know.")
    stored = stored_by_key([draft.key])[draft.key] if isinstance(draft.key, int) else None
    if stored is not None and stored.state.type != of.code:
        raise unknown("Geo-Object", draft.code)
    fields = difference(*fields_changed(stored, draft))
    if not fields:
        raise BadInput(
            "Nothing would change.", code="nothing-proposed", next_step="Change something, or leave it as it is."
        )
    _try(editor, draft, version=version)
    row = Proposal.objects.create(
        organization=of.organization,
        object_id=draft.key if isinstance(draft.key, int) else None,
        type=draft.type,
        code=draft.code,
        draft=to_document(draft),
        version=version,
        fields=fields,
        reason=why,
        person_id=actor.user_id,
        by=actor.name,
    )
    _log(actor, row, "propose", after={"object": f"{row.type}:{row.code}", "fields": fields, "reason": why})
    return row


def propose_line(actor: Actor, line: bytes, *, reason: str, version: int | None = None) -> Proposal:
    """Propose what a line of the Geo-Objects file says. `version`: the object's that it was written for; None: today's.

    BadInput for a line that isn't one.
    """
    draft = read_line(line, 1)
    there = GeoObject.objects.filter(type__code=draft.type, code=draft.code).first()
    if there is None:
        return propose(actor, replace(draft, key=None), reason=reason)
    seen = there.version if version is None else version
    return propose(actor, replace(draft, key=there.pk), version=seen, reason=reason)


@transaction.atomic
def accept(actor: Actor, number: int, *, version: int | None = None) -> Proposal:
    """Do the edit that was proposed, as the actor. `version`: the object's that the actor has looked at, None: today's.

    BadInput, with nothing done, when it can't be done any more, or the object was changed since they looked.
    """
    row = _open(actor, number)
    _require_decider(actor, row)
    draft = from_document(row.draft)
    if row.object_id is None:
        row.object = GeoObject.objects.get(uid=create_object(actor, draft))
    else:
        there = GeoObject.objects.get(pk=row.object_id)
        change_object(
            actor,
            there.pk,
            replace(draft, code=there.code),
            version=there.version if version is None else version,
        )
    return _decide(actor, row, Proposal.State.ACCEPTED)


@transaction.atomic
def reject(actor: Actor, number: int, *, reason: str) -> Proposal:
    """Say no, and why."""
    row = _open(actor, number)
    _require_decider(actor, row)
    return _decide(actor, row, Proposal.State.REJECTED, answer=_text(reason, "Say why: it was made with good reason."))


@transaction.atomic
def withdraw(actor: Actor, number: int) -> Proposal:
    """Take one's own proposal back."""
    row = _open(actor, number)
    if actor.user_id is None or row.person_id != actor.user_id:
        raise unknown("proposal", str(number))
    return _decide(actor, row, Proposal.State.WITHDRAWN)


def _as_editor(actor: Actor) -> Actor:
    """Give somebody with the same reach who may edit: only to find out what would be refused."""
    grants = tuple(with_fields(grant, role=_EDITS.get(grant.role, grant.role)) for grant in actor.memberships)
    return with_fields(actor, memberships=grants)


def _plain(draft: CheckedDraft) -> ObjectDraft:
    """Give a checked draft without what it was checked against, which changes until somebody decides."""
    return ObjectDraft(**{name: getattr(draft, name) for name in ObjectDraft.__struct_fields__})


def _try(editor: Actor, draft: ObjectDraft, *, version: int) -> None:
    """Do the edit, and undo it."""
    with transaction.atomic():
        if isinstance(draft.key, int):
            change_object(editor, draft.key, draft, version=version)
        else:
            create_object(editor, draft)
        transaction.set_rollback(True)


def _open(actor: Actor, number: int) -> Proposal:
    row = proposals(actor).select_for_update(of=("self",)).filter(pk=number).first()
    if row is None:
        raise unknown("proposal", str(number))
    if row.state != Proposal.State.OPEN:
        raise BadInput(
            f"Proposal {row.pk} is {row.state} already, by {row.decided_by}.",
            code="proposal-decided",
            next_step="Look at what became of it.",
        )
    return row


def _require_decider(actor: Actor, row: Proposal) -> None:
    if not may_decide(actor, row):
        require(actor, Permission.EDIT_OBJECTS, organization=row.organization.code, type=row.type)


def _decide(actor: Actor, row: Proposal, state: Proposal.State, *, answer: str = "") -> Proposal:
    row.state, row.decided_by, row.decided, row.answer = state, actor.name, timezone.now(), answer
    row.save()
    told = {"object": f"{row.type}:{row.code}", "by": row.by, **({"reason": answer} if answer else {})}
    _log(actor, row, _VERBS[state], after=told)
    return row


def _log(actor: Actor, row: Proposal, action: str, *, after: Mapping[str, object]) -> None:
    audit.record(actor, action, kind=KIND, subject=str(row.pk), organization=row.organization.code, after=after)


def _text(text: str, missing: str) -> str:
    found = text.strip()
    if not found or len(found) > _MOST_CHARACTERS:
        raise BadInput(
            missing if not found else f"The reason is longer than {_MOST_CHARACTERS:,} characters.",
            code="reason-needed",
            next_step="Give a reason of a sentence or two.",
        )
    return found
