"""What an entry in the audit log came from: a request, a command, or a run. One id for everything that it did."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

_origin: ContextVar[str] = ContextVar("origin", default="")


@contextmanager
def originating(kind: str, name: str = "") -> Iterator[str]:
    """Mark what happens in the block, and give the mark: `request:…`, `command:…`; a run has its own `name`."""
    mark = f"{kind}:{name or uuid4().hex}"
    token = _origin.set(mark)
    try:
        yield mark
    finally:
        _origin.reset(token)


def current_origin() -> str:
    """Give the mark of the block that runs; empty outside of any."""
    return _origin.get()
