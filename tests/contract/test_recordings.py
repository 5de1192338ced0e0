"""The sandbox answers as real DHIS2 servers did, 2.31 to 2.43, but for the listed differences."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.recordings.recording import load
from cgr.sandbox.recordings.replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDINGS = Path(__file__).parents[3] / "shared" / "dhis2" / "recordings"
DIFFERENCES = Path(__file__).with_name("differences.toml")


def recorded() -> Iterator[Any]:
    if not RECORDINGS.is_dir():
        yield pytest.param(None, id="recordings", marks=pytest.mark.skip(reason="../shared isn't beside the project"))
    for path in sorted(RECORDINGS.glob("*/*.json")):
        yield pytest.param(path, id=f"{path.parent.name}/{path.stem}")


def listed(version: str, scenario: str) -> dict[str, str]:
    """Give the exchanges that may differ, with the reason."""
    entries = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8")).get("difference", [])
    return {
        str(exchange): entry["reason"]
        for entry in entries
        if entry["scenario"] == scenario and version in entry.get("versions", [version])
        for exchange in entry["exchanges"]
    }


@pytest.mark.parametrize("path", list(recorded()))
def test_the_sandbox_answers_as_the_recorded_server_did(path: Path, record_property: Any) -> None:
    outcomes = replay(load(path))
    differing = {name: differences for name, differences in outcomes.items() if differences}
    record_property("exchanges", len(outcomes))
    record_property("matching", len(outcomes) - len(differing))
    known = listed(path.parent.name, path.stem)
    told = [f"[{name}] {line}" for name, lines in differing.items() if name not in known for line in lines]
    told += [f"[{name}] is listed in differences.toml but doesn't differ" for name in known if name not in differing]
    assert not told, "\n".join(told)


def test_every_listed_difference_names_a_scenario_that_exists_and_a_reason() -> None:
    scenarios = {path.stem for path in RECORDINGS.glob("*/*.json")}
    if not scenarios:
        pytest.skip("../shared isn't beside the project")
    entries = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8")).get("difference", [])
    assert [entry for entry in entries if entry["scenario"] not in scenarios or len(entry["reason"]) < 20] == []
