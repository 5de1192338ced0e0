"""What a level can be mapped to in one system: what was read last, at once and with its age, or what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from msgspec import Struct

from cgr.accounts.policy import Permission, unknown
from cgr.core.mapping_rules import Offer, offer
from cgr.dhis2.versions import version_text
from cgr.registry.catalogue import catalogue
from cgr.systems.queries import system as find_system
from cgr.systems.shapes import kept_or_read

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


class Candidates(Struct, frozen=True):
    """The JSON of `cgr system candidates`.

    `read_at`: when DHIS2 was asked, ISO 8601; `age_s`: seconds since. `not_refreshed`: why it couldn't be asked now.
    """

    system: str
    version: str
    user: str
    read_at: str
    age_s: int
    not_refreshed: str | None
    offer: Offer


def candidates(actor: Actor, system: str, *, type_code: str, refresh: bool = False) -> Candidates:
    """Give what objects of a type can be mapped to in a system: as it was read last, or with `refresh` as it is now.

    When the DHIS2 can't be asked, what was read last is given with the reason; OtherSide when nothing ever was.
    """
    row = find_system(actor, system, permission=Permission.MANAGE_SYNCS)
    our_type = catalogue(actor, permission=Permission.READ_OBJECTS).definitions.types.get(type_code)
    if our_type is None:
        raise unknown("type", type_code)
    known, trouble = kept_or_read(row, refresh=refresh)
    return Candidates(
        system=row.code,
        version=version_text(known.shape.version),
        user=known.shape.user,
        read_at=known.read_at.isoformat(),
        age_s=max(0, round((timezone.now() - known.read_at).total_seconds())),
        not_refreshed=trouble,
        offer=offer(our_type, known.shape),
    )
