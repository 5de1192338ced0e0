"""Ways to bring the same units to the same DHIS2: the bare loop that nobody can undercut, and how the peers do it.

Written from public descriptions of what the peers send; their own work around it (reading a database, comparing,
logging) is left out, so that they are shown quicker than they are. Each gets so many seconds and is judged by its rate.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from figures import Figures, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from server import Session

    Unit = dict[str, Any]
    Protocol = Callable[[Session, Sequence[Unit]], Iterator[int]]

BATCHES = (1_000, 2_000, 4_000)
_PAGE = 1_000
_IASO_UNITS_PER_REQUEST = 4


def bare_loop(session: Session, units: Sequence[Unit]) -> Figures:
    """Post the units in batches with nothing around, whatever size of batch is best: the floor of any synchronisation.

    Every size sends all the units; after the first they are what is there already, which costs a DHIS2 the same.
    """
    found = []
    for size in dict.fromkeys(min(size, len(units)) for size in BATCHES):
        began, cpu = time.monotonic(), time.process_time()
        for start in range(0, len(units), size):
            session.send(units[start : start + size])
        found.append(Figures(len(units), time.monotonic() - began, time.process_time() - cpu))
    return min(found, key=seconds)


def within(limit: float, protocol: Protocol, session: Session, units: Sequence[Unit]) -> Figures:
    """Let a protocol send units until the seconds are over: whole requests, or pages, and at least one."""
    began, cpu, count = time.monotonic(), time.process_time(), 0
    for sent in protocol(session, units):
        count += sent
        if time.monotonic() - began >= limit:
            break
    return Figures(count, time.monotonic() - began, time.process_time() - cpu)


def gpr_0_19(session: Session, units: Sequence[Unit]) -> Iterator[int]:
    """GeoPrism Registry up to 0.19: one POST for each object."""
    for unit in units:
        session.send([unit])
        yield 1


def gpr_0_19_relationships(session: Session, units: Sequence[Unit]) -> Iterator[int]:
    """Send the relationships too: one GET more for each object."""
    for unit in units:
        session.get(f"organisationUnits/{unit['id']}", fields=":owner")
        session.send([unit])
        yield 1


def gpr_1(session: Session, units: Sequence[Unit]) -> Iterator[int]:
    """GeoPrism Registry from 1.0 on: one GET for each object that exists, then a POST for each page of 1,000."""
    for start in range(0, len(units), _PAGE):
        page = units[start : start + _PAGE]
        for unit in page:
            session.get(f"organisationUnits/{unit['id']}", fields=":owner")
        session.send(page)
        yield len(page)


def iaso_updates(session: Session, units: Sequence[Unit]) -> Iterator[int]:
    """Iaso, units that exist: one GET and one POST for every four."""
    for start in range(0, len(units), _IASO_UNITS_PER_REQUEST):
        piece = units[start : start + _IASO_UNITS_PER_REQUEST]
        ids = ",".join(unit["id"] for unit in piece)
        session.get("organisationUnits", filter=f"id:in:[{ids}]", fields=":all", paging="false")
        session.send(piece)
        yield len(piece)


def iaso_creations(session: Session, units: Sequence[Unit]) -> Iterator[int]:
    """Iaso, new units: one POST for each."""
    yield from gpr_0_19(session, units)
