"""The DHIS2 app of a registered system, for whoever may see the system (R10). Reading it isn't audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cgr.audit import queries as audit
from cgr.dhis2.plugin import app_zip
from cgr.systems import queries

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


def dhis2_app(actor: Actor, code: str) -> bytes:
    """Give the zip; NotAllowed for a system the actor may not know."""
    system = queries.system(actor, code)
    changes = audit.entries(kind="system", subject=system.code).count()
    return app_zip(system.label, registry_url=settings.BROWSER_URL, changes=changes)


def assumed_address() -> str | None:
    """Give where the app leads because nobody said where people open the registry; None when CGR_PUBLIC_URL says it."""
    return None if settings.PUBLIC_URL else settings.BROWSER_URL
