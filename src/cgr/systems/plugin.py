"""The DHIS2 app of a registered system, for whoever may see the system (R10). Reading it isn't audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from cgr.audit import queries as audit
from cgr.core.errors import BadInput
from cgr.dhis2.plugin import app_zip
from cgr.systems import queries

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


def dhis2_app(actor: Actor, code: str) -> bytes:
    """Give the zip; NotAllowed for a system the actor may not know, BadInput without CGR_PUBLIC_URL."""
    system = queries.system(actor, code)
    if not settings.PUBLIC_URL:
        raise BadInput(
            "The app would not know where the registry is: CGR_PUBLIC_URL isn't set.",
            code="public-url-missing",
            next_step="Set CGR_PUBLIC_URL to the address where people open the registry, as in"
            " https://registry.example.org, and try again.",
        )
    changes = audit.entries(kind="system", subject=system.code).count()
    return app_zip(system.label, registry_url=settings.PUBLIC_URL, changes=changes)
