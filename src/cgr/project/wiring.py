"""The only place that puts the pieces together: data folder, keys, database, Django.

Faces call `start` once, before they import anything that has models.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django
from cryptography.fernet import Fernet

from cgr.core.errors import BadInput, CgrError, NeedsPerson, OtherSide
from cgr.embedded_postgres import ensure_running
from cgr.project.environment import DATABASE, Environment, read_environment

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    from cgr.embedded_postgres import Cluster

# Any number will do, as long as nobody else uses it in this database.
_MIGRATION_LOCK = 0x636772
_MIGRATION_WAIT = "120s"
_OTHERS = 0o077  # any right of group and others
_CANNOT_CONNECT = "The database that DATABASE_URL names can't be used: "

_started: list[Environment] = []
_clusters: list[Cluster] = []


def start(*, migrate: bool = True) -> Environment:
    """Make the instance ready: data folder, keys, database, Django; an embedded database also gets its tables.

    Harmless when repeated. Raises `CgrError` in words. With `migrate=False` the tables may be absent or old.
    """
    if not _started:
        environment = read_environment()
        _make_data_folder(environment)
        if environment.embedded:  # refuses somebody else's data folder before anything is written there
            _clusters.append(ensure_running(environment.data_dir))
            atexit.register(stop)
            _clusters[0].ensure_database(DATABASE)
        _close_keys(environment)
        if not environment.secret_keys:
            _make_keys(environment)
            environment = read_environment()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cgr.project.settings")
        django.setup()
        _connect(environment)
        # What has been loaded stays for good: to look through it for garbage again and again, while many objects come
        # and go, takes a third of the time of an export.
        gc.freeze()
        _started.append(environment)
    environment = _started[0]
    if migrate:
        _require_tables(environment)
    return environment


def stop() -> None:
    """Give up our share of the embedded database, which ends with its last user; happens by itself at exit."""
    while _clusters:
        try:
            _clusters.pop().release()
        except CgrError as error:
            sys.stderr.write(f"{error.message}\n{error.next_step}\n")
    _started.clear()


def migrate_database() -> int:
    """Bring the tables up to date and say how many migrations that took; several processes may try at once."""
    from django.core.management import call_command  # noqa: PLC0415 - Django isn't set up when this module loads

    connection = _connection()
    with connection.cursor() as cursor:
        _lock_migrations(cursor)
        try:
            pending = _pending_migrations(connection)
            if pending:
                call_command("migrate", verbosity=0, interactive=False)
        finally:
            cursor.execute("select pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    return pending


def _lock_migrations(cursor: CursorWrapper) -> None:
    from django.db.utils import OperationalError  # noqa: PLC0415 - needs Django set up

    cursor.execute("select set_config('lock_timeout', %s, false)", [_MIGRATION_WAIT])
    try:
        cursor.execute("select pg_advisory_lock(%s)", [_MIGRATION_LOCK])
    except OperationalError as error:
        raise CgrError(
            f"Another process has been bringing the tables up to date for more than {_MIGRATION_WAIT}.",
            code="database-migrating",
            next_step="Let it finish, or end it if it hangs, and try again.",
        ) from error
    cursor.execute("select set_config('lock_timeout', '0', false)")


def _require_tables(environment: Environment) -> None:
    if not _pending_migrations(_connection()):
        return
    if not environment.embedded:
        raise BadInput(
            "The tables of the database are absent or older than this cgr.",
            code="database-not-migrated",
            next_step="Run `cgr migrate` once; make a backup first if the database holds data.",
        )
    migrate_database()


def _pending_migrations(connection: BaseDatabaseWrapper) -> int:
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 - needs Django set up

    executor = MigrationExecutor(connection)
    loader = executor.loader
    unknown = [
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise BadInput(
            f"The database was used by a newer cgr: it has {', '.join(sorted(unknown))}, which this one doesn't know.",
            code="database-newer",
            next_step="Use the newer cgr, or restore the backup that was made before it.",
        )
    return len(executor.migration_plan(loader.graph.leaf_nodes()))


def _connection() -> BaseDatabaseWrapper:
    from django.db import connection  # noqa: PLC0415 - needs Django set up

    return connection


def _connect(environment: Environment) -> None:
    from django.db.utils import OperationalError  # noqa: PLC0415 - needs Django set up

    try:
        _connection().ensure_connection()
    except OperationalError as error:
        if environment.embedded:
            raise CgrError(
                f"The embedded database runs but can't be reached: {error}",
                code="postgres-unreachable",
                next_step=f"See the log in {environment.data_dir / 'postgres' / 'log'}.",
            ) from error
        raise _refused(str(error)) from error


def _refused(reason: str) -> OtherSide:
    """Sort what libpq says, which never holds the password, by what the reader has to do."""
    sentence = _CANNOT_CONNECT + " ".join(reason.split())
    hints = (
        ("password authentication failed", "Correct the user or the password in DATABASE_URL."),
        ("does not exist", "Create the database or the user, or correct the name in DATABASE_URL."),
        ("could not translate host name", "Correct the host in DATABASE_URL."),
        ("failed to resolve host", "Correct the host in DATABASE_URL."),
        ("Connection refused", "Start the PostgreSQL server, or correct host and port in DATABASE_URL."),
    )
    for words, step in hints:
        if words in reason:
            return NeedsPerson(sentence, code="database-unreachable", next_step=step)
    return NeedsPerson(
        sentence,
        code="database-unreachable",
        next_step="Correct DATABASE_URL, or unset it to use the embedded database.",
    )


def _make_data_folder(environment: Environment) -> None:
    try:
        environment.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"The data folder can't be made: {error}",
            code="data-folder",
            next_step="Set CGR_DATA_DIR to a folder that you can write to.",
        ) from error


def _close_keys(environment: Environment) -> None:
    """Make the file of generated keys ours alone again where others can read it, and say so; BadInput if we may not."""
    file = environment.key_file
    try:
        if not file.exists() or not stat.S_IMODE(file.stat().st_mode) & _OTHERS:
            return
        file.chmod(0o600)
    except OSError as error:
        raise BadInput(
            f"Other users of this machine can reach the secret keys in {file}, and that can't be changed: {error}",
            code="secret-keys",
            next_step="As the owner of the file run: chmod 600 on it. If others may have read it, change the key.",
        ) from error
    sys.stderr.write(
        f"Other users of this machine could reach the secret keys in {file}; now only their owner can. "
        "If somebody may have read them, put a new key in front and run: cgr secrets rotate\n"
    )


def _make_keys(environment: Environment) -> None:
    """Generate a key on first use. Linked into place whole, so that of two processes at once one wins for both."""
    folder = environment.data_dir
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix="secret-keys-")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            environment.key_file.hardlink_to(name)
        Path(name).unlink()
    except OSError as error:
        raise BadInput(
            f"The secret keys can't be stored in {folder}: {error}",
            code="secret-keys",
            next_step="Make the data folder writable, or give the keys in CGR_SECRET_KEYS.",
        ) from error
