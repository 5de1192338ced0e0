"""How commands speak: results on standard output, in words or as one JSON document; progress on standard error."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeAlias

import msgspec
import typer

from cgr.core.dates import date_problem
from cgr.core.errors import BadInput
from cgr.core.streamed_json import Lines, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Preview: TypeAlias = Annotated[bool, typer.Option("--preview", help="Say what would change and write nothing.")]

_IN_MEMORY = 4_000_000


def show(document: object, words: Iterable[str], *, as_json: bool) -> None:
    """Print a result: the document as JSON, or the lines of words."""
    if as_json and isinstance(document, dict) and any(isinstance(part, Lines) for part in document.values()):
        _copy_out(document)
    elif as_json:
        sys.stdout.write(_laid_out(msgspec.json.encode(document)).decode() + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in words)
    sys.stdout.flush()  # whoever started us through a pipe waits for the address we serve


def _copy_out(document: dict[str, object]) -> None:
    """Write a document that is read while it is written: first aside, so that an error never leaves half of it."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as aside:
        for piece in encoded(document):  # its `writelines` would fill the memory before it looks at the size
            aside.write(piece)
        aside.seek(0)
        if sys.stdout.isatty():  # somebody reads it, so it isn't too much to hold
            sys.stdout.write(_laid_out(aside.read()).decode() + "\n")
            return
        shutil.copyfileobj(aside, sys.stdout.buffer)
        sys.stdout.buffer.write(b"\n")


def _laid_out(document: bytes) -> bytes:
    return msgspec.json.format(document) if sys.stdout.isatty() else document


def tell(line: str) -> None:
    """Say something beside the result, on standard error."""
    sys.stderr.write(f"{line}\n")


def read_secret(prompt: str, *, from_stdin: bool, option: str) -> str:
    """Read a password or token from standard input or, on a terminal, by asking twice; never from the command line."""
    if from_stdin:
        try:
            return sys.stdin.readline().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise BadInput(
                "The password or token on standard input isn't text in UTF-8.",
                code="bad-secret",
                next_step=f"Give it in UTF-8, on one line, with {option}.",
            ) from error
    if not sys.stdin.isatty():
        raise BadInput(
            "There is no terminal to ask for the password or token.",
            code="no-terminal",
            next_step=f"Give it on standard input, with {option}.",
        )
    secret: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    return secret


def open_input(path: str) -> BinaryIO:
    """Open a file to read, `-` being standard input; BadInput when that can't be."""
    if path == "-":
        return sys.stdin.buffer
    try:
        return open(path, "rb")  # noqa: PTH123 - the caller closes it; "-" was not a path
    except (OSError, ValueError) as error:
        raise unusable_file(path, error) from error


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content becomes the file when the block ends well; else the file stays as it was.

    Only the owner may read it. BadInput when it can't be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    except (OSError, ValueError) as error:
        raise unusable_file(str(path), error) from error
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        written.replace(path)
    except OSError as error:
        raise unusable_file(str(path), error) from error
    finally:
        written.unlink(missing_ok=True)


def unusable_file(path: str, error: OSError | ValueError) -> BadInput:
    """Say that a file can't be read or written, and why."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return BadInput(
        f"{path} can't be used: {reason}.", code="file", next_step="Check the path and that you may use the file."
    )


def read_date(text: str) -> date:
    """Read a date given on the command line; BadInput for anything but a day that exists, as yyyy-MM-dd."""
    if problem := date_problem(text):
        raise BadInput(f"{problem}.", code="bad-date", next_step="Write it as yyyy-MM-dd, and one that exists.")
    return date.fromisoformat(text)
