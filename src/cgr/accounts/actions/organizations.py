"""Create organizations and change their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.codes import check_code
from cgr.accounts.locking import lock_name
from cgr.accounts.models import Organization
from cgr.accounts.policy import Permission, require
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput
from cgr.core.localized import parse_localized

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized


@transaction.atomic
def save_organization(actor: Actor, code: str, *, label: Localized, new: bool = False) -> Saved:
    """Create an organization, or change its label. `new`: only create; BadInput when there is one with this code."""
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization=code)
    check_code(code, "an organization")
    label = parse_localized(label)
    lock_name("organization", code)
    row = Organization.objects.select_for_update().filter(code=code).first()
    if row is not None and new:
        raise BadInput(
            f'The code "{code}" is taken by another organization.', code="code-taken", next_step="Choose another code."
        )
    before = None if row is None else {"label": row.label}
    row = row or Organization(code=code)
    row.label = label
    row.save()
    return record_saved(
        actor, kind="organization", subject=code, organization=code, before=before, after={"label": label}
    )
