"""The sandbox from the command line, and the connection to a DHIS2 tried on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.server import serve
from cgr.sandbox.world import World
from cgr.systems.models import ExternalSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cgr.sandbox.server import SandboxServer

    Run = Callable[..., tuple[int, str, str]]

COUNTRY, DISTRICT, CLINIC = "ImspTQPwCqd", "O6uvpzGd5pu", "DiszpKrYNg8"
METADATA: dict[str, Any] = {
    "organisationUnitLevels": [
        {"id": "H1KlN4QIauv", "level": 1, "name": "National"},
        {"id": "wjP19dkFeIk", "level": 2, "name": "District"},
        {"id": "tTUf91fCytl", "level": 3, "name": "Facility"},
    ],
    "options": [
        {"id": "Y1ILwhy5VDY", "code": "1", "name": "Public"},
        {"id": "egT1YqFWsVk", "code": "2", "name": "Private"},
    ],
    "optionSets": [
        {"id": "uQtNhy0Ad4f", "name": "Owner", "options": [{"id": "Y1ILwhy5VDY"}, {"id": "egT1YqFWsVk"}]},
    ],
    "attributes": [
        {"id": "n2xYlNbsfko", "name": "Beds", "valueType": "INTEGER", "organisationUnitAttribute": True},
        {
            "id": "l1VmqIHKk6t",
            "name": "Owner",
            "valueType": "TEXT",
            "organisationUnitAttribute": True,
            "optionSet": {"id": "uQtNhy0Ad4f"},
        },
    ],
    "organisationUnits": [
        {"id": COUNTRY, "name": "Sierra Leone", "shortName": "Sierra Leone", "openingDate": "1994-01-01"},
        {
            "id": DISTRICT,
            "name": "Bo",
            "shortName": "Bo",
            "code": "D7",
            "openingDate": "1990-02-01",
            "parent": {"id": COUNTRY},
        },
        {
            "id": CLINIC,
            "name": "Badjia Clinic",
            "shortName": "Badjia",
            "openingDate": "1970-01-01",
            "parent": {"id": DISTRICT},
            "comment": "kept",
            "geometry": {"type": "Point", "coordinates": [-11.7, 7.9]},
            "attributeValues": [{"attribute": {"id": "n2xYlNbsfko"}, "value": "12"}],
        },
    ],
    "organisationUnitGroups": [{"id": "oRVt7g429ZO", "name": "Public", "organisationUnits": [{"id": CLINIC}]}],
}


@pytest.fixture(params=["2.31", "2.38", "2.42"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxServer]:
    world = World(request.param)
    world.load({"metadata": _as_stored_by(request.param)})
    with serve(world) as server:
        yield server


@pytest.fixture
def hmis(cgr: Run, sandbox: SandboxServer, db: None) -> str:  # noqa: ARG001 - asks for the database
    """Register the sandbox as a system and give its code."""
    cgr("config", "apply", "-", stdin="version: 1\norganizations: [{code: MOH, label: Health}]")
    status, _, err = cgr(
        *("system", "add", "hmis", "--organization", "MOH", "--url", sandbox.url, "--username", "admin"),
        "--password-stdin",
        stdin="district",
    )
    assert (status, err) == (0, "")
    return "hmis"


def test_checking_a_system_tells_what_is_there_and_keeps_the_version(
    cgr: Run, hmis: str, sandbox: SandboxServer
) -> None:
    status, out, err = cgr("system", "check", hmis, "--json")

    assert (status, err) == (0, "")
    found = json.loads(out)
    assert set(found) >= {"version", "user", "missing_authorities", "levels", "units", "clock_skew_s", "warnings"}
    assert (found["version"], found["user"], found["units"]) == (sandbox.world.release, "admin", 3)
    assert found["levels"] == [
        {"level": 1, "name": "National"},
        {"level": 2, "name": "District"},
        {"level": 3, "name": "Facility"},
    ]
    row = ExternalSystem.objects.get()
    assert row.version == sandbox.world.release
    assert row.checked_at is not None


def test_a_wrong_password_exits_with_3_and_is_not_repeated(cgr: Run, hmis: str, sandbox: SandboxServer) -> None:
    cgr(
        *("system", "add", hmis, "--organization", "MOH", "--url", sandbox.url, "--username", "admin"),
        "--password-stdin",
        stdin="not-district",
    )
    status, out, _ = cgr("system", "check", hmis, "--json")
    assert status == 3
    assert "not-district" not in out
    assert ExternalSystem.objects.get().checked_at is None


def test_a_copy_of_a_server_behaves_like_it(cgr: Run, hmis: str, sandbox: SandboxServer, tmp_path: Path) -> None:
    file = tmp_path / "copy.json"

    status, out, err = cgr("sandbox", "copy", "--system", hmis, "-o", str(file), "--json")

    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "file": str(file),
        "version": sandbox.world.release,
        "units": 3,
        "groups": 1,
        "attributes": 2,
        "levels": 3,
    }
    copied = World(sandbox.world.release)
    copied.load(file)
    assert _without_people(copied) == _without_people(sandbox.world)
    assert "admin" not in file.read_text()
    assert copied.group_members("oRVt7g429ZO") == {CLINIC}
    with serve(copied) as second:
        for path in (
            "attributes?fields=id,name,valueType,organisationUnitAttribute,optionSet[id,options[id,code,name]]&order=id",
            "organisationUnitLevels?fields=level,name&order=level",
        ):
            assert _get(second, path) == _get(sandbox, path)


def test_a_copy_that_breaks_off_leaves_the_former_file(
    cgr: Run, hmis: str, sandbox: SandboxServer, tmp_path: Path
) -> None:
    file = tmp_path / "copy.json"
    file.write_text("former")
    sandbox.close()

    status, out, _ = cgr("sandbox", "copy", "--system", hmis, "-o", str(file), "--json")

    assert status == 3
    assert json.loads(out)["error"]["next_step"]
    assert file.read_text() == "former"
    assert list(tmp_path.iterdir()) == [file]


def test_it_serves_until_it_is_told_to_stop_and_keeps_its_state(tmp_path: Path) -> None:
    load, state = tmp_path / "load.json", tmp_path / "state.json"
    load.write_text(json.dumps({"metadata": METADATA}))
    command = [sys.executable, "-c", "from cgr.cli.main import main; main()", "sandbox", "serve", "--port", "0"]
    command += ["--version", "2.40", "--load", str(load), "--state", str(state), "--json"]
    with subprocess.Popen(
        command, env={**os.environ, "CGR_DATA_DIR": str(tmp_path / "data")}, stdout=subprocess.PIPE, text=True
    ) as served:
        assert served.stdout is not None
        told = json.loads(served.stdout.readline())
        with urllib.request.urlopen(_request(told["url"], "organisationUnits.json?paging=false")) as answer:  # noqa: S310 - the sandbox's own address
            assert len(json.load(answer)["organisationUnits"]) == 3
        served.send_signal(signal.SIGTERM)
        assert served.wait(timeout=120) == 128 + signal.SIGTERM

    assert told["version"].startswith("2.40")
    again = World(told["version"])
    again.load(state)
    assert set(again.units()) == {COUNTRY, DISTRICT, CLINIC}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "arguments", [("--version", "2.99"), ("--version", "new"), ("--load", "/nonexistent.json"), ("--load", "/dev/null")]
)
def test_what_it_cannot_serve_exits_with_2(cgr: Run, arguments: tuple[str, ...]) -> None:
    status, out, _ = cgr("sandbox", "serve", "--port", "0", "--json", *arguments)
    assert status == 2
    assert json.loads(out)["error"]["code"] == "sandbox"


def test_a_port_that_is_taken_exits_with_2(cgr: Run) -> None:
    with serve(World("2.42")) as server:
        status, out, _ = cgr("sandbox", "serve", "--port", str(server.port), "--json")
    assert status == 2
    assert json.loads(out)["error"]["code"] == "address"


def _as_stored_by(version: str) -> dict[str, Any]:
    units = METADATA["organisationUnits"]
    if version == "2.31":  # it has no geometry property yet
        units = [{**unit, "featureType": "NONE"} for unit in units[:-1]] + [
            {**units[-1], "geometry": None, "featureType": "POINT", "coordinates": "[-11.7,7.9]"}
        ]
    return {**METADATA, "organisationUnits": units}


def _without_people(world: World) -> dict[str, Any]:
    people = {"user", "createdBy", "lastUpdatedBy"}
    return {
        uid: {key: value for key, value in unit.items() if key not in people} for uid, unit in world.units().items()
    }


def _request(url: str, path: str) -> urllib.request.Request:
    return urllib.request.Request(f"{url}/api/{path}", headers={"Authorization": "Basic YWRtaW46ZGlzdHJpY3Q="})  # noqa: S310 - as above


def _get(server: SandboxServer, path: str) -> Any:
    with urllib.request.urlopen(_request(server.url, path)) as answer:  # noqa: S310 - as above
        return {name: rows for name, rows in json.load(answer).items() if name != "pager"}
