"""Which operating-system user the database's processes run as: ourselves, except that PostgreSQL refuses to be root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass

from cgr.embedded_postgres.failures import PostgresFailure

SERVICE_USER = "cgr-postgres"
_CREATE_SECONDS = 30


@dataclass(frozen=True)
class Account:
    """The user and group that own the database's files and processes; `foreign` when they aren't our own."""

    uid: int
    gid: int
    foreign: bool


def database_account() -> Account:
    """Give the account to run PostgreSQL as; when we are root, an unprivileged one, made on first use."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), foreign=False)
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        _create()
        entry = pwd.getpwnam(SERVICE_USER)
    return Account(entry.pw_uid, entry.pw_gid, foreign=True)


def _create() -> None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise _cannot_create("there is no useradd command")
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/bin/false"]
    made = subprocess.run(  # noqa: S603 - fixed arguments, program from the system's own folders
        [useradd, *options, SERVICE_USER], capture_output=True, text=True, check=False, timeout=_CREATE_SECONDS
    )
    if made.returncode != 0 and not _exists():  # another process may have been quicker
        raise _cannot_create(made.stderr.strip())


def _exists() -> bool:
    return any(entry.pw_name == SERVICE_USER for entry in pwd.getpwall())


def _cannot_create(reason: str) -> PostgresFailure:
    return PostgresFailure(
        f"PostgreSQL refuses to run as root, and the user {SERVICE_USER} couldn't be made: {reason}.",
        code="postgres-user",
        next_step=f"Make a system user named {SERVICE_USER}, or run cgr as an ordinary user, or set DATABASE_URL.",
    )
