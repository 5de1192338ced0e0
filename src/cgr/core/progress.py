"""How a run tells whoever watches what it is doing: a terminal, a page, nobody."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives steps as they begin and counts as they grow."""

    def step(self, name: str, total: int | None = None) -> None:
        """Begin a step; `total` is the number of units it will go through, when known."""

    def advance(self, units: int) -> None:
        """Count units done in the present step."""

    def measure(self, meter: Meter) -> None:
        """Say where requests are counted from now on."""


class Meter(Protocol):
    """Counts what is asked of the other system; seconds are those spent on waiting for its answers."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""

    @property
    def seconds_in_requests(self) -> float:
        """How long we waited for answers."""


class Silent:
    """Nobody watches."""

    def step(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, units: int) -> None:
        """Count nothing."""

    def measure(self, meter: Meter) -> None:
        """Measure nothing."""


class Together:
    """Tells several watchers."""

    def __init__(self, *watchers: Progress) -> None:
        """Take who is told, in this order."""
        self._watchers = watchers

    def step(self, name: str, total: int | None = None) -> None:
        """Tell that a step begins."""
        for watcher in self._watchers:
            watcher.step(name, total)

    def advance(self, units: int) -> None:
        """Tell that units are done."""
        for watcher in self._watchers:
            watcher.advance(units)

    def measure(self, meter: Meter) -> None:
        """Tell where requests are counted."""
        for watcher in self._watchers:
            watcher.measure(meter)
