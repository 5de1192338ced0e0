"""Who acts: every action takes an Actor, so that a page, a script and the machine's operator pass the same door."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from cgr.accounts.models import User


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one organization. `role` is a value of `Membership.Role`; no `types` means all types."""

    organization: str
    role: str
    types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody, with what they may do. `name` is what the audit log keeps; `user_id` is None for a non-person."""

    name: str
    user_id: int | None = None
    is_system_administrator: bool = False
    memberships: tuple[Grant, ...] = ()


_OPERATOR = "cli:"
"""No person's name can begin like this: names have no colon."""


def actor_named(name: str) -> Actor:
    """Give who a worker acts for: the person of this name with the rights they have now, or the machine's operator.

    Somebody who was removed or switched off since they asked has no rights any more.
    """
    if name.startswith(_OPERATOR):
        return Actor(name=name, is_system_administrator=True)
    from cgr.accounts.models import User  # noqa: PLC0415 - this module is read before Django is set up

    user = User.objects.filter(username=name).first()
    return Actor(name=name) if user is None else actor_of(user)


def housekeeper() -> Actor:
    """Give who does the workers' chores: the instance itself, on nobody's behalf."""
    return Actor(name="cgr:housekeeping", is_system_administrator=True)


def local_operator() -> Actor:
    """Give whoever runs the command line on this machine: all rights, named `cli:<operating-system user>`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user number that has no name
        user = "unknown"
    return Actor(name=f"{_OPERATOR}{user}", is_system_administrator=True)


def actor_of(user: User | AnonymousUser) -> Actor:
    """Give the actor for a signed-in person; nobody in particular and a switched-off account have no rights."""
    if user.is_anonymous or not user.is_active:
        return Actor(name=user.get_username(), user_id=user.pk)
    return Actor(
        name=user.get_username(),
        user_id=user.pk,
        is_system_administrator=user.is_system_administrator,
        memberships=tuple(
            Grant(organization=membership.organization.code, role=membership.role, types=frozenset(membership.types))
            for membership in user.memberships.select_related("organization").order_by("organization__code")
        ),
    )
