"""Units read while DHIS2 is busy: at hand when their turn comes, never older than moments, never missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.core.errors import NeedsPerson
from cgr.dhis2 import Basic, Dhis2
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.sync import ahead
from cgr.sync.ahead import ReadAhead

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDS = [f"OuFacility{number}" for number in range(4)]


@pytest.fixture
def world() -> World:
    """A DHIS2 with four units."""
    world = World("2.42")
    units = [{"id": uid, "name": uid, "shortName": uid, "openingDate": "2001-01-01"} for uid in _IDS]
    world.load({"version": "2.42", "metadata": {"organisationUnits": units}})
    return world


@pytest.fixture
def reader(world: World) -> Iterator[ReadAhead]:
    """A reader of that DHIS2."""
    with serve(world) as server, Dhis2(server.url, Basic("admin", "district")) as client, ReadAhead(client) as reader:
        yield reader


def _rename(world: World, uid: str, name: str) -> None:
    unit = {**(world.unit(uid) or {}), "name": name}
    world.load({"metadata": {"organisationUnits": [unit]}})


def _lists(world: World) -> int:
    return world.requests["GET", "/api/organisationUnits"]


def test_what_was_announced_is_at_hand_when_its_turn_comes(reader: ReadAhead, world: World) -> None:
    reader.announce(_IDS[:2])
    reader.begin(writing=1)
    assert set(reader.owners(_IDS[:2])) == set(_IDS[:2])
    assert _lists(world) == 1


def test_only_what_was_not_announced_is_read_when_its_turn_comes(reader: ReadAhead, world: World) -> None:
    reader.announce(_IDS[:2])
    reader.begin(writing=1)
    assert set(reader.owners(_IDS)) == set(_IDS)
    asked = [request.query["filter"][0] for request in world.log]
    assert asked == [f"id:in:[{','.join(_IDS[:2])}]", f"id:in:[{','.join(_IDS[2:])}]"]


def test_what_was_read_too_long_ago_is_read_again(
    reader: ReadAhead, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.announce(_IDS)
    reader.begin(writing=1)
    monkeypatch.setattr(ahead, "FRESH_SECONDS", -1.0)
    while not _lists(world):
        pass
    _rename(world, _IDS[0], "Renamed meanwhile")
    assert reader.owners(_IDS)[_IDS[0]]["name"] == "Renamed meanwhile"


def test_what_was_read_ahead_serves_once(reader: ReadAhead, world: World) -> None:
    reader.announce(_IDS)
    reader.begin(writing=1)
    reader.owners(_IDS)
    _rename(world, _IDS[0], "Renamed since")
    assert reader.owners(_IDS)[_IDS[0]]["name"] == "Renamed since"


def test_a_read_ahead_that_failed_is_repeated_and_only_then_an_error(reader: ReadAhead, world: World) -> None:
    world.faults.add(Fault("status", method="GET", path="/api/organisationUnits", status=403, times=1))
    reader.announce(_IDS)
    reader.begin(writing=1)
    assert set(reader.owners(_IDS)) == set(_IDS)
    world.faults.add(Fault("status", method="GET", path="/api/organisationUnits", status=403, times=0))
    reader.announce(_IDS)
    reader.begin(writing=1)
    with pytest.raises(NeedsPerson):
        reader.owners(_IDS)


def test_a_unit_that_is_gone_is_absent(reader: ReadAhead) -> None:
    reader.announce([*_IDS, "OuNowhere01"])
    reader.begin(writing=1)
    assert set(reader.owners([*_IDS, "OuNowhere01"])) == set(_IDS)


def test_reading_waits_until_the_write_is_expected_to_end_but_no_longer_than_the_write(
    reader: ReadAhead, world: World
) -> None:
    reader.wrote(1, seconds=3600.0)
    reader.announce(_IDS)
    reader.begin(writing=1)
    assert _lists(world) == 0
    assert set(reader.owners(_IDS)) == set(_IDS)
    assert _lists(world) == 1
