"""Create organizations and change their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.codes import check_code
from cgr.accounts.models import Organization
from cgr.accounts.policy import Permission, require
from cgr.audit.saving import Saved, record_saved
from cgr.core.localized import parse_localized

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized


@transaction.atomic
def save_organization(actor: Actor, code: str, *, label: Localized) -> Saved:
    """Create an organization, or change its label."""
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization=code)
    check_code(code, "an organization")
    label = parse_localized(label)
    row = Organization.objects.select_for_update().filter(code=code).first()
    before = None if row is None else {"label": row.label}
    row = row or Organization(code=code)
    row.label = label
    row.save()
    return record_saved(
        actor, kind="organization", subject=code, organization=code, before=before, after={"label": label}
    )
