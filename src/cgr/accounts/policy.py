"""Who may do what (R0.1): the one table of roles and permissions, asked by every action and query.

What somebody may not see and what doesn't exist get the same answer, so that nobody can find out by asking.
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cgr.accounts.roles import ADMINISTRATOR, CONSUMER, CONTRIBUTOR, MAINTAINER
from cgr.core.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor, Grant


class Permission(StrEnum):
    """What an actor can be allowed to do; the value completes the sentence "you may not …"."""

    MANAGE_ORGANIZATIONS = "manage organizations"
    MANAGE_PEOPLE = "manage people"
    MANAGE_DEFINITIONS = "manage types and hierarchies"
    MANAGE_TERMS = "manage terms"
    MANAGE_SYSTEMS = "manage external systems"
    MANAGE_SYNCS = "manage synchronization configurations"
    MANAGE_RUNS = "start or stop runs"
    SEE_RUNS = "see runs"
    SEE_SYNCS = "see synchronization configurations"
    SEE_SYSTEMS = "see external systems"
    SEE_AUDIT = "see the audit log"
    EDIT_OBJECTS = "edit Geo-Objects"
    PROPOSE_OBJECTS = "propose changes of Geo-Objects"
    READ_OBJECTS = "read Geo-Objects"


_ROLES: dict[Permission, frozenset[str]] = {
    Permission.MANAGE_ORGANIZATIONS: frozenset(),
    Permission.MANAGE_PEOPLE: frozenset({ADMINISTRATOR}),
    Permission.MANAGE_DEFINITIONS: frozenset({ADMINISTRATOR}),
    Permission.MANAGE_TERMS: frozenset({ADMINISTRATOR}),
    Permission.MANAGE_SYSTEMS: frozenset({ADMINISTRATOR}),
    Permission.MANAGE_SYNCS: frozenset({ADMINISTRATOR}),
    Permission.MANAGE_RUNS: frozenset({ADMINISTRATOR}),
    Permission.SEE_RUNS: frozenset({ADMINISTRATOR}),
    Permission.SEE_SYNCS: frozenset({ADMINISTRATOR}),
    Permission.SEE_AUDIT: frozenset({ADMINISTRATOR}),
    Permission.SEE_SYSTEMS: frozenset({ADMINISTRATOR, MAINTAINER, CONTRIBUTOR}),
    Permission.EDIT_OBJECTS: frozenset({ADMINISTRATOR, MAINTAINER}),
    Permission.PROPOSE_OBJECTS: frozenset({ADMINISTRATOR, MAINTAINER, CONTRIBUTOR}),
    Permission.READ_OBJECTS: frozenset({ADMINISTRATOR, MAINTAINER, CONTRIBUTOR, CONSUMER}),
}
"""Roles of an organization that carry a permission there; System Administrators have all of them everywhere."""

_READ = frozenset(
    {Permission.READ_OBJECTS, Permission.SEE_SYSTEMS, Permission.SEE_SYNCS, Permission.SEE_RUNS},
)
SCOPES: Final[dict[str, frozenset[Permission]]] = {
    "read": _READ,
    "write": _READ
    | {
        Permission.EDIT_OBJECTS,
        Permission.PROPOSE_OBJECTS,
        Permission.MANAGE_DEFINITIONS,
        Permission.MANAGE_TERMS,
        Permission.MANAGE_SYSTEMS,
        Permission.MANAGE_SYNCS,
    },
    "sync": _READ | {Permission.MANAGE_RUNS},
    "admin": _READ | {Permission.MANAGE_PEOPLE, Permission.MANAGE_ORGANIZATIONS, Permission.SEE_AUDIT},
}
"""What a personal API token may be good for. A scope narrows what the person's roles allow and never adds to it."""

_LIMITED_BY_TYPE = frozenset({Permission.EDIT_OBJECTS, Permission.PROPOSE_OBJECTS})
"""Permissions that a membership's `types` narrow; an administrator's are never narrowed."""


def may(actor: Actor, permission: Permission, *, organization: str, type: str | None = None) -> bool:  # noqa: A002 - the domain's word
    """Say whether the actor has the permission in the organization (by code), for the type (by code) if given.

    An empty `organization` stands for what the whole instance shares (terms): a role in any organization is enough.
    """
    if not _in_scope(actor, permission):
        return False
    if actor.is_system_administrator:
        return True
    return any(
        grant.role in _ROLES[permission]
        and organization in ("", grant.organization)
        and _covers(grant, permission, type)
        for grant in actor.memberships
    )


def _in_scope(actor: Actor, permission: Permission) -> bool:
    return actor.scopes is None or any(permission in SCOPES[scope] for scope in actor.scopes)


def _covers(grant: Grant, permission: Permission, type_code: str | None) -> bool:
    if permission not in _LIMITED_BY_TYPE or grant.role == ADMINISTRATOR or not grant.types:
        return True
    return type_code in grant.types


def require(actor: Actor, permission: Permission, *, organization: str, type: str | None = None) -> None:  # noqa: A002 - the domain's word
    """Refuse with NotAllowed unless the actor has the permission there."""
    if may(actor, permission, organization=organization, type=type):
        return
    where = f' in organization "{organization}", or there is no such organization' if organization else ""
    raise NotAllowed(
        f"{actor.name} may not {permission}{where}.",
        code="not-allowed",
        next_step="Ask an administrator of the organization to do it or to give you the role for it.",
    )


def unknown(kind: str, code: str, *, known: Iterable[str] = ()) -> NotAllowed:
    """Give the one answer for "doesn't exist" and "you may not know that it exists"; `kind` as in "external system".

    `known`: the codes that the actor may know of, among which may be the one that was meant.
    """
    meant = get_close_matches(code, known, n=1)
    return NotAllowed(
        f'There is no {kind} "{code}" that you may use.',
        code="unknown-or-not-allowed",
        next_step=f'Perhaps "{meant[0]}" is meant.'
        if meant
        else "Check the spelling; if it is right, ask an administrator of its organization.",
    )


def organizations_where(actor: Actor, permission: Permission) -> frozenset[str] | None:
    """Give the codes of the organizations in which the actor has the permission; None means all of them."""
    if not _in_scope(actor, permission):
        return frozenset()
    if actor.is_system_administrator:
        return None
    return frozenset(grant.organization for grant in actor.memberships if grant.role in _ROLES[permission])


def may_anywhere(actor: Actor, permission: Permission) -> bool:
    """Say whether the actor has the permission in any organization: whether a page about it is for them at all."""
    return organizations_where(actor, permission) != frozenset()


def require_anywhere(actor: Actor, permission: Permission) -> None:
    """Refuse with NotAllowed who has the permission in no organization; where they have it is asked for each thing."""
    if not may_anywhere(actor, permission):
        require(actor, permission, organization="")


def require_person(actor: Actor) -> int:
    """Give the key of the person who acts, in person: their own tokens and sessions are nobody else's business.

    NotAllowed for the local operator, for nobody in particular, and for a program that acts with a token.
    """
    if actor.user_id is None or actor.scopes is not None:
        raise NotAllowed(
            f"{actor.name} isn't a person who is signed in.",
            code="not-signed-in",
            next_step="Sign in on the pages; a token can't be used for this.",
        )
    return actor.user_id
