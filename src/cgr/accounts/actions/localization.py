"""How the pages are shown to a person: the language, and the zone of times."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from cgr.accounts.models import User
from cgr.accounts.policy import require_person
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


@transaction.atomic
def set_localization(actor: Actor, *, language: str, time_zone: str) -> Saved:
    """Keep the own language and time zone; empty: as the browser asks, and UTC."""
    user = User.objects.select_for_update().get(pk=require_person(actor))
    if language and language not in dict(settings.LANGUAGES):
        raise BadInput(
            f'The pages aren\'t in the language "{language}".',
            code="unknown-language",
            next_step=f"Use one of {', '.join(dict(settings.LANGUAGES))}.",
        )
    if time_zone and time_zone not in available_timezones():
        raise BadInput(
            f'There is no time zone "{time_zone}".',
            code="unknown-time-zone",
            next_step="Use a name like Africa/Lusaka.",
        )
    before = {"language": user.language, "time_zone": user.time_zone}
    user.language, user.time_zone = language, time_zone
    user.save(update_fields=["language", "time_zone"])
    after = {"language": language, "time_zone": time_zone}
    return record_saved(actor, kind="user", subject=user.username, organization="", before=before, after=after)
