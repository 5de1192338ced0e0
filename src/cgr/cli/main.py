"""The entry point: runs the command and turns whatever happens into words, JSON and an exit status."""

from __future__ import annotations

import errno
import os
import signal
import sys
from importlib import import_module, metadata
from io import TextIOWrapper
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from cgr.audit.origin import originating
from cgr.cli.failures import interrupted, no_space, reader_gone, show_error, unexpected, usage_error
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

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def application() -> typer.Typer:
    """Give the command line with all its commands."""
    app = typer.Typer(
        name="cgr",
        help="The geo-registry and its synchronization with DHIS2. Every command takes --help.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    for name in MODULES:
        import_module(name).register(app)
    return app


def _say_version(asked: bool) -> None:  # noqa: FBT001 - how typer calls it
    if asked:
        sys.stdout.write(f"cgr {metadata.version('cgr')}\n")
        raise typer.Exit


def _options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version this is.")
    ] = False,
) -> None:
    """Take what stands before a command."""


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
    except OSError as error:
        if error.errno in _FULL:
            return show_error(no_space(error), as_json=False)  # standard output may be what is full
        return show_error(unexpected(error), as_json=as_json)
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
    _have_streams()
    # As an exception, so that what a command holds open (the embedded database, a run) is closed properly.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(run(sys.argv[1:]))


def _have_streams() -> None:
    """Have all three streams, whatever whoever started us closed, and none that some character can't be written to."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end
    # What goes into a file or a pipe is read by other rules than the terminal's: JSON and YAML are UTF-8.
    encoding = sys.stdout.encoding if sys.stdout.isatty() else "utf-8"
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
