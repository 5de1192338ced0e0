"""The country of the stories, on a DHIS2 of any version."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cgr.cli import main
from cgr.project import wiring
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .country import PLACES, Country, metadata, object_of
from .dhis2_to_import import METADATA, Importing
from .machine import Machine, make_instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.server import SandboxServer

    Terminal = Callable[..., tuple[int, str]]


@pytest.fixture
def make_country(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Country]]:
    """Give a maker of countries on a DHIS2 of a version, configured and equal on both sides."""
    monkeypatch.setenv("TEST_PASSWORD", "district")
    servers: list[SandboxServer] = []

    def make(version: str = "2.42", **configuration: Any) -> Country:
        world = World(version)
        world.load({"version": version, "metadata": metadata(version)})
        servers.append(serve(world))
        country = Country(servers[-1])
        country.configure(**configuration)
        country.write(*(object_of(*place) for place in PLACES))
        return country

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def country(make_country: Callable[..., Country]) -> Country:
    """The country on a DHIS2 2.42, everything exported."""
    return make_country()


@pytest.fixture
def make_importing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Importing]]:
    """Give a maker of DHIS2s to import from, of a version, beside a registry without objects."""
    monkeypatch.setenv("TEST_PASSWORD", "district")
    servers: list[SandboxServer] = []

    def make(version: str) -> Importing:
        world = World(version)
        world.load({"version": version, "metadata": metadata(version, METADATA)})
        servers.append(serve(world))
        return Importing(servers[-1])

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def importing(make_importing: Callable[[str], Importing]) -> Importing:
    """A DHIS2 2.42 to import from."""
    return make_importing("2.42")


@pytest.fixture(scope="session")
def pattern() -> Path:
    """Where the data folder is, once there is one, that others are copies of (`make_instance`)."""
    return Path(os.environ["CGR_TEST_FOLDER"]) / "pattern"


@pytest.fixture
def cgr(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The command line in this process, on the tests' own database: exit status, and what it wrote."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(wiring, "start", lambda **_: None)
        capfd.readouterr()
        status = main.run(arguments)
        return status, capfd.readouterr().out

    return run


@pytest.fixture
def machine(tmp_path: Path, pattern: Path) -> Iterator[Machine]:
    """A machine with the country on both sides."""
    make_instance(tmp_path / "data", pattern)
    world = World("2.42")
    world.load({"version": "2.42", "metadata": metadata("2.42")})
    server = serve(world)
    machine = Machine(tmp_path, server)
    with machine.running():
        machine.cgr("config", "apply", str(tmp_path / "configuration.yaml"))
        machine.cgr("objects", "apply", machine.objects_file(*(object_of(*place) for place in PLACES)))
        yield machine
    server.close()
