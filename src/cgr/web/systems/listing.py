"""The table of external systems, on its own page and in the overview of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.accounts.policy import Permission, may
from cgr.systems import queries
from cgr.web.systems.words import KINDS, failure_in_brief
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.systems.models import ExternalSystem


def listed(actor: Actor) -> list[dict[str, object]]:
    """Give the systems that somebody may see; those that they manage lead to a form."""
    return [
        {**shown(row), "managed": may(actor, Permission.MANAGE_SYSTEMS, organization=row.organization.code)}
        for row in queries.systems(actor)
    ]


def shown(row: ExternalSystem) -> dict[str, object]:
    """Give one system in words."""
    return {
        "code": row.code,
        "kind": KINDS.get(row.kind, row.kind),
        "label": in_reader_language(row.label),
        "organization": in_reader_language(row.organization.label),
        "url": row.url,
        "version": row.version,
        "checked_at": row.checked_at,
        "failure": failure_in_brief(row.failure),
        "failed_at": row.failed_at,
        "enabled": row.enabled,
    }
