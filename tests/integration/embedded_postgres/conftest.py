"""Places of their own for tests that start, kill and stop servers, and users of them in other processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from cgr.embedded_postgres import Cluster, ensure_running, socket_folder, stop_unused

if TYPE_CHECKING:
    from collections.abc import Iterator

_USER_PROGRAM = """
import sys
from pathlib import Path
from cgr.embedded_postgres import ensure_running
with ensure_running(Path(sys.argv[1]), durable=False) as cluster:
    cluster.ensure_database("registry")
    print("ready", flush=True)
    sys.stdin.read()
"""


class OtherUser:
    """Another process that uses the server of a data folder until it is told to leave, or is killed."""

    def __init__(self, data_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _USER_PROGRAM, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def leave(self) -> None:
        self._process.communicate(timeout=120)
        assert self._process.returncode == 0

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            self._process.communicate(timeout=120)


class Place:
    """A data folder that isn't there yet, and what can be seen of the server in it from outside."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.postgres = data_dir / "postgres"
        self.users: list[OtherUser] = []

    def start(self) -> Cluster:
        return ensure_running(self.data_dir, durable=False)

    def other_user(self) -> OtherUser:
        self.users.append(OtherUser(self.data_dir))
        return self.users[-1]

    def ask(self, query: str) -> object:
        with psycopg.connect(self._address(), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def run(self, command: str) -> None:
        with psycopg.connect(self._address(), autocommit=True) as connection:
            connection.execute(command.encode())

    def answers(self) -> bool:
        try:
            psycopg.connect(self._address()).close()
        except psycopg.OperationalError:
            return False
        return True

    def server_pid(self) -> int:
        return int((self.postgres / "data" / "postmaster.pid").read_text().split()[0])

    def _address(self) -> str:
        return f"host={socket_folder(self.data_dir)} user=cgr dbname=postgres connect_timeout=10"


def _new_place() -> Place:
    # Below a folder that only we can enter; its path is short, because that of a socket has to be.
    return Place(Path(tempfile.mkdtemp(prefix="cgr-pg-")) / "data")


def _settle(place: Place) -> None:
    for user in place.users:
        user.kill()
    stop_unused(place.data_dir)


@pytest.fixture
def place() -> Iterator[Place]:
    """A place that nobody has used."""
    place = _new_place()
    yield place
    _settle(place)
    shutil.rmtree(place.data_dir.parent)


@pytest.fixture(scope="session")
def _used_place() -> Iterator[Place]:
    place = _new_place()
    place.start().release()
    yield place
    shutil.rmtree(place.data_dir.parent)


@pytest.fixture
def used_place(_used_place: Place) -> Iterator[Place]:
    """A place with a database that other tests have used, too; nothing runs there."""
    yield _used_place
    _settle(_used_place)
