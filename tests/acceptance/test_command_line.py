"""The job from the command line, as an engineer's script would do it: exit statuses, JSON, kill -9 and resume."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from cgr.sandbox.faults import Fault

from .country import PLACES
from .fleet import wait_until
from .machine import DEADLINE, new_facilities

if TYPE_CHECKING:
    from .machine import Machine


def test_the_whole_job_with_exit_statuses_and_json(machine: Machine) -> None:
    assert machine.cgr("sync", "check", "all") == {"ok": True, "findings": []}
    machine.cgr("objects", "apply", machine.objects_file(*new_facilities(3)))
    plan = machine.cgr("sync", "plan", "all")
    assert set(plan) >= {"id", "config", "as_of", "digest", "dhis2", "counts", "guards", "changes", "problems", "notes"}
    assert plan["counts"] == {
        "create": 3, "update": 0, "move": 0, "group": 0, "unchanged": 10, "problem": 0, "not_selected": 0
    }  # fmt: skip
    assert {change["outcome"] for change in machine.cgr("sync", "report", plan["id"])["changes"]} == {None}
    refused = machine.cgr("sync", "apply", plan["id"], "--digest", "sha256:other", expect=4)
    assert set(refused["error"]) == {"code", "message", "next_step"}
    report = machine.cgr("sync", "apply", plan["id"], "--digest", plan["digest"], "--yes")
    assert (report["state"], {change["outcome"] for change in report["changes"]}) == ("success", {"done"})
    machine.cgr("sync", "apply", plan["id"], "--digest", plan["digest"], expect=2)
    assert machine.cgr("sync", "report", plan["id"])["requests"] > 0
    (run,) = machine.cgr("sync", "runs", "all")["runs"]
    assert (run["id"], run["config"], run["state"], run["counts"]) == (plan["id"], "all", "success", plan["counts"])
    assert run["started"] <= run["ended"]
    assert machine.cgr("sync", "run", "all", "--yes")["changes"] == []


def test_problems_and_the_other_side_show_in_the_exit_status(machine: Machine) -> None:
    orphan = {**new_facilities(1)[0], "parents": {}}
    machine.cgr("objects", "apply", machine.objects_file(orphan))
    assert machine.cgr("sync", "plan", "all", expect=1)["counts"]["problem"] == 1
    machine.world.faults.add(Fault("refuse-auth", times=0))
    assert machine.cgr("sync", "plan", "all", expect=3)["error"]["code"] == "wrong-credentials"
    machine.cgr("sync", "plan", "nothing-of-the-kind", expect=2)
    machine.cgr("sync", "plan", "all", "--only", "failed-of:999", expect=2)
    machine.cgr("sync", "run", "all", "--consent", "no-guard", "--yes", expect=2)
    machine.cgr("sync", "plan", "all", "--as-of", "2021-02-30", expect=2)


@pytest.mark.parametrize("moment", ["while DHIS2 imports", "before DHIS2 gets it", "the database ends"])
def test_a_run_whose_process_is_killed_is_finished_by_resume_without_doubles(machine: Machine, moment: str) -> None:
    machine.cgr("objects", "apply", machine.objects_file(*new_facilities(30)))
    plan = machine.cgr("sync", "plan", "all")
    let_go = threading.Event()
    kind = "hang" if moment == "before DHIS2 gets it" else "call"
    stop = machine.world.faults.add(
        Fault(kind, method="POST", path="/api/metadata", call=lambda *_: let_go.wait(DEADLINE) and None)
    )
    process = machine.start("sync", "apply", plan["id"], "--digest", plan["digest"], "--yes")
    wait_until(lambda: stop.done)
    if moment == "the database ends":
        machine.cut_database_connections()
    else:
        process.send_signal(signal.SIGKILL)
    let_go.set()
    assert process.wait(DEADLINE) != 0
    machine.world.faults.clear()
    machine.cgr("sync", "apply", plan["id"], "--digest", plan["digest"], "--yes", expect=2)
    report = machine.cgr("sync", "resume", plan["id"])
    assert {change["outcome"] for change in report["changes"]} == {"done"}
    codes = [unit.get("code") for unit in machine.world.units().values()]
    assert sorted(codes) == sorted(set(codes))
    assert len(codes) == len(PLACES) + 30
    assert machine.cgr("sync", "plan", "all")["changes"] == []
