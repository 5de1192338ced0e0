"""Personal API tokens: made for oneself, shown once, narrower than the person, ended at any time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from cgr.accounts import queries
from cgr.accounts.actors import named_with_token
from cgr.accounts.locking import lock_name
from cgr.accounts.models import ApiToken
from cgr.accounts.policy import SCOPES, require_person, unknown
from cgr.accounts.secrets_shown_once import digest_of, new_secret
from cgr.audit import actions as audit
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.accounts.models import User

PREFIX: Final = "cgr_"
"""By which people, and programs that look for leaked secrets, know one of our tokens when they see it."""

LONGEST_LIFE: Final = 366
"""Days: a token that nobody renews within a year is a forgotten one."""

_NAME_LENGTH = 50
_ACTOR_LENGTH = 200
"""What the audit log and runs have room for: the names of person and token together."""


@transaction.atomic
def create_token(actor: Actor, name: str, *, scopes: Iterable[str], days: int, owner: str = "") -> str:
    """Make a token and give it, for the only time. `days`: how long it can be used.

    It is the actor's own. The local operator, who is nobody's account, names the `owner`.
    """
    user = _owner(actor, owner)
    wanted = sorted(set(scopes))
    lock_name("token", f"{user.username}: {name}")
    _check(user, name, wanted, days)
    token = new_secret(PREFIX)
    row = ApiToken.objects.create(
        user=user, name=name, digest=digest_of(token), scopes=wanted, expires=timezone.now() + timedelta(days=days)
    )
    audit.record(actor, "create", kind="token", subject=f"{user.username}: {name}", after=_shown(row))
    return token


@transaction.atomic
def revoke_token(actor: Actor, name: str, *, owner: str = "") -> None:
    """End a token at once; NotAllowed for an unknown or foreign one."""
    user = _owner(actor, owner)
    row = ApiToken.objects.filter(user=user, name=name).first()
    if row is None:
        raise unknown("token", name)
    audit.record(actor, "delete", kind="token", subject=f"{user.username}: {name}", before=_shown(row))
    row.delete()


def _owner(actor: Actor, owner: str) -> User:
    if not actor.is_local_operator:
        require_person(actor)
        return queries.person(actor, actor.name)
    if not owner:
        raise BadInput("A token belongs to a person.", code="user-missing", next_step="Name the person: --user NAME")
    return queries.person(actor, owner)


def _check(user: User, name: str, scopes: list[str], days: int) -> None:
    longest = min(_NAME_LENGTH, _ACTOR_LENGTH - len(named_with_token(user.username, "")))
    if not name.strip() or len(name) > longest or not name.isprintable():
        raise BadInput(
            f'"{name}" can\'t be the name of a token.',
            code="bad-token-name",
            next_step=f"Say in up to {longest} characters what uses it.",
        )
    if ApiToken.objects.filter(user=user, name=name).exists():
        raise BadInput(
            f'{user.username} has a token "{name}" already.',
            code="token-exists",
            next_step="Choose another name, or revoke that one first.",
        )
    if not scopes or not set(scopes) <= SCOPES.keys():
        raise BadInput(
            f"A token can't have the scopes {', '.join(scopes) or '(none)'}.",
            code="unknown-scope",
            next_step=f"Give one or several of {', '.join(SCOPES)}.",
        )
    if not 1 <= days <= LONGEST_LIFE:
        raise BadInput(
            f"A token can't be good for {days} days.",
            code="token-life",
            next_step=f"Choose 1 to {LONGEST_LIFE} days, and make a new one in time.",
        )


def _shown(row: ApiToken) -> dict[str, object]:
    return {"scopes": row.scopes, "expires": row.expires.isoformat()}
