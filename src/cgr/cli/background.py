"""Handing runs to the workers, and watching from the command line what they make of them."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cgr.cli.output import show, tell
from cgr.cli.progress import progress
from cgr.core.errors import CgrError, NeedsConsent, OtherSide

if TYPE_CHECKING:
    from cgr.runs.models import Run

Background = Annotated[bool, typer.Option("--background", help="Hand it to the workers, and return at once.")]
Follow = Annotated[bool, typer.Option("--follow", help="Hand it to the workers, and watch until it ends.")]

_EVERY_S = 0.5


def show_queued(run: Run, *, as_json: bool) -> None:
    """Say that a run waits for a worker, and behind which run."""
    from cgr.runs.queries import ahead_of  # noqa: PLC0415 - needs Django set up

    ahead = ahead_of(run)
    name, command = ("run", "import") if run.kind == run.Kind.IMPORT else ("id", "sync")
    document = {name: str(run.pk), "state": run.state, **({"behind": str(ahead.pk)} if ahead else {})}
    where = f" behind run {ahead.pk} of {ahead.actor}" if ahead else ""
    show(
        document,
        [f"Run {run.pk} is {run.state}{where}. Watch it: cgr {command} follow {run.pk}"],
        as_json=as_json,
    )


def follow(run: Run) -> Run:
    """Show how a run goes on until it has ended or waits for a review. Ctrl-C ends the watching, not the run.

    Raises what stopped it: `NeedsConsent` when a guard did, else an error with the words of the run.
    """
    from cgr.runs.queries import ahead_of  # noqa: PLC0415 - needs Django set up

    waiting_for: object = None
    with progress() as bars:
        shown = _Shown(bars)
        while run.state in {run.State.QUEUED, run.State.RUNNING}:
            ahead = ahead_of(run)
            if ahead is not None and ahead.pk != waiting_for:
                waiting_for = ahead.pk
                tell(f"Waiting behind run {ahead.pk} of {ahead.actor}, which writes to the same DHIS2.")
            shown.show(run)
            sleep(_EVERY_S)
            run.refresh_from_db()
        shown.show(run)
    return raise_what_stopped(run)


class _Shown:
    """What of a run's progress is on the screen already."""

    def __init__(self, bars: Any) -> None:  # noqa: ANN401 - the bars of cli.progress
        self._bars = bars
        self._step = ""
        self._done = 0

    def show(self, run: Run) -> None:
        from cgr.runs.progress import progress_json  # noqa: PLC0415 - needs Django set up

        now: Any = progress_json(run)
        if now is None or not now["step"]:
            return
        if now["step"] != self._step:
            self._step, self._done = now["step"], 0
            self._bars.step(now["step"], now["total"])
        self._bars.advance(now["done"] - self._done)
        self._done = now["done"]


def raise_what_stopped(run: Run) -> Run:
    """Raise what stopped a run, in its own words; give the run when nothing did."""
    if run.error is None:
        return run
    if run.state == run.State.NEW:
        raise NeedsConsent(run.error["message"], code=run.error["code"], next_step=run.error["next_step"])
    if run.state == run.State.FAILURE:
        kind = CgrError if run.error["code"] == "unexpected" else OtherSide
        raise kind(run.error["message"], code=run.error["code"], next_step=run.error["next_step"])
    return run
