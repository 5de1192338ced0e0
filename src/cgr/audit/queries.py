"""Read the trail of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.audit.models import AuditEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet


def entries(*, kind: str | None = None, subject: str | None = None) -> QuerySet[AuditEntry]:
    """Give the entries, newest first, of one kind of thing or about one thing."""
    found = AuditEntry.objects.all()
    if kind is not None:
        found = found.filter(kind=kind)
    if subject is not None:
        found = found.filter(subject=subject)
    return found
