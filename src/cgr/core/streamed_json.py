"""Documents with lists too long to hold: their records are read while the document is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode


class Lines(Generic[T]):
    """A list of records that is read anew each time somebody walks through it, and never held as a whole."""

    def __init__(self, read: Callable[[], Iterator[T]]) -> None:
        """Take what begins to read."""
        self._read = read

    def __iter__(self) -> Iterator[T]:
        """Read from the beginning."""
        return self._read()

    def __bool__(self) -> bool:
        """Say whether there is one, as a list does."""
        return any(True for _ in self)


def encoded(document: Mapping[str, object]) -> Iterator[bytes]:
    """Give the document as JSON, piece by piece; only values at its top may be `Lines`."""
    before = b"{"
    for key, value in document.items():
        yield before + _encode(key) + b":"
        if isinstance(value, Lines):
            yield from _list(value)
        else:
            yield _encode(value)
        before = b","
    yield b"{}" if before == b"{" else b"}"


def _list(lines: Lines[object]) -> Iterator[bytes]:
    before = b"["
    for record in lines:
        yield before + _encode(record)
        before = b","
    yield b"[]" if before == b"[" else b"]"
