"""Change what a person signs in with: password, address, second factor, sessions; and switch accounts off and on.

Whoever can do this to somebody can become them. So an administrator may only do it to people all of whose roles are in
organizations that the administrator administers, and never to a System Administrator. Everybody may do it to
themselves, in person: the pages ask for the password first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from cgr.accounts import queries
from cgr.accounts.actions.people import keep_one_system_administrator
from cgr.accounts.entering import check_email, check_password
from cgr.accounts.policy import Permission, may, require_person, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.accounts.models import User


@transaction.atomic
def set_password(actor: Actor, name: str, *, password: str) -> None:
    """Give a person a new password, which ends their sessions."""
    user = _subordinate(actor, name)
    check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    _end_sessions(user)
    audit.record(actor, "set password", kind="user", subject=name)


@transaction.atomic
def set_email(actor: Actor, name: str, *, email: str) -> Saved:
    """Change the address to which a link for a new password goes; empty for none."""
    user = _subordinate(actor, name)
    check_email(email)
    before = {"email": user.email}
    user.email = email
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()  # what the sign-in keeps of the former address
    return record_saved(actor, kind="user", subject=name, organization="", before=before, after={"email": email})


@transaction.atomic
def remove_second_factor(actor: Actor, name: str) -> None:
    """Let a person who lost phone and recovery codes sign in by password alone."""
    user = _subordinate(actor, name)
    Authenticator.objects.filter(user=user).delete()
    audit.record(actor, "remove second factor", kind="user", subject=name)


@transaction.atomic
def deactivate(actor: Actor, name: str) -> Saved:
    """Switch an account off: sessions end, tokens are gone. What the person did stays; BadInput for the last one."""
    user = _subordinate(actor, name)
    if user.is_system_administrator:
        keep_one_system_administrator(user)
    _end_sessions(user)
    user.tokens.all().delete()
    return _set_active(actor, user, value=False)


@transaction.atomic
def activate(actor: Actor, name: str) -> Saved:
    """Switch an account on again, with the roles it had."""
    return _set_active(actor, _subordinate(actor, name), value=True)


@transaction.atomic
def end_session(actor: Actor, key: int) -> None:
    """End one of the actor's own sessions; NotAllowed for an unknown or foreign one."""
    owner = require_person(actor)
    row = UserSession.objects.filter(user_id=owner, pk=key).first()
    if row is None:
        raise unknown("session", str(key))
    row.end()
    audit.record(actor, "end", kind="session", subject=actor.name, before={"ip": row.ip, "device": row.user_agent})


def _set_active(actor: Actor, user: User, *, value: bool) -> Saved:
    before = {"active": user.is_active}
    user.is_active = value
    user.save(update_fields=["is_active"])
    return record_saved(
        actor, kind="user", subject=user.username, organization="", before=before, after={"active": value}
    )


def _end_sessions(user: User) -> None:
    for row in UserSession.objects.filter(user=user):
        row.end()


def _subordinate(actor: Actor, name: str) -> User:
    user = queries.person(actor, name)
    if user.pk == actor.user_id and actor.scopes is None:
        return user
    places = [membership.organization.code for membership in user.memberships.select_related("organization")]
    # Without `all` of an empty list: who has no role any more is for a System Administrator.
    over_all = bool(places) and all(may(actor, Permission.MANAGE_PEOPLE, organization=code) for code in places)
    over_instance = may(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    if over_instance or (over_all and not user.is_system_administrator):
        return user
    raise unknown("person", name)
