"""Answers kept in memory until what they are made of changes; the least used go first when it gets too much."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_BYTES: Final = 64 * 2**20


class Kept:
    """Bytes by key, up to a size. A key holds all that the bytes follow from, a revision of the data among it."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin empty."""
        self._most = most_bytes
        self._size = 0
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Give what is kept, or make and keep it."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        made = make()  # without the lock: two may make the same, which is better than all waiting for one
        with self._lock:
            self._size += len(made) - len(self._entries.pop(key, b""))
            self._entries[key] = made
            while self._size > self._most:
                _, dropped = self._entries.popitem(last=False)
                self._size -= len(dropped)
        return made


KEPT: Final = Kept()
"""The tiles and boxes of this process."""
