"""What was measured, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What one stage cost. `peak_mib` is 0 where memory isn't the point."""

    count: int
    seconds: float
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.count / self.seconds

    @property
    def share(self) -> float:
        """Seconds per unit."""
        return self.seconds / self.count


def seconds(figures: Figures) -> float:
    """Give the seconds, to find the quickest of several."""
    return figures.seconds
