"""Read the trail of changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from cgr.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from django.db.models import QuerySet


def entries(
    *,
    kind: str | None = None,
    subject: str | None = None,
    organizations: Collection[str] | None = None,
    who: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[AuditEntry]:
    """Give the entries, newest first: of one kind of thing, about one thing, in some organizations (by code).

    `who`: the beginning of the actor's name. `since`, `until`: first and last day, in UTC.
    """
    found = AuditEntry.objects.all()
    if kind is not None:
        found = found.filter(kind=kind)
    if subject is not None:
        found = found.filter(subject=subject)
    if organizations is not None:
        found = found.filter(organization__in=organizations)
    if who:
        found = found.filter(actor__istartswith=who)
    if since is not None:
        found = found.filter(at__gte=_midnight(since))
    if until is not None:
        found = found.filter(at__lt=_midnight(until) + timedelta(days=1))
    return found


def entry_json(row: AuditEntry) -> dict[str, object]:
    """Give one line of an export; the moment is ISO 8601 in UTC."""
    return {
        "id": row.pk,
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "kind": row.kind,
        "subject": row.subject,
        "organization": row.organization or None,
        "origin": row.origin or None,
        "before": row.before,
        "after": row.after,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
