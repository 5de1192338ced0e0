"""The country of the stories, on a DHIS2 of any version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .country import PLACES, Country, metadata, object_of

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
