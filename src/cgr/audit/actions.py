"""Write down who changed what (R0.6); called by every action, inside the action's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec
from django.db import connection
from django.utils import timezone
from msgspec import Struct

from cgr.audit.models import AuditEntry
from cgr.audit.origin import current_origin
from cgr.core.copy_format import NULL, field

if TYPE_CHECKING:
    from collections.abc import Iterable


class Named(Protocol):
    """Whoever acts; the log keeps the name."""

    @property
    def name(self) -> str:
        """The name that the log keeps."""


class Entry(Struct, frozen=True):
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
        origin=current_origin(),
        before=before,
        after=after,
    )


def record_many(actor: Named | str, entries: Iterable[Entry]) -> None:
    """Write many entries by COPY, in the order given; their moment is that of this call."""
    same = f"{timezone.now().isoformat()}\t{field(_name(actor))}\t{field(current_origin())}"
    lines = [
        f"{same}\t{field(entry.action)}\t{field(entry.kind)}\t{field(entry.subject)}\t{field(entry.organization)}"
        f"\t{_json_field(entry.before)}\t{_json_field(entry.after)}\n"
        for entry in entries
    ]
    columns = "at, actor, origin, action, kind, subject, organization, before, after"
    with connection.cursor() as cursor, cursor.copy(f"COPY {AuditEntry._meta.db_table} ({columns}) FROM STDIN") as copy:  # noqa: SLF001 - Django's documented way to a table's name
        copy.write("".join(lines))


def _name(actor: Named | str) -> str:
    return actor if isinstance(actor, str) else actor.name


def _json_field(value: Mapping[str, object] | None) -> str:
    return NULL if value is None else field(msgspec.json.encode(value).decode())
