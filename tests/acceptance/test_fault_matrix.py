"""Workers that die, freeze or lose their database at every step of a run: the end is that of an undisturbed run.

Each row of the matrix is one DHIS2 with one run, disturbed once at one moment; all rows go on at the same time, done by
the same few worker processes, which are killed, stopped and cut off for real. Nobody resumes anything by hand.
docs/explanation/crash-safety.md says what protects each row.
"""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from msgspec import Struct

from cgr.project.environment import DATABASE
from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve

from .country import outcomes
from .fleet import Fleet, wait_until
from .machine import Machine, make_instance
from .mappable import OWNER, definitions_with
from .test_wrong_answers import ANSWERS
from .thorough import CHANGED, EDITS, GROUPS, MAPPING, REFUSED, country_in, seen_from_outside, troubled_world, what

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.http import Request
    from cgr.sandbox.server import SandboxServer
    from cgr.sandbox.world import World

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "crash-safety.md"
WORKERS = 4
LONGEST_S = 500


class Moment(Struct, frozen=True):
    """When a run is disturbed: at the `nth` request of a kind, before DHIS2 handles it or before its reply is sent.

    `lock`: not there yet, but when the worker next waits for this lock, which is taken at that request; the run is its
    one parameter.
    """

    request: str
    after: bool = False
    nth: int = 1
    lock: str = ""


ITEMS = "SELECT FROM runs_runitem WHERE run_id = %s AND "
MOMENTS = {
    "while both sides are read": Moment("read"),
    "while DHIS2 validates": Moment("validate", after=True),
    "while the plan is stored": Moment(
        "validate",
        after=True,
        lock="INSERT INTO runs_runitem (run_id, category, position, body, type, code, uid, level, kinds, unit_written,"
        " outcome) VALUES (%s, 'change', 3, '{}', '', '', '', 0, '{}', false, '')",
    ),
    "while ids are reserved": Moment(
        "validate",
        after=True,
        lock="INSERT INTO registry_externalid (system_id, object_id, type_id, value, state) SELECT run.system_id,"
        " object.id, object.type_id, 'another', 'reserved' FROM runs_run AS run, registry_geoobject AS object"
        " WHERE run.id = %s AND object.code = 'X1'",
    ),
    "between claim and first request": Moment("owners", nth=2),
    "before units are sent": Moment("owners", nth=2, after=True),
    "sent, before DHIS2 commits": Moment("commit"),
    "committed, before the reply": Moment("commit", after=True),
    "while outcomes are stored": Moment("commit", after=True, lock=ITEMS + "kinds @> '{create}' FOR UPDATE"),
    "between two batches": Moment("commit", after=True, lock=ITEMS + "NOT kinds @> '{create}' FOR UPDATE"),
    "a new child sent, before DHIS2 commits": Moment("commit", nth=3),
    "inside a batch, after a refusal": Moment("commit", nth=4, after=True),
    "inside a batch, sent again": Moment("commit", nth=5),
    "a move sent, before DHIS2 commits": Moment("commit", nth=2),
    "a move committed, before the reply": Moment("commit", nth=2, after=True),
    "while members are read": Moment("members", nth=4, after=True),
    "members sent, before DHIS2 commits": Moment("group", nth=2),
    "members added, before the reply": Moment("group", nth=2, after=True),
    "while outcomes of groups are stored": Moment("group", nth=3, after=True, lock=ITEMS + "true FOR UPDATE"),
    "while moved units' descendants are read": Moment("read", nth=2),
    "paths about to be rebuilt": Moment("paths"),
    "paths rebuilt, before the reply": Moment("paths", after=True),
    "while the end is written": Moment("paths", after=True, lock="SELECT FROM runs_run WHERE id = %s FOR UPDATE"),
}
STOPPED = [
    "while both sides are read",
    "before units are sent",
    "sent, before DHIS2 commits",
    "committed, before the reply",
    "while members are read",
    "while moved units' descendants are read",
]
KILLED, CUT, FROZEN, LATE = "killed", "cut off from the database", "frozen", "killed, and DHIS2 commits late"
ROWS = [
    *((FROZEN, moment) for moment in STOPPED),
    (LATE, "sent, before DHIS2 commits"),
    (LATE, "a move sent, before DHIS2 commits"),
    *((KILLED, moment) for moment in MOMENTS),
    *((CUT, moment) for moment in MOMENTS),
]
UNDISTURBED = "undisturbed"


class Disturbed:
    """One row: a DHIS2 of its own, the run for it, and what happens to the worker at the moment."""

    def __init__(self, number: int, fault: str, moment: str) -> None:
        self.system = f"s{number}"
        self.fault = fault
        self.world = troubled_world()
        self.server: SandboxServer = serve(self.world)
        self.run = 0
        self.struck = threading.Event()
        self.went_on = threading.Event()
        self.seen: dict[str, Any] = {}
        self.report: dict[str, Any] = {}
        self.plan: dict[str, Any] = {}
        self._moment = MOMENTS.get(moment)
        self._requests = 0
        self._fleet: Fleet | None = None

    def arm(self, run: int, fleet: Fleet) -> None:
        """Have the run disturbed, once."""
        self.run, self._fleet = run, fleet
        if self._moment is not None:
            kind = "call-after" if self._moment.after else "call"
            self.world.faults.add(Fault(kind, times=0, call=self._look))

    def _look(self, _world: World, request: Request) -> None:
        moment, fleet = self._moment, self._fleet
        assert moment is not None
        assert fleet is not None
        if self.struck.is_set():
            self.went_on.set()
            return
        if what(request) != moment.request:
            return
        self._requests += 1
        if self._requests != moment.nth:
            return
        if moment.lock:
            fleet.when_blocked(self.run, moment.lock, [self.run], self._strike)
        else:
            self._strike(self.run)

    def _strike(self, run: int) -> None:
        assert self._fleet is not None
        strike: Callable[[int], None] = {
            KILLED: self._fleet.kill,
            LATE: self._fleet.kill,
            CUT: self._fleet.cut,
            FROZEN: self._fleet.stop,
        }[self.fault]
        strike(run)
        self.struck.set()
        if self.fault == LATE:  # the next worker has read the units, and sends while this is still under way
            self.went_on.wait(LONGEST_S)
            time.sleep(0.5)


def configure(machine: Machine, rows: list[Disturbed]) -> None:
    document = yaml.safe_load((machine.folder / "configuration.yaml").read_text())
    (system,), (sync,) = document["systems"], document["syncs"]
    machine.apply_configuration(
        **definitions_with(OWNER),
        systems=[{**system, "code": row.system, "url": row.server.url} for row in rows],
        syncs=[{**sync, "code": row.system, "system": row.system, "levels": MAPPING} for row in rows],
    )
    machine.cgr("objects", "apply", machine.objects_file(*country_in(row.system for row in rows)))
    machine.cgr("objects", "apply", machine.objects_file(*EDITS))


def _run_all(fleet: Fleet, rows: list[Disturbed]) -> None:
    runs = fleet.ask("queue", *(row.system for row in rows))
    for row, run in zip(rows, runs, strict=True):
        row.arm(run, fleet)
    with fleet:
        ends = {"success", "warning", "failure", "cancelled", "new"}
        wait_until(lambda: all(fleet.states()[row.run] in ends for row in rows), LONGEST_S)
        for row in rows:
            row.seen = seen_from_outside(row.world)
        writes = [_writes(row.world) for row in rows]
        fleet.wake()
        time.sleep(3)
        assert [_writes(row.world) for row in rows] == writes
    for row, report in zip(rows, fleet.ask("report", *map(str, runs)), strict=True):
        row.report = report
    for row, plan in zip(rows, fleet.ask("plan", *(row.system for row in rows)), strict=True):
        row.plan = plan


def _writes(world: World) -> int:
    return sum(what(request) in {"commit", "group", "paths"} for request in world.log)


@pytest.mark.long
def test_every_disturbed_run_ends_as_an_undisturbed_one(tmp_path: Path, pattern: Path) -> None:
    # One test, because all rows go on at the same time; it names those that ended otherwise.
    rows = {row: Disturbed(number, *row) for number, row in enumerate([(UNDISTURBED, ""), *ROWS])}
    undisturbed = rows[UNDISTURBED, ""]
    make_instance(tmp_path / "data", pattern)
    machine = Machine(tmp_path, undisturbed.server)
    with machine.running() as cluster:
        configure(machine, list(rows.values()))
        _run_all(Fleet(machine, cluster.url(DATABASE), size=WORKERS), list(rows.values()))
    for row in rows.values():
        row.server.close()
    _require_everything_done(undisturbed)
    wrong = {row: [*differences(rows[row], undisturbed)] for row in ROWS}
    assert {row: found for row, found in wrong.items() if found} == {}


def _require_everything_done(row: Disturbed) -> None:
    assert row.report["state"] == "warning"
    assert outcomes(row.report) == {code: "failed" if code == REFUSED else "done" for code in CHANGED}
    assert all(row.seen["groups"][group] for group in GROUPS)
    (moved,) = row.seen["units"]["F1"]
    assert moved["path"] == ["C", "S", "A", "F1"]
    assert row.world.requests["POST", "/api/maintenance"] == 1


def differences(row: Disturbed, undisturbed: Disturbed) -> Iterator[str]:
    """Say what of a row isn't as it has to be."""
    if not row.struck.is_set():
        yield "nothing happened to it"
    for name, content in undisturbed.seen.items():
        yield from (f"{name}: {one}" for one in content if row.seen[name].get(one) != content[one])
        yield from (f"{name}: {one} too many" for one in row.seen[name] if one not in content)
    if seen_from_outside(row.world) != row.seen:
        yield "what woke up later has changed something"
    if outcomes(row.report) != outcomes(undisturbed.report) or row.report["state"] != undisturbed.report["state"]:
        yield f"{row.report['state']}: {outcomes(row.report)}"
    if [change["object"]["code"] for change in row.plan["changes"]] != [REFUSED] or row.plan["problems"]:
        yield f"planned again: {row.plan['changes']}, {row.plan['problems']}"
    yield from map(repr, row.world.defects)


@pytest.mark.parametrize(
    ("head", "rows"),
    [("what happens", {KILLED, CUT, FROZEN, LATE}), ("moment", set(MOMENTS)), ("answer", set(ANSWERS))],
)
def test_the_page_on_crash_safety_tells_what_protects_each_row(head: str, rows: set[str]) -> None:
    _, _, after = PAGE.read_text().partition(f"\n| {head} | ")
    table, _, _ = after.partition("\n\n")
    assert set(re.findall(r"^\| ([^|-][^|]*?) \|", table, re.MULTILINE)) == rows
