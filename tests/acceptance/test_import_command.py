"""`cgr import dhis2` as a script sees it: exit statuses, the JSON of contract.md, words for people."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from .country import ID_OF, PLACES, metadata
from .machine import Machine, make_instance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEVELS = "1=country,2=region,3=district,4=facility"
IMPORT = ("import", "dhis2", "--system", "hmis", "--hierarchy", "admin")


@contextmanager
def machine_in(folder: Path, pattern: Path) -> Iterator[Machine]:
    make_instance(folder / "data", pattern)
    world = World("2.42")
    world.load({"version": "2.42", "metadata": metadata("2.42")})
    server = serve(world)
    machine = Machine(folder, server)
    with machine.running():
        machine.cgr("config", "apply", str(folder / "configuration.yaml"))
        yield machine
    server.close()


@pytest.fixture
def machine(tmp_path: Path, pattern: Path) -> Iterator[Machine]:
    """A machine with the types of the country, and a DHIS2 with its places."""
    with machine_in(tmp_path, pattern) as made:
        yield made


@pytest.fixture(scope="module")
def refusing_machine(tmp_path_factory: pytest.TempPathFactory, pattern: Path) -> Iterator[Machine]:
    """One for all the tests after which nothing is written."""
    with machine_in(tmp_path_factory.mktemp("refusing"), pattern) as made:
        yield made


def words(machine: Machine, *arguments: str) -> str:
    done = machine.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def mapping_file(machine: Machine, text: str) -> str:
    path = machine.folder / "mapping.yaml"
    path.write_text(text)
    return str(path)


def test_an_import_ends_with_0_and_one_with_conflicts_with_1(machine: Machine) -> None:
    preview = machine.cgr(*IMPORT, "--levels", LEVELS, "--preview")
    assert preview["run"] is None
    done = machine.cgr(*IMPORT, "--levels", LEVELS)
    assert set(done) == {"run", "counts", "levels", "changes", "problems", "notes"}
    assert done["counts"] == {"new": len(PLACES), "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0}
    assert done["changes"] == preview["changes"]
    change = next(change for change in done["changes"] if change["uid"] == ID_OF["F1"])
    assert (change["kind"], change["object"]) == ("new", {"type": "facility", "code": "F1"})
    assert change["fields"]["parent"] == {"from": None, "to": "A"}
    machine.world.load(
        {"version": "2.42", "metadata": {"organisationUnits": [_renumbered(machine, "OuFacility2", code="MINE")]}}
    )
    machine.cgr("objects", "apply", machine.objects_file({"type": "facility", "code": "MINE"}))
    problem = machine.cgr(*IMPORT, "--levels", LEVELS, expect=1)["problems"][0]
    assert set(problem) == {"code", "uid", "object", "message", "next_step", "unit", "candidates"}
    assert (problem["code"], problem["uid"]) == ("code-taken", "OuFacility2")


def _renumbered(machine: Machine, uid: str, **fields: str) -> dict[str, object]:
    found = machine.world.unit(uid)
    assert found is not None
    return {**found, **fields}


def test_people_read_counts_per_level(machine: Machine) -> None:
    shown = words(machine, *IMPORT, "--levels", LEVELS)
    assert "+ new 10 " in shown
    assert "level 3, district:" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--levels", LEVELS, "--propose"],
        ["--levels", "1=country;2=region"],
        ["--levels", "1=country,2=facility"],
        ["--levels", LEVELS, "--from", "2021-02-30"],
        ["--levels", LEVELS, "--root", "OuNowhere01"],
        ["--levels", LEVELS, "--mapping", "no/such/file.yaml"],
        ["--levels", LEVELS, "--system", "unknown"],
    ],
)
def test_wrong_input_ends_with_2_and_says_what_to_do(refusing_machine: Machine, arguments: list[str]) -> None:
    error = refusing_machine.cgr(*IMPORT, *arguments, expect=2)["error"]
    assert error["next_step"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fields: {colour: label}", "colour"),
        ("colours: []", "colours"),
        ("attributes: [{from: AtBeds00001, to: beds, terms: {1: PUB}}]", "quotes"),
        ("fields: [", "YAML"),
    ],
)
def test_a_wrong_mapping_file_ends_with_2_and_names_what_is_wrong(
    refusing_machine: Machine, text: str, said: str
) -> None:
    mapping = mapping_file(refusing_machine, text)
    error = refusing_machine.cgr(*IMPORT, "--levels", LEVELS, "--mapping", mapping, expect=2)["error"]
    assert said in json.dumps(error)


def test_a_dhis2_that_refuses_us_ends_with_3(machine: Machine) -> None:
    machine.world.faults.add(Fault("refuse-auth", times=0))
    assert machine.cgr(*IMPORT, "--levels", LEVELS, expect=3)["error"]["code"] == "wrong-credentials"


def test_a_mapping_and_a_proposal_work_from_the_command_line(machine: Machine) -> None:
    mapping = mapping_file(machine, "fields: {code: null}\nattributes: []\n")
    done = machine.cgr("import", "dhis2", "--system", "hmis", "--hierarchy", "new", "--propose", "--mapping", mapping)
    assert done["counts"]["new"] == len(PLACES)
    assert {change["object"]["code"] for change in done["changes"]} == set(ID_OF.values())


def test_a_conflict_is_answered_and_a_suggestion_accepted_on_the_command_line(machine: Machine) -> None:
    place = PLACES[-1]
    lines = [{"type": place[0], "code": place[1], "label": "Somewhere else"}]
    machine.cgr("objects", "apply", objects_file(machine, lines))
    run = machine.cgr(*IMPORT, "--levels", LEVELS, expect=1)["run"]
    (row,) = machine.cgr("import", "suggestions", run)["suggestions"]
    uid = row["uid"]
    assert (row["candidates"][0]["object"]["code"], row["candidates"][0]["same_code"]) == (place[1], True)
    assert "same code" in row["candidates"][0]["reasons"]
    assert machine.cgr("import", "suggestions", run, "--above", "0.99", "--preview")["would_accept"] == []
    assert machine.cgr("import", "suggestions", run, "--accept", expect=2)["error"]["code"] == "usage"
    wrong = machine.cgr("import", "resolve", run, "--item", uid, "--as", "perhaps", expect=2)
    assert wrong["error"]["code"] == "import-answer"
    unknown = machine.cgr("import", "resolve", run, "--item", "OuNowhere01", "--as", "skip", expect=2)
    assert unknown["error"]["code"] == "import-item-unknown"
    answered = machine.cgr("import", "resolve", run, "--item", uid, "--as", f"existing:{place[1]}")
    assert (answered["run"], answered["item"], answered["as"]) == (run, uid, f"existing:{place[1]}")
    assert answered["by"].startswith("cli:")
    assert machine.cgr("import", "resume", run)["state"] == "queued"
    again = machine.cgr(*IMPORT, "--levels", LEVELS)
    assert (again["counts"]["new"], again["counts"]["conflict"]) == (0, 0)


def objects_file(machine: Machine, lines: list[dict[str, str]]) -> str:
    path = machine.folder / "objects.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)
