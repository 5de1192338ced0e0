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
