"""Who acts: every action takes an Actor, so that a page, a script and the machine's operator pass the same door."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from cgr.accounts.secrets_shown_once import digest_of
from cgr.core.errors import NotAllowed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cgr.accounts.models import ApiToken, User

_USE_NOTED_EVERY = timedelta(minutes=1)
"""A program may ask many times a second; when it last did is for people to look at."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one organization. `role`: of those that `roles` names; no `types` means all types."""

    organization: str
    role: str
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, with what they may do. `name` is what the audit log keeps; `user_id` is None for a non-person.

    `scopes`: those of the token that a program acts with; None for who acts in person.
    """

    name: str
    user_id: int | None = None
    is_system_administrator: bool = False
    memberships: tuple[Grant, ...] = ()
    scopes: frozenset[str] | None = None

    @property
    def is_local_operator(self) -> bool:
        """Say that this is whoever runs the command line on the machine, or the product itself."""
        return self.user_id is None and self.is_system_administrator


_OPERATOR = "cli:"
"""No person's name can begin like this: names have no colon."""

_WITH_TOKEN = re.compile(r"(?P<person>\S+) \(token (?P<token>.+)\)")
"""How the actor of a token is called; no person's name has a blank."""


def actor_named(name: str) -> Actor:
    """Give who a worker acts for: the person of this name with the rights they have now, or the machine's operator.

    Who asked with a token is narrowed to the scopes that the token has now. Somebody who was removed or switched off
    since they asked has no rights any more, nor has a token that was revoked or has expired: to take a token away is to
    stop what was begun with it.
    """
    if name.startswith(_OPERATOR):
        return Actor(name=name, is_system_administrator=True)
    from cgr.accounts.models import ApiToken, User  # noqa: PLC0415 - this module is read before Django is set up

    if with_token := _WITH_TOKEN.fullmatch(name):
        tokens = ApiToken.objects.select_related("user").filter(expires__gt=timezone.now())
        row = tokens.filter(user__username=with_token["person"], name=with_token["token"]).first()
        return Actor(name=name) if row is None else _with_token(row)
    user = User.objects.filter(username=name).first()
    return Actor(name=name) if user is None else actor_of(user)


def housekeeper() -> Actor:
    """Give who does the workers' chores: the instance itself, on nobody's behalf."""
    return Actor(name="system:housekeeping", is_system_administrator=True)


def local_operator() -> Actor:
    """Give whoever runs the command line on this machine: all rights, named `cli:<operating-system user>`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user number that has no name
        user = "unknown"
    return Actor(name=f"{_OPERATOR}{user}", is_system_administrator=True)


def actor_of(user: User | AnonymousUser) -> Actor:
    """Give the actor for a signed-in person; nobody in particular and a switched-off account have no rights.

    What a person belongs to is read once for each `user`, as Django does with its own permissions: page and menu ask.
    """
    if user.is_anonymous or not user.is_active:
        return Actor(name=user.get_username(), user_id=user.pk)
    from cgr.accounts.models import Membership  # noqa: PLC0415 - this module is read before Django is set up

    rows = Membership.objects.select_related("organization").order_by("organization__code")
    prefetch_related_objects([user], Prefetch("memberships", queryset=rows))
    return Actor(
        name=user.get_username(),
        user_id=user.pk,
        is_system_administrator=user.is_system_administrator,
        memberships=tuple(
            Grant(organization=membership.organization.code, role=membership.role, types=frozenset(membership.types))
            for membership in user.memberships.all()
        ),
    )


def actor_of_token(raw: str) -> Actor:
    """Give the actor for a program that shows a token: the person, narrowed to the token's scopes.

    NotAllowed, with one answer for all reasons, when the token is unknown, revoked or expired, or its person may not
    sign in any more.
    """
    from cgr.accounts.models import ApiToken  # noqa: PLC0415 - this module is read before Django has its models

    now = timezone.now()
    row = ApiToken.objects.select_related("user").filter(digest=digest_of(raw), expires__gt=now).first()
    if row is None or not row.user.is_active:
        raise NotAllowed(
            "The token isn't good, or not any more.",
            code="bad-token",
            next_step="Make a new one on the page Account, Tokens, or with: cgr token create",
        )
    if row.last_used is None or row.last_used < now - _USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used=now)
    return _with_token(row)


def named_with_token(person: str, token: str) -> str:
    """Say who acts, as it stands in the audit log and with a run."""
    return f"{person} (token {token})"


def _with_token(row: ApiToken) -> Actor:
    person = actor_of(row.user)
    return replace(person, name=named_with_token(person.name, row.name), scopes=frozenset(row.scopes))
