"""Starting from a file, keeping the state in one, and the command line around both."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import signal
import subprocess
import sys

import pytest

from cgr.sandbox.commands import open_world
from cgr.sandbox.state import UnreadableFileError
from cgr.sandbox.world import World

METADATA = {
    "version": "2.40",
    "metadata": {
        "organisationUnits": [
            {"id": "NorthClinic", "name": "Clinic", "shortName": "Clinic", "openingDate": "2001-02-03",
             "parent": {"id": "CountryRoot"}, "geometry": {"type": "Point", "coordinates": [-10.5, 6.25]},
             "attributeValues": [{"attribute": {"id": "AttributeAA"}, "value": "x"}]},
            {"id": "CountryRoot", "name": "Country", "shortName": "Country", "openingDate": "2001-02-03"},
        ],
        "organisationUnitGroups": [
            {"id": "FacilityGrp", "name": "G", "shortName": "G", "organisationUnits": [{"id": "NorthClinic"}]}
        ],
        "attributes": [
            {"id": "AttributeAA", "name": "A", "valueType": "TEXT", "organisationUnitAttribute": True, "unique": True}
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_is_loaded_as_it_stands(tmp_path, packed):
    content = json.dumps(METADATA).encode()
    path = tmp_path / "country.json"
    path.write_bytes(gzip.compress(content) if packed else content)
    world = open_world(None, path, None)
    assert world.release == "2.40.12"
    clinic = world.unit("NorthClinic")
    assert clinic["path"] == "/CountryRoot/NorthClinic"
    assert clinic["geometry"] == {"type": "Point", "coordinates": [-10.5, 6.25]}
    assert clinic["attributeValues"] == [{"attribute": {"id": "AttributeAA"}, "value": "x"}]
    assert world.group_members("FacilityGrp") == {"NorthClinic"}


def test_a_dumped_world_loads_as_the_same_world(tmp_path, country, make_unit, hire):
    dhis2 = country("2.42")
    hire(dhis2, "ann", "F_ORGANISATIONUNIT_ADD", units=("DistrictNth",))
    dhis2.send(make_unit("NorthClinic", "CountryRoot"))  # leaves a stale path below it
    dhis2("DELETE", "organisationUnits/SouthHospit")
    dhis2("POST", "dataStore/cgr/note", {"kept": True})
    dhis2.world.dump(tmp_path / "state.json")
    again = World("2.42")
    again.load(tmp_path / "state.json")
    assert again.units() == dhis2.world.units()
    assert again.unit("ClinicAnnex")["level"] == 4
    assert again.objects == dhis2.world.objects
    assert again.deleted == dhis2.world.deleted
    assert again.system_id == dhis2.world.system_id


def test_what_nobody_asked_for_since_survives_another_dump(tmp_path, country):
    first = country("2.42")
    first("POST", "dataStore/cgr/note", {"kept": True})
    first.world.dump(tmp_path / "first.json")
    middle = World("2.42")
    middle.load(tmp_path / "first.json")
    middle.dump(tmp_path / "second.json")
    last = type(first)(World("2.42"))
    last.world.load(tmp_path / "second.json")
    assert last.get("dataStore/cgr/note") == {"kept": True}


def test_a_dump_leaves_no_half_written_file(tmp_path, country):
    path = tmp_path / "state.json"
    path.write_text("old")
    country("2.42").world.dump(path)
    assert json.loads(path.read_text())["version"] == "2.42.5.2"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\x1f\x8bnot really packed",
        b'{"organisationUnits": 5}',
        b'{"organisationUnits": [{"name": "No id"}]}',
        b'{"organisationUnits": [{"id": "OuCountry01", "parent": {}}]}',
        b'{"organisationUnitGroups": ["GrPublic001"]}',
    ],
)
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / "country.json"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=r"country\.json"):
        open_world(None, path, None)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UnreadableFileError, match=r"nowhere\.json"):
        open_world(None, tmp_path / "nowhere.json", None)


def test_the_command_line_serves_and_keeps_its_state_over_a_restart(tmp_path):
    source, state = tmp_path / "country.json", tmp_path / "state.json"
    source.write_text(json.dumps(METADATA))
    unit = {"id": "SouthClinic", "name": "South", "shortName": "South", "openingDate": "2001-02-03"}
    process, url = _start(source, state)
    assert _ask(url, "POST", "/api/metadata", {"organisationUnits": [unit]})["stats"]["created"] == 1
    assert _end(process) == 0
    process, url = _start(source, state)
    assert _ask(url, "GET", "/api/organisationUnits/SouthClinic?fields=name") == {"name": "South"}
    assert _end(process) == 0


def test_the_command_line_says_what_it_cannot_read(tmp_path):
    command = [sys.executable, "-m", "cgr.sandbox", "--port", "0", "--load", str(tmp_path / "nowhere.json")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert ended.returncode == 2
    assert "nowhere.json" in ended.stderr


def _start(source, state):
    command = [sys.executable, "-m", "cgr.sandbox", "--port", "0", "--load", str(source), "--state", str(state)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert "2.40.12" in line
    return process, line.split(" at ")[1].split()[0]


def _ask(url, method, path, body=None):
    headers = {"Authorization": "Basic YWRtaW46ZGlzdHJpY3Q=", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    shown = json.loads(connection.getresponse().read())
    connection.close()
    return shown.get("response", shown)


def _end(process):
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    return process.wait(timeout=60)
