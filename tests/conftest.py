"""What every test stands on: one embedded PostgreSQL for the whole run, a database per worker, and no network.

The server starts with the first test that asks for a database, so a run of pure tests needs none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django
import hypothesis
import pytest
import stamina
from cryptography.fernet import Fernet
from django.db import connection
from django.middleware import csrf

from cgr.embedded_postgres import FileLock, ensure_running, stop_unused
from cgr.project import wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.embedded_postgres import Cluster

SHARED = Path(__file__).resolve().parents[2] / "shared"
_FOLDER = "CGR_TEST_FOLDER"
_PREFIX = "cgr-test-"
_owner_locks: list[FileLock] = []

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci")


def _remove(folder: Path) -> None:
    stop_unused(folder)
    shutil.rmtree(folder)


def _clear_away_killed_runs() -> None:
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/owner"):
        with contextlib.suppress(FileNotFoundError):  # another run clears away, too
            if owner.stat().st_uid == os.geteuid():
                _remove_unless_owned(owner)


def _remove_unless_owned(owner: Path) -> None:
    lock = FileLock(owner)
    try:
        if lock.alone():
            _remove(owner.parent)
    finally:
        lock.close()


def _isolate_from_the_machine() -> None:
    # The first process of the run makes the folder; xdist's workers inherit its name. This happens while the file is
    # read, because Django's settings follow from the environment and deeper conftests may import models.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        for name in [name for name in os.environ if name.startswith("CGR_") or name == "DATABASE_URL"]:
            del os.environ[name]
        _clear_away_killed_runs()
        os.environ[_FOLDER] = os.environ["CGR_DATA_DIR"] = tempfile.mkdtemp(prefix=_PREFIX)
        lock = FileLock(Path(os.environ[_FOLDER]) / "owner")
        assert lock.alone()
        _owner_locks.append(lock)
        os.environ["CGR_SECRET_KEYS"] = Fernet.generate_key().decode()
    os.environ["DJANGO_SETTINGS_MODULE"] = "cgr.project.settings"


_isolate_from_the_machine()
django.setup()  # deeper conftests import models while they are read


def pytest_configure() -> None:
    """Have Django's settings read now, so that pytest-django sets Django up before it collects tests."""
    from django.conf import settings  # noqa: PLC0415 - only now does the environment say what they shall be

    assert Path(os.environ[_FOLDER]) == settings.DATA_DIR
    # A password is hashed for half a second, so that it can't be guessed; nobody guesses those of tests.
    # tests/integration/accounts/test_people.py sees what the product does.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # The tokens of forms are 64 random letters. Made of these, they never hold a word that a page shall not have.
    csrf.CSRF_ALLOWED_CHARS = "JQXZjqxz"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest begin first, shared among the processes, so that at the end none waits for one that is late.

    Each process is given an even part of the order to begin with.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = -(-len(items) // processes)
    items.clear()
    for number in range(processes):
        part = long[number::processes]
        items += part + others[: size - len(part)]
        del others[: size - len(part)]
    items += others


def pytest_unconfigure() -> None:
    """Stop the server that a test or a dead worker may have left, and remove what the run made."""
    wiring.stop()
    while _owner_locks:
        _remove(Path(os.environ[_FOLDER]))
        _owner_locks.pop().close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of this run, shared by all its workers."""
    with ensure_running(Path(os.environ[_FOLDER]), durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, cluster: Cluster) -> None:
    """Start the server before pytest-django makes this worker's database on it."""


@pytest.fixture(scope="session", autouse=True)
def _tests_may_empty_the_audit_log() -> Iterator[None]:
    """Let the flush after a test with real transactions empty all tables: its own transaction fires no triggers."""
    sql_flush = connection.ops.sql_flush

    def without_triggers(*arguments: object, **options: object) -> list[str]:
        return ["SET LOCAL session_replication_role = replica", *sql_flush(*arguments, **options)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.ops, "sql_flush", without_triggers)
        yield


@pytest.fixture(autouse=True)
def _retries_without_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=100, cap=True):
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The recordings and data beside the checkout; whoever needs them is skipped, by name, where they are absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared (recordings and open data) is not beside this checkout")
    return SHARED
