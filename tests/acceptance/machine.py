"""A machine with an instance of its own, used by its command line: real processes, real kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import yaml

from cgr.embedded_postgres import FileLock, ensure_running
from cgr.project.environment import DATABASE

from .country import DEFINITIONS, LEVELS
from .forking import DEADLINE, Commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.embedded_postgres import Cluster
    from cgr.sandbox.server import SandboxServer

__all__ = ["CGR", "DEADLINE", "Machine", "environment_of", "make_instance", "new_facilities"]
CGR = str(Path(sys.executable).with_name("cgr"))


def environment_of(data: Path) -> dict[str, str]:
    """Give the environment of commands that use a data folder, without what the tests' own process has of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("CGR_", "DJANGO_"))}
    return {**ours, "CGR_DATA_DIR": str(data)}


def make_instance(data: Path, pattern: Path) -> None:
    """Make a data folder with tables and keys, a copy of one that is made once for all tests of a run."""
    lock = FileLock(pattern.with_suffix(".lock"))
    try:
        assert lock.alone(seconds=300)
        if not pattern.is_dir():
            unfinished = pattern.with_suffix(".new")
            with ensure_running(unfinished, durable=False):
                subprocess.run([CGR, "migrate"], env=environment_of(unfinished), check=True, capture_output=True)
            unfinished.rename(pattern)
    finally:
        lock.close()
    subprocess.run(["cp", "-a", str(pattern), str(data)], check=True)  # with owners


class Machine(Commands):
    """A machine with an empty registry and a DHIS2 beside it."""

    def __init__(self, folder: Path, server: SandboxServer) -> None:
        self.folder = folder
        self.database = ""
        self.world = server.world
        super().__init__({**environment_of(folder / "data"), "HMIS_PASSWORD": "district"})
        document = {
            **DEFINITIONS,
            "systems": [
                {
                    "code": "hmis",
                    "organization": "MOH",
                    "kind": "dhis2",
                    "label": "HMIS",
                    "url": server.url,
                    "auth": {"kind": "basic", "username": "admin", "password": {"env": "HMIS_PASSWORD"}},
                }
            ],
            "syncs": [
                {
                    "code": "all",
                    "organization": "MOH",
                    "label": "All",
                    "hierarchy": "admin",
                    "system": "hmis",
                    "levels": list(LEVELS.values()),
                }
            ],
        }
        (folder / "configuration.yaml").write_text(yaml.safe_dump(document))

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """Have the embedded database run, which else each command would start and stop."""
        with ensure_running(self.folder / "data", durable=False) as cluster:
            self.database = cluster.url("postgres")
            try:
                yield cluster
            finally:
                self.close()

    def cgr(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """Run a command with --json; its exit status has to be the one expected."""
        done = self.run(*arguments, "--json")
        assert done.returncode == expect, done.stderr + done.stdout
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def report(self, run: str) -> dict[str, Any]:
        """Give the report of a run, whatever became of it."""
        done = self.run("sync", "report", run, "--json")
        assert done.returncode in {0, 1}, done.stderr + done.stdout
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def apply_configuration(self, **changes: Any) -> None:
        """Apply the configuration of the machine with other content in some of its sections."""
        path = self.folder / "configuration.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
        self.cgr("config", "apply", str(path))

    def change_limits(self, **limits: float) -> None:
        """Give the configuration other safety limits."""
        (sync,) = yaml.safe_load((self.folder / "configuration.yaml").read_text())["syncs"]
        self.apply_configuration(syncs=[{**sync, "limits": limits}])

    def objects_file(self, *objects: dict[str, Any]) -> str:
        path = self.folder / "objects.ndjson"
        path.write_text("".join(json.dumps(line) + "\n" for line in objects))
        return str(path)

    def states(self) -> dict[str, str]:
        """Give the state of each run, past the product."""
        address = self.environment.get("DATABASE_URL") or self.database.replace("/postgres?", f"/{DATABASE}?")
        with psycopg.connect(address, autocommit=True) as connection:
            return dict(connection.execute("SELECT id::text, state FROM runs_run").fetchall())

    def cut_database_connections(self) -> None:
        """End every connection to the database, as a restart of the server would."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )

    def sessions_of_workers(self) -> int:
        """Count the database sessions that listen for jobs, which workers alone do."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query ILIKE %s AND pid <> pg_backend_pid()",
                ["%procrastinate%"],
            ).fetchone()
        assert row is not None
        return int(row[0])


def new_facilities(count: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "facility",
            "code": f"N{number}",
            "label": {"default": f"New {number}"},
            "exists": [{"from": "2020-01-01", "to": None}],
            "parents": {"admin": "A"},
        }
        for number in range(count)
    ]
