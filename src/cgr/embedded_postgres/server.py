"""Making, starting and stopping the server itself. Who may do so at all is decided in `cluster`."""

from __future__ import annotations

import shutil
import socket

from cgr.embedded_postgres.account import database_account
from cgr.embedded_postgres.failures import PostgresFailure, disk_full, failure, other_version
from cgr.embedded_postgres.folders import SOCKET_NAME, Folders, hand_over, new_data_folder
from cgr.embedded_postgres.locks import FileLock
from cgr.embedded_postgres.programs import MAJOR, Programs, programs_for

SUPERUSER = "cgr"
CONNECT_SECONDS = 10
_INIT_SECONDS = 120
_START_SECONDS = 60
_STOP_SECONDS = 60
_KILL_SECONDS = 20
_ENDING_SECONDS = 5
# PostgreSQL writes its state on this line of postmaster.pid.
_STATUS_LINE = 7
# A new database and its first write-ahead log.
_SPACE_NEEDED_BYTES = 100_000_000
_LOG_KEPT_BYTES = 10_000_000

_INIT_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    # PostgreSQL's own C.UTF-8: knows upper and lower case of é, and doesn't depend on the machine's locales.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    # Who may enter the socket's folder is the access control; there is no other way in.
    "--auth-local=trust",
    "--auth-host=reject",
)
_SERVER_OPTIONS = (
    "listen_addresses=",
    # Seen from the data folder, where the server works: no limit on the length of its path, no folder above to enter.
    "unix_socket_directories=../socket",
    "unix_socket_permissions=0700",
    "cluster_name=cgr",
    "log_checkpoints=off",
)
_FAST_OPTIONS = ("fsync=off", "full_page_writes=off")


def is_ready(folders: Folders) -> bool:
    """Say whether the server takes connections. A pid file that a crash left behind doesn't mislead it."""
    try:
        lines = (folders.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready" and _listens(folders)


def start(folders: Folders, lock: FileLock, *, durable: bool) -> None:
    """Start the server, making its data folder first if absent. `lock` is held alone, and passed on to the server."""
    account = database_account()
    programs = programs_for(account)
    hand_over(folders, account)
    if not folders.data.exists():
        new = new_data_folder(folders, account)
        _require_space(folders)
        options = (*_INIT_OPTIONS, *(() if durable else ("--no-sync",)))
        # It holds the lock, too: if we are killed meanwhile, nobody clears the folder under it.
        programs.run(
            "initdb", options, inside=new, seconds=_INIT_SECONDS, doing="Making the database", keep_open=(lock.fd,)
        )
        new.rename(folders.data)
    _check_version(folders)
    _clear_traces(folders)
    _set_aside_long_log(folders)
    _run_server(folders, programs, lock, durable=durable)


def stop(folders: Folders) -> None:
    """Stop the server if one is alive: politely, else at once (the next start then recovers what was committed)."""
    if _is_gone(folders, seconds=0):
        return
    programs = programs_for(database_account())
    try:
        _run_stop(programs, folders, mode="fast", seconds=_STOP_SECONDS)
    except PostgresFailure:
        # Killed meanwhile: the last of its processes are about to notice.
        if not _is_gone(folders, seconds=_ENDING_SECONDS):
            _run_stop(programs, folders, mode="immediate", seconds=_KILL_SECONDS)


def _is_gone(folders: Folders, *, seconds: float) -> bool:
    lock = FileLock(folders.server_lock)
    try:
        return lock.alone(seconds=seconds)
    finally:
        lock.close()


def _run_server(folders: Folders, programs: Programs, lock: FileLock, *, durable: bool) -> None:
    settings = (*_SERVER_OPTIONS, *(() if durable else _FAST_OPTIONS))
    options = " ".join(f"-c {setting}" for setting in settings)
    known = folders.log_file.stat().st_size if folders.log_file.exists() else 0
    try:
        programs.run(
            "pg_ctl",
            ("start", "-w", "-t", str(_START_SECONDS), "-l", f"../log/{folders.log_file.name}", "-o", options),
            inside=folders.data,
            seconds=_START_SECONDS + 10,
            doing="Starting the database",
            keep_open=(lock.fd,),
        )
    except PostgresFailure as error:
        # The program only says that the server didn't start; the server says why.
        raise failure("Starting the database", output=_log_since(folders, known), folder=folders.home) from error


def _run_stop(programs: Programs, folders: Folders, *, mode: str, seconds: int) -> None:
    programs.run(
        "pg_ctl",
        ("stop", "-w", "-t", str(seconds), "-m", mode),
        inside=folders.data,
        seconds=seconds + 10,
        doing="Stopping the database",
    )


def _listens(folders: Folders) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_SECONDS)
        try:
            probe.connect(str(folders.socket / SOCKET_NAME))
        except OSError:
            return False
    return True


def _check_version(folders: Folders) -> None:
    file = folders.data / "PG_VERSION"
    found = file.read_text(encoding="ascii").strip() if file.exists() else "of an unknown version"
    if found != MAJOR:
        raise other_version(found, MAJOR, folder=folders.data)


def _require_space(folders: Folders) -> None:
    if shutil.disk_usage(folders.home).free < _SPACE_NEEDED_BYTES:
        raise disk_full(folders.home)


def _clear_traces(folders: Folders) -> None:
    # PostgreSQL takes the numbers in these for a living server when another process, or a dead one that nobody has
    # reaped, has them now (usual in containers). The lock proves that no process of this server is alive.
    for path in (folders.data / "postmaster.pid", folders.socket / SOCKET_NAME, folders.socket / f"{SOCKET_NAME}.lock"):
        path.unlink(missing_ok=True)


def _set_aside_long_log(folders: Folders) -> None:
    if folders.log_file.exists() and folders.log_file.stat().st_size > _LOG_KEPT_BYTES:
        folders.log_file.replace(folders.log_file.with_suffix(".old.log"))


def _log_since(folders: Folders, position: int) -> str:
    if not folders.log_file.exists():
        return ""
    with folders.log_file.open("rb") as file:
        file.seek(position)
        return file.read().decode(errors="replace")
