"""How the first person gets in: by a link that is printed where the instance is started, and works once.

There is no default password, and no page on which whoever comes first takes the instance over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from cgr.accounts import queries
from cgr.accounts.actions.people import create_person
from cgr.accounts.actors import Actor
from cgr.accounts.models import FirstAdministratorLink
from cgr.accounts.policy import unknown
from cgr.accounts.secrets_shown_once import digest_of, new_secret

HOURS: Final = 24
"""For how long a link can be used; the next start prints another one."""


def first_administrator_link() -> str | None:
    """Make the secret part of a link; None when somebody has an account already."""
    if not queries.is_empty():
        return None
    FirstAdministratorLink.objects.filter(expires__lt=timezone.now()).delete()
    secret = new_secret()
    FirstAdministratorLink.objects.create(digest=digest_of(secret), expires=timezone.now() + timedelta(hours=HOURS))
    return secret


def link_works(secret: str) -> bool:
    """Say whether the link can still be used: it was made here, not long ago, and nobody has an account yet."""
    fresh = FirstAdministratorLink.objects.filter(digest=digest_of(secret), expires__gte=timezone.now())
    return queries.is_empty() and fresh.exists()


@transaction.atomic
def create_first_administrator(secret: str, *, name: str, password: str, email: str = "") -> None:
    """Make the first System Administrator; NotAllowed when the link doesn't work, or no longer."""
    with connection.cursor() as cursor:
        # Two links, or one opened twice: who is second waits here, and then finds that somebody has an account.
        cursor.execute("LOCK TABLE accounts_firstadministratorlink IN SHARE ROW EXCLUSIVE MODE")
    if not link_works(secret):
        raise unknown("link", "…")
    actor = Actor(name="system:first-administrator", is_system_administrator=True)
    create_person(actor, name, password=password, email=email, is_system_administrator=True)
    FirstAdministratorLink.objects.all().delete()
