"""Reading the next batch while DHIS2 is busy writing the present one, so that reading takes no time of its own.

Reading a unit costs about a third of writing it (verified facts, section 7). DHIS2 has no locking, so a unit has to be
read immediately before it is written (fact H18): reading begins as late as it can to be done when the write is, and
what nevertheless became old is read again. Only reading is done beside a write; writes stay one after the other.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Self, TypeAlias

from cgr.core.errors import CgrError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.dhis2.client import Dhis2

Owners: TypeAlias = "dict[str, dict[str, object]]"

FRESH_SECONDS = 3.0
"""What was read longer ago is read again before it is written over. A plain read of 2,000 units takes about as long."""

_SPARE = 1.25
"""Begin so many times the seconds of reading before the write is expected to end: neither takes the same time twice."""

_AT_ONCE = 2
"""Requests that read a large batch, each a part of it: what is read first is then not much older than what is last."""
_WORTH_PARTING = 600
"""Units; two requests' worth."""


class ReadAhead:
    """Gives units as they are now. At most one read is under way, in threads of its own that touch no database."""

    def __init__(self, client: Dhis2) -> None:
        """Begin with nothing; threads are started with the first read."""
        self._client = client
        self._threads: ThreadPoolExecutor | None = None
        self._next: tuple[str, ...] = ()
        self._reading: tuple[frozenset[str], Future[tuple[Owners, float]]] | None = None
        self._now = Event()
        self._closed = False
        self._seconds_per_read = 0.0
        self._seconds_per_write = 0.0

    def __enter__(self) -> Self:
        """Give the reader."""
        return self

    def __exit__(self, *_: object) -> None:
        """Abandon what is being read."""
        self._closed = True
        self._now.set()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def announce(self, uids: Sequence[str]) -> None:
        """Say which units come next."""
        self._next = tuple(uids)

    def begin(self, *, writing: int = 0) -> None:
        """Begin to read what was announced: DHIS2 is about to be sent so many units, and nothing else before."""
        if not self._next or self._reading is not None:
            return
        uids, self._next = self._next, ()
        pause = self.seconds_to_write(writing) - _SPARE * len(uids) * self._seconds_per_read
        self._now.clear()
        self._reading = frozenset(uids), self._pool().submit(self._read_later, uids, pause)

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            # One that waits for its moment, and those that read the other parts.
            self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="dhis2-ahead")
        return self._threads

    def seconds_to_write(self, count: int) -> float:
        """Expect what the last write took, for so many units; 0 before the first."""
        return count * self._seconds_per_write

    def wrote(self, count: int, *, seconds: float) -> None:
        """Learn how long a write took."""
        self._seconds_per_write = seconds / count

    def owners(self, uids: Sequence[str]) -> Owners:
        """Give units whole, as they were at most moments ago; ids that don't exist are absent.

        Raises what reading raises: a read ahead that failed is repeated here first.
        """
        known, found = self._taken()
        return found | self._read([uid for uid in uids if uid not in known])

    def _taken(self) -> tuple[frozenset[str], Owners]:
        """Give what was read ahead, and of which units, unless it failed or is too old."""
        if self._reading is None:
            return frozenset(), {}
        (uids, coming), self._reading = self._reading, None
        self._now.set()
        try:
            found, at = coming.result()
        except CgrError:
            return frozenset(), {}
        if monotonic() - at > FRESH_SECONDS:
            return frozenset(), {}
        return uids, found

    def _read_later(self, uids: tuple[str, ...], pause: float) -> tuple[Owners, float]:
        self._now.wait(max(0.0, pause))
        return ({} if self._closed else self._read(uids)), monotonic()

    def _read(self, uids: Sequence[str]) -> Owners:
        if not uids:
            return {}
        began = monotonic()
        middle = len(uids) // 2 if len(uids) > _WORTH_PARTING else 0
        other = self._pool().submit(self._client.owners, uids[:middle]) if middle else None
        found = self._client.owners(uids[middle:])
        if other is not None:
            found |= other.result()
        if middle or not self._seconds_per_read:  # a few units cost a request of their own, and would mislead
            self._seconds_per_read = (monotonic() - began) / len(uids)
        return found
