"""The entry point: runs the command and turns whatever happens into words, JSON and an exit status."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from itertools import takewhile
from typing import TYPE_CHECKING, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from cgr.audit.origin import originating
from cgr.cli.failures import interrupted, reader_gone, show_error, unexpected, usage_error
from cgr.core.errors import CgrError

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = (
    "cgr.cli.database",
    "cgr.cli.serve",
    "cgr.cli.worker",
    "cgr.cli.users",
    "cgr.cli.tokens",
    "cgr.cli.audit",
    "cgr.cli.configuration",
    "cgr.cli.definitions",
    "cgr.cli.objects",
    "cgr.cli.proposals",
    "cgr.cli.systems",
    "cgr.cli.signing_in",
    "cgr.cli.secrets",
    "cgr.cli.imports",
    "cgr.cli.sync",
    "cgr.cli.schedules",
    "cgr.cli.undo",
    "cgr.cli.drift",
    "cgr.cli.plugin",
    "cgr.cli.sandbox",
    "cgr.cli.demo",
)
"""A module of commands has `register(app)`. None may import Django when it is loaded: help has to come at once."""


def application() -> typer.Typer:
    """Give the command line with all its commands."""
    app = typer.Typer(
        name="cgr",
        help="The geo-registry and its synchronization with DHIS2. Every command takes --help.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name in MODULES:
        import_module(name).register(app)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit status (contract.md); nothing is raised but what ends the interpreter."""
    as_json = "--json" in takewhile(lambda argument: argument != "--", arguments)
    try:
        with originating("command"):
            status = _invoke(list(arguments) or ["--help"])
        sys.stdout.flush()
    except typer.Exit as ended:
        return ended.exit_code
    except BrokenPipeError:
        return reader_gone()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: told in words, with its traceback in a log
        return show_error(_as_ours(error), as_json=as_json)
    return status


def _invoke(arguments: list[str]) -> int:
    # Not by calling the application: that would turn Ctrl-C and a broken pipe into exits without a word.
    command = typer.main.get_command(application())
    with command.make_context("cgr", arguments) as context:
        return command.invoke(context) or 0


def _as_ours(error: BaseException) -> CgrError:
    if isinstance(error, CgrError):
        return error
    if isinstance(error, TyperException):
        return usage_error(error)
    if isinstance(error, KeyboardInterrupt | Abort):
        return interrupted()
    return unexpected(error)


def main() -> NoReturn:
    """Run the command line of this process."""
    # As an exception, so that what a command holds open (the embedded database, a run) is closed properly.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(run(sys.argv[1:]))
