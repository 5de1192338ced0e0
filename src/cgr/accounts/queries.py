"""Read organizations and people, as far as the actor may know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.db.models import Prefetch, Q
from django.db.models.functions import Lower

from cgr.accounts.models import ApiToken, Membership, Organization, User
from cgr.accounts.policy import Permission, organizations_where, require_person, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor


def organizations(actor: Actor, *, permission: Permission = Permission.READ_OBJECTS) -> QuerySet[Organization]:
    """Give the organizations that the actor belongs to, or where they have the permission, by code."""
    visible = organizations_where(actor, permission)
    found = Organization.objects.order_by("code")
    return found if visible is None else found.filter(code__in=visible)


def organization(actor: Actor, code: str) -> Organization:
    """Give one organization; NotAllowed when it doesn't exist or the actor doesn't belong to it."""
    known = organizations(actor)
    found = known.filter(code=code).first()
    if found is None:
        raise unknown("organization", code, known=known.values_list("code", flat=True))
    return found


def people(actor: Actor) -> QuerySet[User]:
    """Give the people with a role where the actor manages people, by name, each with `shown`: the roles there.

    Roles elsewhere aren't shown, nor who has none at all: only System Administrators know of them.
    """
    visible = organizations_where(actor, Permission.MANAGE_PEOPLE)
    memberships = Membership.objects.select_related("organization").order_by("organization__code")
    found = User.objects.order_by("username")
    if visible is not None:
        memberships = memberships.filter(organization__code__in=visible)
        found = found.filter(memberships__organization__code__in=visible).distinct()
    return found.prefetch_related(Prefetch("memberships", queryset=memberships, to_attr="shown"))


def person(actor: Actor, name: str) -> User:
    """Give one person that the actor manages, or the actor; NotAllowed when there is none whom they may know."""
    known = Q(pk=actor.user_id) | Q(pk__in=people(actor).values("pk"))
    found = User.objects.filter(known, username=name).first()
    if found is None:
        raise unknown("person", name)
    return found


def tokens(actor: Actor, *, owner: str = "") -> QuerySet[ApiToken]:
    """Give the actor's own tokens by name; those of everybody, or of one `owner`, for the local operator."""
    found = ApiToken.objects.select_related("user").order_by("user__username", "name")
    if not actor.is_local_operator:
        return found.filter(user_id=require_person(actor))
    return found.filter(user=person(actor, owner)) if owner else found


def sessions(actor: Actor) -> list[UserSession]:
    """Give the actor's own sessions that are still good, the latest used first."""
    user = User.objects.get(pk=require_person(actor))
    return sorted(UserSession.objects.purge_and_list(user), key=lambda row: row.last_seen_at, reverse=True)


def roles_limited_to(type: str) -> int:  # noqa: A002 - the domain's word
    """Count the roles that are limited to a type, among others; the caller has checked who asks."""
    return Membership.objects.filter(types__contains=[type]).count()


def is_empty() -> bool:
    """Say that nobody has an account yet."""
    return not User.objects.exists()


def active_person(key: int) -> User | None:
    """Give a person by key, unless their account is switched off."""
    return User.objects.filter(pk=key, is_active=True).first()


def languages_of(addresses: Iterable[str]) -> dict[str, str]:
    """Give the language that the people behind e-mail addresses have chosen, as far as they have accounts and chose."""
    asked = {address.lower(): address for address in addresses}
    found = User.objects.filter(is_active=True).exclude(language="").annotate(address=Lower("email"))
    rows = found.filter(address__in=list(asked)).order_by("-pk").values_list("address", "language")
    return {asked[address]: language for address, language in rows}


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
