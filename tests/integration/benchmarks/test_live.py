"""The benchmark on a real server: it makes units that nobody can take back, so it has to be asked for twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cgr.sandbox.server import serve
from cgr.sandbox.world import World

if TYPE_CHECKING:
    from types import ModuleType

_BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
_ROOT = {"id": "OuCountry01", "name": "Country", "shortName": "Country", "openingDate": "2001-01-01"}


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module; benchmarks are no package."""
    monkeypatch.syspath_prepend(_BENCHMARKS)
    import live  # noqa: PLC0415 - found only now

    return live


def test_nothing_is_made_without_a_yes_and_the_password_is_never_shown():
    world = World("2.42")
    world.load({"version": "2.42", "metadata": {"organisationUnits": [_ROOT]}})
    with serve(world) as server:
        address = server.url.replace("http://", "http://admin:district@")
        done = subprocess.run(
            [sys.executable, str(_BENCHMARKS / "run.py"), "--live"],
            env={**os.environ, "DHIS2": address, "YES": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "YES=1" in done.stdout
    assert "district" not in done.stdout + done.stderr
    assert set(world.units()) == {"OuCountry01"}
    assert {method for method, _ in world.requests} == {"GET"}


@pytest.mark.parametrize(
    ("host", "name", "expected"),
    [
        ("127.0.0.1", "National HMIS", True),
        ("localhost", "", True),
        ("dhis2-test.example.org", "", True),
        ("dhis2.example.org", "HMIS training", True),
        ("dhis2.example.org", "National HMIS", False),
        ("hmis.example.org", "Development partners", False),
        ("10.0.0.7", "", False),
    ],
)
def test_only_a_server_that_says_so_is_taken_for_a_test(live, host, name, expected):
    assert live.looks_like_a_test(host, name) is expected
