"""All organisation units, page by page, the next page on its way while the caller works on the present one.

Facts it has to live with: 2.31's pager is wrong on every page (O6), that of 2.32 to 2.36 counts what was there up to a
minute ago (dhis2-core #8733, and recorded: 07-levels), and early 2.31 repeats its last page for ever, so pages are
asked for until one is short or brings nothing new; a list can be cut short under status 200 (H6), so what came is
compared with an independent count; with offsets, a unit deleted meanwhile pushes another one out of sight, which looks
the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from cgr.core.errors import CgrError
from cgr.dhis2 import errors as e
from cgr.dhis2.errors import fault
from cgr.dhis2.reading import count_units, unit_ids
from cgr.dhis2.replies import decode
from cgr.dhis2.units import fields_query, their_unit
from cgr.dhis2.wire import UnitPage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from concurrent.futures import Future

    from cgr.core.records import TheirUnit
    from cgr.dhis2.connection import Connection
    from cgr.dhis2.replies import Reply
    from cgr.dhis2.versions import Features

PAGE_SIZE = 2_048
_PAGE = msgspec.json.Decoder(UnitPage)
_DOING = "list the organisation units"


def stream_units(
    connection: Connection, features: Features, *, fields: Collection[str] | None = None, page_size: int = PAGE_SIZE
) -> Iterator[list[TheirUnit]]:
    """Yield the units of the whole server in pages, each unit once.

    `fields`: DHIS2's names of what is needed besides id, level and parent (None: all that `units.UNIT_FIELDS` lists).
    After the last page: ProtocolBroken `list-cut-short` when fewer came than there are, TryLater when units were
    deleted meanwhile; whatever was yielded before must then be thrown away.
    """
    expected = count_units(connection, features)
    seen: set[str] = set()
    query = fields_query(fields, features=features)
    with _read_ahead(connection, query, expected=expected, page_size=page_size) as pages:
        for reply, asked in pages:
            rows = decode(reply, _PAGE, doing=_DOING).organisation_units or []
            before = len(seen)
            fresh = []
            for row in rows:
                if row.id not in seen:
                    seen.add(row.id)
                    fresh.append(their_unit(row))
            if fresh:
                yield fresh
            if len(rows) < asked or len(seen) == before:
                break
    if len(seen) < expected:
        _look_for_missing(connection, seen, expected=expected)


def _look_for_missing(connection: Connection, seen: set[str], *, expected: int) -> None:
    """Settle by the ids why fewer came than were announced; the announcement itself may be out of date."""
    there = unit_ids(connection)
    if seen.issuperset(there):
        return
    if len(there) < expected:
        message = f"Organisation units were deleted in {connection.host} while they were read."
        raise fault(e.UNITS_CHANGED, message)
    message = f"{connection.host} has {len(there)} organisation units but its list ends after {len(seen)}."
    raise fault(e.LIST_CUT_SHORT, message)


def _damage(connection: Connection) -> CgrError | None:
    """Give the error of a list that ends at a damaged unit, where that is why pages don't come; else None.

    2.43 closes the connection when a page holds a unit that is its own parent, and ends the whole list there (H6).
    """
    try:
        there, shown = unit_ids(connection), set(unit_ids(connection, "id,parent[id]"))
    except CgrError:
        return None  # what was in the way of the page is in the way of these
    first = next((uid for uid in there if uid not in shown), None)
    if first is None:
        return None
    return fault(e.LIST_CUT_SHORT, f"{connection.host} ends its list of organisation units at {first}.")


@contextmanager
def _read_ahead(
    connection: Connection, query: str, *, expected: int, page_size: int
) -> Iterator[Iterator[tuple[Reply, int]]]:
    """Give the pages with the size asked for, one request ahead; a request still out at the end is abandoned."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="dhis2-pages")
    try:
        yield _pages(thread, connection, query, expected=expected, page_size=page_size)
    finally:
        thread.shutdown(wait=False, cancel_futures=True)


def _pages(
    thread: ThreadPoolExecutor, connection: Connection, query: str, *, expected: int, page_size: int
) -> Iterator[tuple[Reply, int]]:
    """Ask for page after page; one that is too large for the bound is asked for again in halves."""

    def ask(page: int, size: int) -> Future[Reply]:
        params = (("fields", query), ("order", "id:asc"), ("page", str(page)), ("pageSize", str(size)))
        return thread.submit(connection.get, "organisationUnits", params, doing=_DOING, slow=True)

    page, size = 1, page_size
    coming: Future[Reply] | None = None
    while True:
        try:
            reply = (coming or ask(page, size)).result()
        except CgrError as error:
            if error.code == e.CONNECTION_CUT and (damage := _damage(connection)) is not None:
                raise damage from error
            if error.code != e.REPLY_TOO_LARGE or size == 1:
                raise
            page, size, coming = 2 * page - 1, size // 2, None
            continue
        page += 1
        coming = ask(page, size) if (page - 1) * size < expected else None
        yield reply, size
