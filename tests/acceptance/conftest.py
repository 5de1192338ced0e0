"""The country of the stories, on a DHIS2 of any version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .country import PLACES, Country, metadata, object_of
from .dhis2_to_import import METADATA, Importing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.server import SandboxServer


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
