"""Progress on standard error: bars on a terminal, silence elsewhere, so that logs and scripts stay clean."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from cgr.core.progress import Meter


class Bars:
    """A bar for each step, with count, rate and time left; each step ends when the next one begins."""

    def __init__(self, bars: RichProgress | None) -> None:
        """Draw on `bars`, or nowhere."""
        self._bars = bars
        self._task: TaskID | None = None

    def step(self, name: str, total: int | None = None) -> None:
        """Begin a step; `total` is the number of units it will go through, when known."""
        self.end_step()
        if self._bars is not None:
            self._task = self._bars.add_task(name, total=total)

    def advance(self, units: int) -> None:
        """Count units done in the present step."""
        if self._bars is not None and self._task is not None:
            self._bars.advance(self._task, units)

    def measure(self, meter: Meter) -> None:
        """Show no requests: bars are about units."""

    def end_step(self) -> None:
        """Show the present step as complete; one without a known total ends where it stands."""
        if self._bars is not None and self._task is not None:
            task = self._bars.tasks[self._bars.task_ids.index(self._task)]
            self._bars.update(self._task, total=task.completed or 1, completed=task.completed or 1)
        self._task = None


@contextmanager
def progress() -> Iterator[Bars]:
    """Give something that follows `cgr.core.progress.Progress` for as long as the block runs."""
    if not sys.stderr.isatty():
        yield Bars(None)
        return
    from rich import progress as rich  # noqa: PLC0415 - costs a tenth of a second that only a terminal needs
    from rich.console import Console  # noqa: PLC0415 - as above

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
    )
    with rich.Progress(*columns, console=Console(stderr=True)) as bars:
        shown = Bars(bars)
        yield shown
        shown.end_step()
