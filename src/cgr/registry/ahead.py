"""Think while PostgreSQL works: what needs no database is done in a thread, a little ahead of the caller who writes."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

_AT_A_TIME: Final = 500
_BATCHES_AHEAD: Final = 4
"""Together twice what `bulk.writer` writes at a time: enough to do while it waits, little enough to keep."""


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Give the items, made in a thread of their own: making them must not use the database. Errors come through."""
    making = iter(items)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead") as thread:
        coming = deque(thread.submit(lambda: list(islice(making, _AT_A_TIME))) for _ in range(_BATCHES_AHEAD))
        while batch := coming.popleft().result():
            coming.append(thread.submit(lambda: list(islice(making, _AT_A_TIME))))
            yield from batch
