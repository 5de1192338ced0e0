"""What can go wrong with the embedded database, in words that say what to do next."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput, CgrError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = ("No space left on device", "Disk quota exceeded")
_LINES_SHOWN = 8


class PostgresFailure(CgrError):
    """The embedded database can't be prepared, started, reached or stopped."""


def failure(doing: str, *, output: str, folder: Path) -> PostgresFailure:
    """Make an error of what a PostgreSQL program printed while `doing` something in `folder`."""
    if any(words in output for words in _FULL):
        return disk_full(folder)
    shown = " / ".join(line.strip() for line in output.strip().splitlines()[-_LINES_SHOWN:]) or "no output"
    return PostgresFailure(
        f"{doing} failed: {shown}",
        code="postgres-failed",
        next_step=f"The log in {folder / 'log'} says more. To use a PostgreSQL of your own instead, set DATABASE_URL.",
    )


def disk_full(folder: Path) -> PostgresFailure:
    """Say that nothing more can be written where the database lives."""
    return PostgresFailure(
        f"The disk that holds {folder} is full, and the database can't work without space.",
        code="disk-full",
        next_step="Free some space there (a new database takes 100 MB), or set CGR_DATA_DIR to a folder on another"
        " disk. Nothing that was saved is lost.",
    )


def os_failure(error: OSError, *, doing: str, folder: Path) -> CgrError:
    """Make an error of what the operating system refused while `doing` something in `folder`.

    A folder that can't be written to was chosen wrongly: BadInput.
    """
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(folder)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return BadInput(
            f"{doing} failed, because {error.filename or folder} can't be written to: {error.strerror}.",
            code="data-folder",
            next_step=f"Make {folder} a folder that you can write to, or set CGR_DATA_DIR to another one.",
        )
    return PostgresFailure(
        f"{doing} failed: {error}",
        code="postgres-folder",
        next_step=f"Make {folder} a folder that you can write to, or set CGR_DATA_DIR to another one.",
    )


def other_version(found: str, carried: str, *, folder: Path) -> PostgresFailure:
    """Say that the database was made by another PostgreSQL than the one we carry."""
    return PostgresFailure(
        f"The database in {folder} was made by PostgreSQL {found}; this cgr carries PostgreSQL {carried} and can't"
        " open it.",
        code="postgres-version",
        next_step=f"Use the cgr that made it, or dump it with the pg_dump of PostgreSQL {found} and restore it into a"
        " fresh CGR_DATA_DIR. Nothing was changed.",
    )


def too_slow(doing: str, seconds: float, *, folder: Path) -> PostgresFailure:
    """Say that something took longer than it ever should."""
    return PostgresFailure(
        f"{doing} took longer than {seconds:.0f} seconds.",
        code="postgres-timeout",
        next_step=f"See the log in {folder / 'log'}, look for a hanging process that uses {folder}, and try again.",
    )
