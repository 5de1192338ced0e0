"""Write down who changed what (R0.6); called by every action, inside the action's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec
from django.db import connection
from django.utils import timezone

from cgr.audit.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Named(Protocol):
    """Whoever acts; the log keeps the name."""

    @property
    def name(self) -> str:
        """The name that the log keeps."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change to write down. `before` and `after` are JSON objects and never hold a secret."""

    action: str
    kind: str
    subject: str
    organization: str = ""
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None


def record(
    actor: Named | str,
    action: str,
    *,
    kind: str,
    subject: str,
    organization: str = "",
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """Write one entry: `action` is a verb (`create`, `change`, `delete`), `subject` what the thing is called."""
    AuditEntry.objects.create(
        actor=_name(actor),
        action=action,
        kind=kind,
        subject=subject,
        organization=organization,
        before=before,
        after=after,
    )


def record_many(actor: Named | str, entries: Iterable[Entry]) -> None:
    """Write many entries by COPY, in the order given; their moment is that of this call."""
    name, now = _name(actor), timezone.now()
    columns = "at, actor, action, kind, subject, organization, before, after"
    with connection.cursor() as cursor, cursor.copy(f"COPY {AuditEntry._meta.db_table} ({columns}) FROM STDIN") as copy:  # noqa: SLF001 - Django's documented way to a table's name
        for entry in entries:
            copy.write_row(
                (
                    now,
                    name,
                    entry.action,
                    entry.kind,
                    entry.subject,
                    entry.organization,
                    _json(entry.before),
                    _json(entry.after),
                )
            )


def _name(actor: Named | str) -> str:
    return actor if isinstance(actor, str) else actor.name


def _json(value: Mapping[str, object] | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
