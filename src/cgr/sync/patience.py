"""Patience with a DHIS2 that is busy or away: how long to wait before what is safe to repeat is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cgr.core.errors import TryLater
from cgr.dhis2.errors import SERVER_AWAY, TIME_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TOO_MUCH_AT_ONCE = frozenset({SERVER_AWAY, TIME_OUT})
"""After these, a proxy's 504 among them, the server most likely goes on with what it got (api.md 5.5)."""

PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 60.0)
"""Seconds to wait after the n-th failure in a row; after the last one patience ends."""

_LONGEST_S = 300.0
"""A server that asks for more (it can ask for a day) is better continued by a person."""


def pause_after(error: TryLater, failures: int) -> float:
    """Give the seconds to wait after so many failures in a row; raises the error itself when patience ends."""
    if failures > len(PAUSES):
        raise error
    seconds = PAUSES[failures - 1]
    if error.retry_after is not None:  # a server that asks for no pause, or for one that is over, is asked no faster
        seconds = max(seconds, error.retry_after.total_seconds())
    if seconds > _LONGEST_S:
        raise error
    return seconds


def patiently(do: Callable[[], T], wait: Callable[[float], None]) -> T:
    """Do what is safe to repeat until DHIS2 answers; raises the last TryLater when patience ends."""
    failures = 0
    while True:
        try:
            return do()
        except TryLater as error:
            failures += 1
            wait(pause_after(error, failures))
