"""The audit log as far as somebody may see it: what happened in the organizations where they administer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.accounts.policy import Permission, organizations_where, unknown
from cgr.audit import queries

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor
    from cgr.audit.models import AuditEntry


def trail(
    actor: Actor,
    *,
    organization: str = "",
    kind: str = "",
    who: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """Give entries, newest first. What belongs to no organization is for System Administrators.

    `organization`: a code, of those that the actor may see, else NotAllowed. `until`: the last day, in UTC.
    """
    visible = organizations_where(actor, Permission.SEE_AUDIT)
    if organization and visible is not None and organization not in visible:
        raise unknown("organization", organization)
    if organization:
        visible = frozenset({organization})
    return queries.entries(kind=kind or None, organizations=visible, who=who, since=since, until=until)
