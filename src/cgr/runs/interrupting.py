"""Work that can be given up at any moment, because nothing of it is kept before its end: planning and importing."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from cgr.jobs import HandedBack
from cgr.runs.queries import is_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.core.progress import Meter, Progress
    from cgr.runs.models import Run

_LOOK_EVERY_S = 1.0


class Cancelled(Exception):
    """Somebody cancelled the run; what it did so far is given up."""


class Interruptible:
    """A progress that ends the work when somebody cancelled the run, or the process was asked to stop."""

    def __init__(self, progress: Progress, run: Run, stopping: Callable[[], bool]) -> None:
        """Tell `progress` everything; look after the run about once a second."""
        self._progress = progress
        self._run = run
        self._stopping = stopping
        self._looked = monotonic()

    def step(self, name: str, total: int | None = None) -> None:
        """Begin a step, or end the work."""
        self._look()
        self._progress.step(name, total)

    def advance(self, units: int) -> None:
        """Count units done, or end the work."""
        self._look()
        self._progress.advance(units)

    def measure(self, meter: Meter) -> None:
        """Say where requests are counted."""
        self._progress.measure(meter)

    def _look(self) -> None:
        if self._stopping():
            raise HandedBack
        if monotonic() - self._looked < _LOOK_EVERY_S:
            return
        self._looked = monotonic()
        if is_cancelled(self._run):
            raise Cancelled
