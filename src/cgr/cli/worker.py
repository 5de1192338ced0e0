"""`cgr worker`: one process that does what pages, API, schedules and commands hand to the background."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated

import typer

from cgr.cli.output import tell


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(
    *,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Runs at the same time, each for another DHIS2.")] = 4,
    with_parent: Annotated[bool, typer.Option("--with-parent", hidden=True)] = False,
) -> None:
    """Do queued runs, imports and schedules until Ctrl-C or SIGTERM; start as many on as many machines as you like."""
    from cgr.project import wiring  # noqa: PLC0415 - Django loads only for the commands that need it

    wiring.start()
    from cgr.project.work import work  # noqa: PLC0415 - needs Django set up

    if with_parent:
        threading.Thread(target=_stop_with_parent, daemon=True).start()
    tell(f"Working, at most {concurrency} of the queued runs at once (stop with Ctrl-C).")
    work(concurrency=concurrency)
    tell("Stopped.")


def _stop_with_parent() -> None:
    """Stop when the other end of standard input is closed: the server that started this worker has ended or died."""
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
