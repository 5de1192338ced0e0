"""Where the embedded database keeps its things below the data folder, and who may enter.

    DATA_DIR/postgres.server   locked for as long as any process of the server lives
    DATA_DIR/postgres.users    locked, shared, by every process that uses the server
    DATA_DIR/postgres/data     PostgreSQL's own
    DATA_DIR/postgres/socket   the socket; mode 0700 is the access control
    DATA_DIR/postgres/log

Modes are set on these folders only. The folders above them may be closed to the account that runs PostgreSQL: its
programs are started inside `data` and never walk down from the root (see `programs`).
"""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.embedded_postgres.failures import os_failure

if TYPE_CHECKING:
    from pathlib import Path

    from cgr.embedded_postgres.account import Account

PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"
# sun_path holds 108 bytes on Linux, the last of which ends the string.
_SOCKET_PATH_BYTES = 107


@dataclass(frozen=True)
class Folders:
    """The paths of one embedded database."""

    data_dir: Path

    @property
    def home(self) -> Path:
        """Everything that PostgreSQL's programs may touch."""
        return self.data_dir / "postgres"

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder; exists only once it is complete."""
        return self.home / "data"

    @property
    def unfinished(self) -> Path:
        """Where a new data folder is made before it takes its name."""
        return self.home / "data.new"

    @property
    def socket(self) -> Path:
        """The folder of the socket."""
        return socket_folder(self.data_dir)

    @property
    def log(self) -> Path:
        """The folder of the server's log."""
        return self.home / "log"

    @property
    def log_file(self) -> Path:
        """The server's log."""
        return self.log / "postgres.log"

    @property
    def users_lock(self) -> Path:
        """Held by the server's users."""
        return self.data_dir / "postgres.users"

    @property
    def server_lock(self) -> Path:
        """Held by the server's processes."""
        return self.data_dir / "postgres.server"


def socket_folder(data_dir: Path) -> Path:
    """Tell where the socket of the database of this data folder is or will be."""
    return data_dir / "postgres" / "socket"


def prepare(folders: Folders) -> None:
    """Make the data folder if absent and refuse one that can't work, before anything is written into it."""
    _check_socket_path(folders)
    try:
        folders.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folders.data_dir.stat().st_uid
    except OSError as error:
        raise os_failure(error, doing="Making the data folder", folder=folders.data_dir) from error
    if owner != os.geteuid():
        raise BadInput(
            f"The data folder {folders.data_dir} belongs to {_user_name(owner)}, and we are"
            f" {_user_name(os.geteuid())}.",
            code="data-folder-owner",
            next_step=f"Run the command as {_user_name(owner)}, or set CGR_DATA_DIR to a folder of your own.",
        )


def hand_over(folders: Folders, account: Account) -> None:
    """Give the account that runs PostgreSQL what it needs to enter and write, and nobody else anything."""
    folders.home.mkdir(mode=0o700, exist_ok=True)
    if account.foreign:
        os.chown(folders.home, -1, account.gid)
        folders.home.chmod(0o710)
    for folder in (folders.socket, folders.log):
        folder.mkdir(mode=0o700, exist_ok=True)
        _give(folder, account)
    if folders.data.is_dir():
        _give(folders.data, account)


def new_data_folder(folders: Folders, account: Account) -> Path:
    """Make an empty folder for a new database, clearing what an interrupted attempt left."""
    if folders.unfinished.exists():
        shutil.rmtree(folders.unfinished)
    folders.unfinished.mkdir(mode=0o700)
    _give(folders.unfinished, account)
    return folders.unfinished


def _give(folder: Path, account: Account) -> None:
    # The account's number differs when a data folder moves to another machine or container.
    if not account.foreign or folder.stat().st_uid == account.uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _check_socket_path(folders: Folders) -> None:
    path = folders.socket / SOCKET_NAME
    excess = len(os.fsencode(path)) - _SOCKET_PATH_BYTES
    if excess > 0:
        raise BadInput(
            f"The path of the data folder is {excess} bytes too long: the socket {path} would be longer than the"
            f" {_SOCKET_PATH_BYTES} bytes that the system allows.",
            code="data-folder-path",
            next_step="Set CGR_DATA_DIR to a folder with a shorter path, or set DATABASE_URL.",
        )


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user number {uid}"
