"""What the form of a configuration can choose from: at once, as it was last read; asked anew only when somebody asks.

A DHIS2 that is slow or away must not keep anybody from the form: it then offers what was read before (R4.1).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from cgr.accounts.policy import Permission, unknown
from cgr.core.errors import CgrError
from cgr.core.mapping_rules import Offer, offer
from cgr.core.records import OurType, RemoteShape
from cgr.registry.catalogue import visible_hierarchies
from cgr.registry.queries import type_shapes
from cgr.systems.connection import WHILE_SOMEBODY_WAITS, open_client
from cgr.systems.queries import system as find_system
from cgr.systems.shapes import kept, read_and_keep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor


class Lists(Struct, frozen=True):
    """The types of a hierarchy, what a DHIS2 has, and what each of the types asked about can be mapped to there.

    `shape` and `read_at` are None while nothing was ever read.
    """

    types: dict[str, OurType]
    shape: RemoteShape | None
    offers: dict[str, Offer]
    read_at: datetime | None


def lists(actor: Actor, *, system: str, hierarchy: str, types: Iterable[str]) -> Lists:
    """Give the lists without asking DHIS2; NotAllowed for a system or hierarchy that the actor may not know.

    An empty `system` or `hierarchy`, not chosen yet, has nothing to offer.
    """
    if hierarchy and all(row.code != hierarchy for row in visible_hierarchies(actor)):
        raise unknown("hierarchy", hierarchy)
    ours = type_shapes(hierarchy) if hierarchy else {}
    known = kept(find_system(actor, system, permission=Permission.MANAGE_SYNCS)) if system else None
    if known is None:
        return Lists(ours, None, {}, None)
    return offering(Lists(ours, known.shape, {}, known.read_at), types)


def offering(known: Lists, types: Iterable[str]) -> Lists:
    """Give the lists with what these types can be mapped to; for that nothing is read again."""
    if known.shape is None:
        return known
    wanted = [code for code in dict.fromkeys(types) if code in known.types]
    offers = {code: known.offers.get(code) or offer(known.types[code], known.shape) for code in wanted}
    return structs.replace(known, offers=offers)


def refresh(actor: Actor, system: str) -> CgrError | None:
    """Read the lists of a system anew, not longer than somebody would wait; give what was in the way."""
    row = find_system(actor, system, permission=Permission.MANAGE_SYNCS)
    try:
        with open_client(row, timeouts=WHILE_SOMEBODY_WAITS) as client:
            read_and_keep(client, row)
    except CgrError as error:
        return error
    return None
