"""Sign in with DHIS2 (R2.2): who here is which account there. A sign-in finds a person, and never makes one or rights.

Whoever runs a linked DHIS2 can sign in here as the people linked to it. So a link is made by an administrator who may
manage all that the person has here, or by that person; and a system that moves to another address loses its links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from cgr.accounts import queries as accounts
from cgr.accounts.policy import Permission, require_person, unknown
from cgr.audit import actions as audit
from cgr.core.errors import BadInput, NotAllowed
from cgr.systems import queries
from cgr.systems.authorization import Purpose, begin, receive
from cgr.systems.models import LinkedAccount
from cgr.systems.refusing import refuse_disabled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor
    from cgr.dhis2.reading import Me
    from cgr.systems.authorization import Answer, Pending
    from cgr.systems.models import ExternalSystem


def link_account(actor: Actor, code: str, *, person: str, username: str) -> None:
    """Let a person sign in here with the account of that name in a system, as an administrator."""
    system = _offering(queries.system(actor, code, permission=Permission.MANAGE_PEOPLE))
    if not username.strip():
        raise BadInput("An account needs a name.", code="username-missing", next_step="Give the user name in DHIS2.")
    _link(actor, system, person=accounts.manageable_person(actor, person), name=person, username=username.strip())


def unlink_account(actor: Actor, code: str, *, person: str) -> None:
    """End a link, as an administrator or as the person."""
    system = _system_to_unlink(actor, code, person)
    row = LinkedAccount.objects.filter(system=system, person__username=person).first()
    if row is None:
        raise unknown("linked account of", person)
    before = {"account": row.username}
    row.delete()
    _record(actor, "unlink", system, person, before=before)


def linked_accounts(actor: Actor, code: str) -> list[dict[str, object]]:
    """Give who is linked to which account of a system."""
    system = queries.system(actor, code, permission=Permission.MANAGE_PEOPLE)
    rows = LinkedAccount.objects.filter(system=system).select_related("person").order_by("person__username")
    return [
        {"person": row.person.username, "account": row.username, "used": bool(row.dhis2_id), "by": row.linked_by}
        for row in rows
    ]


def begin_link(actor: Actor, code: str) -> tuple[str, Pending]:
    """Begin to link the account that the signed-in person will sign in with at a system; NotAllowed with a token."""
    person = require_person(actor)
    return begin(_open_to_people(code), purpose=Purpose.LINK, person=person)


def complete_link(actor: Actor, pending: Pending, answer: Answer) -> str:
    """Link the account that the person signed in with; give its name."""
    person = require_person(actor)
    system = _open_to_people(pending.system)
    _, me = receive(system, pending, answer, purpose=Purpose.LINK, person=person)
    _link(actor, system, person=person, name=actor.name, username=me.username, dhis2_id=me.id)
    return me.username


def begin_sign_in(code: str) -> tuple[str, Pending]:
    """Begin to sign in here with an account of a system."""
    return begin(_open_to_people(code), purpose=Purpose.SIGN_IN, person=None)


def complete_sign_in(pending: Pending, answer: Answer) -> int:
    """Give the person whose account it is; NotAllowed when nobody is linked to it. The tokens aren't kept."""
    system = _open_to_people(pending.system)
    _, me = receive(system, pending, answer, purpose=Purpose.SIGN_IN, person=None)
    row = _link_of(system, me)
    if row is None or not row.person.is_active:
        raise NotAllowed(
            f'Nobody here is linked to the account "{me.username}" of that DHIS2.',
            code="account-not-linked",
            next_step="Sign in with your password and link the account, or ask an administrator to link it.",
        )
    audit.record(
        row.person.username,
        "sign in",
        kind="person",
        subject=row.person.username,
        organization=system.organization.code,
        after={"system": system.code, "account": me.username},
    )
    return row.person_id


@transaction.atomic
def _link_of(system: ExternalSystem, me: Me) -> LinkedAccount | None:
    rows = LinkedAccount.objects.select_related("person").filter(system=system)
    known = rows.filter(dhis2_id=me.id).first()
    if known is not None:
        return known
    named = rows.select_for_update(of=("self",)).filter(dhis2_id="", username__iexact=me.username).first()
    if named is not None:
        # From now on the id counts: another account may one day get the name.
        named.dhis2_id = me.id
        named.save(update_fields=["dhis2_id"])
    return named


def _link(actor: Actor, system: ExternalSystem, *, person: int, name: str, username: str, dhis2_id: str = "") -> None:
    try:
        with transaction.atomic():
            LinkedAccount.objects.update_or_create(
                system=system,
                person_id=person,
                defaults={"username": username, "dhis2_id": dhis2_id, "linked_by": actor.name},
            )
            _record(actor, "link", system, name, after={"account": username})
    except IntegrityError as error:
        raise BadInput(
            f'The account "{username}" of "{system.code}" is linked to somebody else.',
            code="account-linked",
            next_step="End that link first: cgr system unlink.",
        ) from error


def _offering(system: ExternalSystem) -> ExternalSystem:
    if not system.people_sign_in:
        raise BadInput(
            f'Signing in with accounts of the external system "{system.code}" isn\'t switched on.',
            code="no-people-sign-in",
            next_step="Set people_sign_in in its sign-in (auth) first.",
        )
    refuse_disabled(system)
    return system


def _open_to_people(code: str) -> ExternalSystem:
    found = queries.open_to_people().select_related("organization").filter(code=code).first()
    if found is None:
        raise unknown("external system", code)
    return found


def _system_to_unlink(actor: Actor, code: str, person: str) -> ExternalSystem:
    in_person = actor.user_id if actor.scopes is None else None
    own = LinkedAccount.objects.select_related("system__organization").filter(
        system__code=code, person__username=person, person_id=in_person
    )
    mine = own.first()
    return mine.system if mine is not None else queries.system(actor, code, permission=Permission.MANAGE_PEOPLE)


def _record(
    actor: Actor,
    action: str,
    system: ExternalSystem,
    person: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        actor,
        action,
        kind="linked account",
        subject=f"{system.code} {person}",
        organization=system.organization.code,
        before=before,
        after=after,
    )
