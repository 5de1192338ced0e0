"""Starting, finding, sharing and stopping the embedded database.

Two locks tell the whole state, and both die with their holders. Every user of the server holds `users`, shared; who
gets it alone is the last one and stops the server. Every process of the server inherits `server`; who gets that knows
for certain that none is alive, whatever a stale pid file or a re-used process number says, and may start one.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from cgr.embedded_postgres.failures import PostgresFailure, os_failure, too_slow
from cgr.embedded_postgres.folders import Folders, prepare
from cgr.embedded_postgres.locks import FileLock
from cgr.embedded_postgres.server import CONNECT_SECONDS, SUPERUSER, is_ready, start, stop

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_READY_SECONDS = 180
_LEAVING_SECONDS = 90
_POLL_SECONDS = 0.05


class Cluster:
    """A running server and our share in it. Release it when done; it ends with its last user."""

    def __init__(self, folders: Folders, users: FileLock) -> None:
        """Take over a lock that is already shared; `ensure_running` makes these."""
        self._folders = folders
        self._users: FileLock | None = users

    @property
    def data_dir(self) -> Path:
        """The data folder that was asked for."""
        return self._folders.data_dir

    def url(self, database: str) -> str:
        """Give the address of a database as libpq and `DATABASE_URL` write it."""
        return f"postgresql://{SUPERUSER}@/{quote(database, safe='')}?host={quote(str(self._folders.socket), safe='')}"

    def ensure_database(self, name: str) -> None:
        """Create a database if it is absent."""
        with self._connection() as connection:
            query = "select 1 from pg_database where datname = %s"
            if connection.execute(query, (name,)).fetchone():
                return
            command = sql.SQL("create database {} template template0").format(sql.Identifier(name))
            # Somebody else may create it between the question and the command.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(command)

    def release(self) -> None:
        """Give up our share, and stop the server if nobody else has one. Harmless when repeated."""
        users, self._users = self._users, None
        if users is None:
            return
        users.unlock()
        _stop_if_last(self._folders, users)

    def __enter__(self) -> Self:
        """Use it in a `with` statement, which releases it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it."""
        self.release()

    def _connection(self) -> psycopg.Connection:
        try:
            return psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=CONNECT_SECONDS)
        except psycopg.OperationalError as error:
            raise PostgresFailure(
                f"The database in {self._folders.home} runs but can't be reached: {error}",
                code="postgres-unreachable",
                next_step=f"See {self._folders.log_file}.",
            ) from error


def ensure_running(data_dir: Path, *, durable: bool = True) -> Cluster:
    """Start the database of this data folder, or find it running, and share it.

    `durable=False` gives up safety against power failure for speed; it counts for the one who starts the server. Raises
    `BadInput` for a folder that can't be used and `PostgresFailure` for the rest.
    """
    folders = Folders(data_dir.absolute())
    prepare(folders)
    try:
        users = FileLock(folders.users_lock)
    except OSError as error:
        raise os_failure(error, doing="Opening the database's lock", folder=folders.data_dir) from error
    try:
        _join(folders, users)
        _make_ready(folders, durable=durable)
    except BaseException:
        users.close()
        raise
    return Cluster(folders, users)


def stop_unused(data_dir: Path) -> bool:
    """Stop a server that was left running by users who were killed; leave one that is in use and give False."""
    folders = Folders(data_dir.absolute())
    return not folders.users_lock.exists() or _stop_if_last(folders, FileLock(folders.users_lock))


def _stop_if_last(folders: Folders, users: FileLock) -> bool:
    try:
        is_last = users.alone()
        if is_last:
            stop(folders)
        return is_last
    finally:
        users.close()


def _join(folders: Folders, users: FileLock) -> None:
    # Held alone only while the last user stops the server.
    try:
        shared = users.share(seconds=_LEAVING_SECONDS)
    except OSError as error:  # a file system without locks
        raise os_failure(error, doing="Locking the database", folder=folders.data_dir) from error
    if not shared:
        raise too_slow("Waiting for another process that stops the database", _LEAVING_SECONDS, folder=folders.home)


def _make_ready(folders: Folders, *, durable: bool) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if is_ready(folders):
            return
        server = FileLock(folders.server_lock)
        try:
            if server.alone():
                start(folders, server, durable=durable)
                return
        except OSError as error:
            raise os_failure(error, doing="Preparing the database", folder=folders.home) from error
        finally:
            server.close()
        time.sleep(_POLL_SECONDS)  # another process starts it, or the last of a dead server's processes is ending
    raise too_slow("Waiting for the database to start", _READY_SECONDS, folder=folders.home)
