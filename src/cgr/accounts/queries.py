"""Read organizations and people, as far as the actor may know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.accounts.models import Organization, User
from cgr.accounts.policy import Permission, organizations_where, unknown

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor


def organizations(actor: Actor) -> QuerySet[Organization]:
    """Give the organizations that the actor belongs to, by code."""
    visible = organizations_where(actor, Permission.READ_OBJECTS)
    found = Organization.objects.order_by("code")
    return found if visible is None else found.filter(code__in=visible)


def organization(actor: Actor, code: str) -> Organization:
    """Give one organization; NotAllowed when it doesn't exist or the actor doesn't belong to it."""
    found = organizations(actor).filter(code=code).first()
    if found is None:
        raise unknown("organization", code)
    return found


def is_empty() -> bool:
    """Say that nobody has an account yet."""
    return not User.objects.exists()


def active_person(key: int) -> User | None:
    """Give a person by key, unless their account is switched off."""
    return User.objects.filter(pk=key, is_active=True).first()


def manageable_person(actor: Actor, name: str) -> int:
    """Give the key of a person all of whose rights the actor may manage; NotAllowed for everybody else.

    Whoever could decide how somebody signs in would else get rights that are not theirs to give.
    """
    user = User.objects.filter(username=name).first()
    managed = organizations_where(actor, Permission.MANAGE_PEOPLE)
    if user is None:
        raise unknown("person", name)
    if managed is not None:
        places = set(user.memberships.values_list("organization__code", flat=True))
        if user.is_system_administrator or not places or not places <= managed:
            raise unknown("person", name)
    return user.pk
