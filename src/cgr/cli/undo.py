"""`cgr sync undo`: the plan that puts back what a run changed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cgr.cli import sync
from cgr.cli.background import Background, Follow, follow, show_queued
from cgr.cli.instance import open_instance
from cgr.cli.output import Json, read_date, show
from cgr.cli.progress import progress
from cgr.cli.sync_words import plan_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 20
_SOME_FAILED = 1


def register(_parent: typer.Typer) -> None:
    """Add nothing more: the command stands below `cgr sync` as soon as this module is there."""


@sync.app.command("undo")
def undo(
    run_id: sync.RunId,
    *,
    close: Annotated[
        str, typer.Option("--close", help="The closedDate for units that the run created, yyyy-MM-dd.")
    ] = "",
    background: Background = False,
    watch: Follow = False,
    as_json: Json = False,
) -> int:
    """Plan what puts back what a run changed in DHIS2; apply it like any plan."""
    actor = open_instance()
    from cgr.runs import queries  # noqa: PLC0415 - needs Django set up
    from cgr.sync import reports, undoing  # noqa: PLC0415 - as above
    from cgr.sync.background import queue_undo  # noqa: PLC0415 - as above

    until = read_date(close) if close else None
    undone = queries.sync_run(actor, run_id)
    if background or watch:
        run = queue_undo(actor, undone, close=until)
        if not watch:
            show_queued(run, as_json=as_json)
            return 0
        follow(run)
    else:
        with progress() as bars:
            run = undoing.undo(actor, undone, close=until, progress=bars)
    document = reports.plan_of(run)
    show(document, _words(document), as_json=as_json)
    return _SOME_FAILED if document["counts"]["problem"] else 0


def _words(plan: dict[str, Any]) -> Iterator[str]:
    notes = iter(plan["notes"])
    for note in islice(notes, _SHOWN):
        yield f"  {note['object']['type']} {note['object']['code']}: {note['message']}"
    if more := sum(1 for _ in notes):
        yield f"  … and {more:,} more notes (--json shows all)"
    yield from plan_words(plan)
    if next(iter(plan["changes"]), None) is not None:
        yield (
            f"The registry goes on saying what run {plan['undoes']} sent: the next plan for {plan['config']} will send "
            "it again, unless it is corrected in the registry first."
        )
