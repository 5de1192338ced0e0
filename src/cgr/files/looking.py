"""Look at a file for whoever says what its columns are: how it was read, its first rows, which values stand in it.

It is done by a process of its own, within limits of time and memory: the page that asks shall go on whatever somebody
brings, and a reader of formats that crashes takes nobody else's request with it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from cgr.core.errors import BadInput
from cgr.files.limits import unreadable
from cgr.files.opening import Choice, check_size, open_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.rows import Row

SHOWN: Final = 5
"""Rows that are shown."""
_LOOKED_THROUGH: Final = 20_000
_MOST_VALUES: Final = 100
_LONGEST: Final = 200
_SECONDS: Final = 60
_MEMORY: Final = 3 * 2**30
"""Bytes of address space: what libraries reserve counts, too, though they use a fraction of it."""


_HANDED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")


class Look(Struct, frozen=True):
    """What was seen. `rows`: the first ones, cells cut to 200 letters, each with its number before them.

    `values`: column → what stands in it, for columns with up to 100 different values among the first 20,000 rows: those
    that can stand for terms. `many`: there are more rows than were looked through. Otherwise as `Table`.
    """

    kind: str
    columns: list[str]
    rows: list[tuple[int, list[str]]]
    values: dict[str, list[str]]
    many: bool = False
    sheets: list[str] = []
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    has_geometry: bool = False


class _Refused(Struct, frozen=True):
    message: str
    next_step: str


def look_at(path: Path, choice: Choice) -> Look:
    """Look at a file, in a process of its own. BadInput, with what to do, for what can't be or mustn't be read."""
    check_size(path)
    try:
        answer = msgspec.json.decode(_asked(path, choice), type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise unreadable(
            "The file can't be read: the program that looked at it ended early.",
            "Export it again, or give it in another format.",
        ) from error
    if "refused" in answer:
        refused = msgspec.json.decode(answer["refused"], type=_Refused)
        raise unreadable(refused.message, refused.next_step)
    return msgspec.json.decode(answer["look"], type=Look)


def _asked(path: Path, choice: Choice) -> bytes:
    command = [sys.executable, "-I", "-m", "cgr.files.looking"]
    asked = msgspec.json.encode((str(path), choice))
    with TemporaryDirectory(prefix="cgr-look-") as folder:
        # None of our secrets go along; what is unpacked goes where it is removed whatever becomes of the process.
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ} | {"TMPDIR": folder}
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                command, input=asked, capture_output=True, timeout=_SECONDS, check=False, env=environment
            )
        except subprocess.TimeoutExpired as error:
            raise unreadable(
                f"The file couldn't be looked at within {_SECONDS} seconds.", "Give it as CSV, or in parts."
            ) from error
    return done.stdout


def _look(path: Path, choice: Choice) -> Look:
    with open_table(path, choice) as table:
        rows = islice(table.rows, _LOOKED_THROUGH)
        first, values = _gathered(rows, table.columns)
        return Look(
            kind=table.kind,
            columns=table.columns,
            rows=first,
            values=values,
            many=next(table.rows, None) is not None,
            sheets=table.sheets,
            sheet=table.sheet,
            encoding=table.encoding,
            delimiter=table.delimiter,
            has_geometry=table.has_geometry,
        )


def _gathered(rows: Iterable[Row], columns: list[str]) -> tuple[list[tuple[int, list[str]]], dict[str, list[str]]]:
    first: list[tuple[int, list[str]]] = []
    # A dict keeps the order in which the values stand in the file.
    values: dict[int, dict[str, None]] = {place: {} for place in range(len(columns))}
    for row in rows:
        if len(first) < SHOWN:
            first.append((row.number, [(cell or "")[:_LONGEST] for cell in row.cells[: len(columns)]]))
        for place in list(values):
            cell = ((row.cells[place] if place < len(row.cells) else None) or "").strip()
            if not cell:
                continue
            values[place][cell[:_LONGEST]] = None
            if len(values[place]) > _MOST_VALUES:
                del values[place]
    return first, {columns[place]: list(seen) for place, seen in values.items()}


def _answer() -> bytes:
    for limit, amount in ((resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_AS, _MEMORY)):
        resource.setrlimit(limit, (amount, amount))
    path, choice = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[str, Choice])
    try:
        return msgspec.json.encode({"look": _look(Path(path), choice)})
    except BadInput as refusal:
        return msgspec.json.encode({"refused": _Refused(refusal.message, refusal.next_step)})


if __name__ == "__main__":
    sys.stdout.buffer.write(_answer())
