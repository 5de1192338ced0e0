"""How a run tells whoever watches what it is doing: a terminal, a page, nobody."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives steps as they begin and counts as they grow."""

    def step(self, name: str, total: int | None = None) -> None:
        """Begin a step; `total` is the number of units it will go through, when known."""

    def advance(self, units: int) -> None:
        """Count units done in the present step."""


class Silent:
    """Nobody watches."""

    def step(self, name: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, units: int) -> None:
        """Count nothing."""
