"""Organizations, and DHIS2s of any version to sign in to by OAuth2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.accounts.actions import save_organization
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .oauth_stage import OPERATOR, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.server import SandboxServer


@pytest.fixture
def moh(db: None) -> None:  # noqa: ARG001 - asks for the database
    save_organization(OPERATOR, "MOH", label={"default": "Ministry of Health"})


@pytest.fixture
def stage_of(moh: None) -> Iterator[Callable[[str], Stage]]:  # noqa: ARG001 - asks for the organization
    """Give a maker of DHIS2s of a version."""
    servers: list[SandboxServer] = []

    def make(version: str) -> Stage:
        servers.append(serve(World(version)))
        return Stage(servers[-1])

    yield make
    for server in servers:
        server.close()
