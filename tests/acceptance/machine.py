"""A machine with an instance of its own, used by its command line: real processes, real kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import yaml

from .country import DEFINITIONS, LEVELS

if TYPE_CHECKING:
    from cgr.sandbox.server import SandboxServer

CGR = str(Path(sys.executable).with_name("cgr"))
DEADLINE = 60


class Machine:
    """A machine with an empty registry and a DHIS2 beside it."""

    def __init__(self, folder: Path, server: SandboxServer) -> None:
        self.folder = folder
        self.database = ""
        self.world = server.world
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CGR_", "DJANGO_"))},
            "CGR_DATA_DIR": str(folder / "data"),
            "HMIS_PASSWORD": "district",
        }
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

    def cgr(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """Run a command with --json; its exit status has to be the one expected."""
        done = subprocess.run(
            [CGR, *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == expect, done.stderr + done.stdout
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def report(self, run: str) -> dict[str, Any]:
        """Give the report of a run, whatever became of it."""
        done = subprocess.run(
            [CGR, "sync", "report", run, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
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

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [CGR, *arguments], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


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
