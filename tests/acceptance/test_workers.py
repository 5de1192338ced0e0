"""Workers: runs outlive whoever started them and each process that does them; no DHIS2 has two writers at once."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cgr.sandbox.faults import Fault
from cgr.sandbox.server import serve
from cgr.sandbox.world import World

from ..ports import free_port  # noqa: TID252 - tests are no installed package
from .country import ID_OF, PLACES, district, metadata
from .machine import DEADLINE, new_facilities
from .thorough import country_in, what

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .forking import Process
    from .machine import Machine

LONGEST_S = 300
ENDED = {"success", "warning", "failure", "cancelled", "new"}


@contextmanager
def working(machine: Machine) -> Iterator[Process]:
    """Have one more worker for as long as the block runs, unless it is ended before."""
    worker = machine.start("worker")
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def wait_until(condition: Callable[[], Any], seconds: float = LONGEST_S) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def state_of(machine: Machine, run: str) -> str:
    found = {row["id"]: row["state"] for row in machine.cgr("sync", "runs")["runs"]}
    return found[run]


def ended(machine: Machine, run: str) -> dict[str, Any]:
    wait_until(lambda: machine.states()[run] in ENDED)
    return machine.report(run)


def codes(machine: Machine) -> list[str]:
    return sorted(unit["code"] for unit in machine.world.units().values())


def expected(count: int) -> list[str]:
    return sorted([*(place[1] for place in PLACES), *(line["code"] for line in new_facilities(count))])


def queue_new_facilities(machine: Machine, count: int) -> str:
    machine.cgr("objects", "apply", machine.objects_file(*new_facilities(count)))
    queued = machine.cgr("sync", "run", "all", "--background", "--consent", "changed_share", "--why", "test")
    assert queued["state"] == "queued"
    run: str = queued["id"]
    return run


def test_a_worker_does_what_was_handed_to_the_background(machine: Machine) -> None:
    run = queue_new_facilities(machine, 30)
    assert codes(machine) == expected(0)
    with working(machine) as worker:
        report = ended(machine, run)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DEADLINE) == 0
    assert (report["state"], {change["outcome"] for change in report["changes"]}) == ("success", {"done"})
    assert report["progress"]["requests"] > 0
    assert report["progress"]["steps_done"]
    assert codes(machine) == expected(30)


def test_following_a_run_ends_as_doing_it_would(machine: Machine) -> None:
    machine.cgr("objects", "apply", machine.objects_file(*new_facilities(3)))
    with working(machine):
        plan = machine.cgr("sync", "plan", "all", "--follow")
        assert plan["counts"]["create"] == 3
        report = machine.cgr("sync", "apply", plan["id"], "--digest", plan["digest"], "--follow", "--yes")
        assert (report["state"], len(report["changes"])) == ("success", 3)
        machine.world.faults.add(Fault("refuse-auth", times=0))
        assert machine.cgr("sync", "plan", "all", "--follow", expect=3)["error"]["code"] == "wrong-credentials"
    assert codes(machine) == expected(3)


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP], ids=lambda end: end.name)
def test_a_run_is_finished_by_another_worker_and_written_by_one_only(machine: Machine, end: signal.Signals) -> None:
    run = queue_new_facilities(machine, 30)
    let_go = threading.Event()
    held = machine.world.faults.add(
        Fault("call", method="POST", path="/api/metadata", after=1, call=lambda *_: let_go.wait(DEADLINE) and None)
    )
    with working(machine) as first:
        wait_until(lambda: held.done)
        first.send_signal(end)
        if end == signal.SIGSTOP:
            first.wait_until_stopped(DEADLINE)
        let_go.set()
        with working(machine) as second:
            report = ended(machine, run)
            if end == signal.SIGSTOP:
                first.send_signal(signal.SIGCONT)  # it wakes up, and must not write over what the second one did
                time.sleep(3)
                assert machine.report(run) == report
            second.send_signal(signal.SIGTERM)
            assert second.wait(DEADLINE) == 0
    assert {change["outcome"] for change in report["changes"]} == {"done"}
    assert codes(machine) == expected(30)
    assert machine.cgr("sync", "plan", "all")["changes"] == []


def test_a_queued_run_says_behind_whom_it_waits_and_can_be_cancelled(machine: Machine) -> None:
    first = queue_new_facilities(machine, 3)
    second = machine.cgr("sync", "run", "all", "--background")
    assert second["behind"] == first
    machine.cgr("sync", "cancel", second["id"])
    with working(machine):
        assert ended(machine, first)["state"] == "success"
    assert state_of(machine, second["id"]) == "cancelled"


def test_a_worker_waits_for_a_run_in_the_foreground(machine: Machine) -> None:
    machine.cgr("objects", "apply", machine.objects_file(*new_facilities(3)))
    plan = machine.cgr("sync", "plan", "all")
    go_on = threading.Event()
    held = machine.world.faults.add(
        Fault("call", method="POST", path="/api/metadata", call=lambda *_: go_on.wait(DEADLINE) and None)
    )
    foreground = machine.start("sync", "apply", plan["id"], "--digest", plan["digest"], "--yes")
    try:
        wait_until(lambda: held.done)
        with working(machine):
            queued = machine.cgr("sync", "run", "all", "--background")
            assert queued["behind"] == plan["id"]
            go_on.set()
            report = ended(machine, queued["id"])
    finally:
        go_on.set()
        status = foreground.wait(DEADLINE)
    assert status == 0
    assert (report["state"], report["changes"]) == ("success", [])
    assert codes(machine) == expected(3)


def test_a_guard_leaves_a_plan_to_be_reviewed(machine: Machine) -> None:
    renamed = [{"type": kind, "code": code, "label": {"default": f"{code} renamed"}} for kind, code, *_ in PLACES]
    machine.cgr("objects", "apply", machine.objects_file(*renamed))
    machine.change_limits(changed_share=0.1, min_units=1)
    with working(machine):
        queued = machine.cgr("sync", "run", "all", "--background")
        plan = ended(machine, queued["id"])
        assert (plan["state"], plan["error"]["code"]) == ("new", "changed_share")
        report = machine.cgr(
            "sync", "apply", plan["id"], "--digest", plan["digest"], "--consent", "changed_share", "--why", "renamed",
            "--follow", "--yes",
        )  # fmt: skip
    assert report["state"] == "success"
    assert report["error"] is None


def test_an_import_in_the_background_survives_its_worker(machine: Machine) -> None:
    machine.apply_configuration(
        types=[{"code": "area", "organization": "MOH", "label": "Area", "geometry": "mixed"}],
        hierarchies=[{"code": "copy", "organization": "MOH", "label": "Copy", "tree": {"area": {}}}],
        syncs=[],
    )
    let_go = threading.Event()
    held = machine.world.faults.add(
        Fault("call", method="GET", path="/api/organisationUnits", call=lambda *_: let_go.wait(DEADLINE) and None)
    )
    queued = machine.cgr(
        "import", "dhis2", "--system", "hmis", "--hierarchy", "copy", "--levels", "1=area", "--background"
    )
    with working(machine) as first:
        wait_until(lambda: held.done)
        first.kill()
        let_go.set()
        with working(machine):
            wait_until(lambda: machine.states()[queued["run"]] in ENDED)
    assert state_of(machine, queued["run"]) == "warning"
    (problem,) = machine.cgr("import", "report", queued["run"], expect=1)["problems"]
    assert problem["uid"] == ID_OF["C"]  # the unit belongs to the country already


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
def test_the_server_of_the_embedded_database_does_what_is_queued_and_takes_its_worker_along(
    machine: Machine, end: signal.Signals
) -> None:
    run = queue_new_facilities(machine, 3)
    server = machine.start("serve", "--port", str(free_port()))
    try:
        assert ended(machine, run)["state"] == "success"
        assert machine.sessions_of_workers() > 0
    finally:
        server.send_signal(end)
        server.wait(DEADLINE)
    wait_until(lambda: machine.sessions_of_workers() == 0)


def stored_at(world: World) -> list[tuple[datetime, datetime]]:
    """Have every import take a while; gives a list that is filled with begin and end of each one that stores."""
    spans: list[tuple[datetime, datetime]] = []
    begun: list[datetime] = []
    stores: dict[str, Any] = {"times": 0, "path": "/api/metadata", "only": lambda asked: what(asked) == "commit"}
    world.faults.add(Fault("call", call=lambda *_: begun.append(datetime.now(UTC)), **stores))
    world.faults.add(Fault("slow", seconds=1.5, **stores))
    world.faults.add(Fault("call-after", call=lambda *_: spans.append((begun[-1], datetime.now(UTC))), **stores))
    return spans


def test_runs_for_one_dhis2_never_overlap_and_runs_for_two_do(machine: Machine) -> None:
    world = World("2.42")
    world.load({"version": "2.42", "metadata": metadata("2.42")})
    with serve(world) as west:
        document = yaml.safe_load((machine.folder / "configuration.yaml").read_text())
        (system,), (sync,) = document["systems"], document["syncs"]
        districts = [{**level, "sync": "both" if level["type"] == "district" else "none"} for level in sync["levels"]]
        machine.apply_configuration(
            systems=[system, {**system, "code": "west", "url": west.url}],
            syncs=[
                {**sync, "code": "districts", "levels": districts},
                sync,
                {**sync, "code": "west", "system": "west"},
            ],
        )
        machine.cgr("objects", "apply", machine.objects_file(*country_in(["hmis", "west"])))
        machine.cgr("objects", "apply", machine.objects_file(district("X", "N"), *new_facilities(3)))
        here, there = stored_at(machine.world), stored_at(world)
        runs = [machine.cgr("sync", "run", code, "--background")["id"] for code in ("districts", "all", "west")]
        with working(machine), working(machine):
            reports = [ended(machine, run) for run in runs]
    assert [report["state"] for report in reports] == ["success"] * 3
    first, second, other = [
        tuple(datetime.fromisoformat(report[name]) for name in ("started", "ended")) for report in reports
    ]
    assert first[1] <= second[0]
    assert all(within(span, first) != within(span, second) for span in here)
    assert any(within(span, first) for span in here)
    assert any(within(span, second) for span in here)
    assert all(within(span, other) for span in there)
    assert here[0][0] < there[-1][1]
    assert there[0][0] < here[-1][1]


def within(span: tuple[datetime, datetime], run: tuple[datetime, ...]) -> bool:
    return run[0] <= span[0] and span[1] <= run[1]
