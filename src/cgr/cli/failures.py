"""What a person or a script sees when a command fails: a sentence, what to do next, a status; never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec

from cgr.core.errors import BadInput, CgrError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer.exceptions import TyperException

_LOG_NAME = "cgr.log"
_SIGPIPE_STATUS = 141


class _InterruptedError(CgrError):
    """Somebody pressed Ctrl-C; 130 is what shells expect then."""

    exit_status: ClassVar[int] = 130


def show_error(error: CgrError, *, as_json: bool) -> int:
    """Tell what went wrong, in words on standard error or as the one JSON document, and give the exit status."""
    if not (as_json and _said_as_json(error)):
        sys.stderr.write(f"Error: {error.message}\n")
        if error.next_step:
            sys.stderr.write(f"What to do: {error.next_step}\n")
    return error.exit_status


def _said_as_json(error: CgrError) -> bool:
    """Write the document; False where standard output takes nothing any more, so that at least words are said."""
    try:
        sys.stdout.write(msgspec.json.encode(error.as_json()).decode() + "\n")
        sys.stdout.flush()
    except OSError:
        _discard_output()
        return False
    return True


def usage_error(error: TyperException) -> BadInput:
    """Put a wrong command line into our words."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "cgr"
    message = error.format_message()
    if message.startswith("Usage:"):  # the whole help, which is what typer says when a group gets no command
        message = "Missing command."
    return BadInput(message, code="usage", next_step=f"See: {command} --help")


def interrupted() -> CgrError:
    """Say that somebody stopped the command."""
    return _InterruptedError(
        "Stopped before the end.", code="interrupted", next_step="Run the command again; a run is continued by resume."
    )


def reader_gone() -> int:
    """Give up quietly when nobody reads our output any more (`| head`), as other commands do."""
    _discard_output()
    return _SIGPIPE_STATUS


def no_space(error: OSError) -> CgrError:
    """Say that the disk is full to which the output goes."""
    _discard_output()
    return CgrError(
        f"The output can't be written: {error.strerror}. What the command has done is done.",
        code="disk-full",
        next_step="Make room where the output goes, and look at what was done before you run the command again.",
    )


def _discard_output() -> None:
    # Else the interpreter would complain once more when it closes standard output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def unexpected(error: BaseException) -> CgrError:
    """Keep the traceback of an error nobody foresaw in a log and say where that is."""
    log = _keep(error)
    where = f"The details are in {log}." if log else "The details couldn't be written to any log."
    return CgrError(
        f"Something went wrong in cgr itself ({type(error).__name__}). {where}",
        code="unexpected",
        next_step="Please report it with the details, after taking out what nobody else should see.",
    )


def _keep(error: BaseException) -> Path | None:
    entry = f"{datetime.now(UTC).isoformat()}\n{''.join(traceback.format_exception(error))}\n"
    for folder in _log_folders():
        path = folder / _LOG_NAME
        try:
            # The log may quote data, so only the person who ran the command may read it.
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as stream:
                stream.write(entry)
        except OSError:
            continue  # the next folder may be writable
        return path
    return None


def _log_folders() -> Iterator[Path]:
    from cgr.project.environment import read_environment  # noqa: PLC0415 - only needed when something failed

    with suppress(CgrError):  # a variable that can't be used: it has been told about, or will be
        yield read_environment().data_dir
    with suppress(OSError):  # no writable temporary folder: there is nothing left to try
        # Not the shared temporary folder itself: there somebody else could have put a file of that name.
        yield Path(tempfile.mkdtemp(prefix="cgr-log-"))
