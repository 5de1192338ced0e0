"""A server or a line that fails, at every step of a run: nothing is lost, nothing is doubled, the run can go on."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx2
import pytest

from cgr.core.errors import NeedsPerson, TryLater
from cgr.sandbox.faults import Fault

from .country import GZIP, ID_OF, district, errors, facility, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.http import Request
    from cgr.sandbox.world import World

    from .country import Country

pytestmark = pytest.mark.django_db
UNITS = "/api/organisationUnits$"
IMPORT = "/api/metadata"
GROUP = "/organisationUnitGroups/GrPublic001"
PATHS = "/api/maintenance"


def fault(kind: str, *, path: str, method: str = ".*", times: int = 1, after: int = 0) -> Fault:
    if kind.isdigit():
        return Fault("status", method=method, path=path, status=int(kind), times=times, after=after)
    return Fault(kind, method=method, path=path, times=times, after=after)


def codes(country: Country) -> list[str]:
    return sorted(unit.get("code", "") for unit in country.world.units().values())


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", UNITS, "truncated"),
        ("GET", UNITS, "503"),
        ("POST", IMPORT, "429"),  # more about imports in test_apply.py
        ("POST", GROUP, "cut-after"),
        ("POST", GROUP, "503"),
        ("POST", PATHS, "cut-before"),
        ("POST", PATHS, "504"),
    ],
)
def test_one_failure_while_applying_is_overcome(
    make_country: Callable[..., Country], method: str, path: str, kind: str
) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    country.write(facility("F9", "A"))
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    planned = country.world.faults.add(fault(kind, method=method, path=path))
    report = country.apply(plan)
    assert planned.done == 1
    assert set(outcomes(report).values()) == {"done"}
    assert codes(country) == sorted([*ID_OF, "F9"])
    assert country.unit("F1")["path"].startswith(f"/{ID_OF['C']}/{ID_OF['S']}/")
    assert len(country.world.group_members("GrPublic001")) == 5
    assert country.plan()["changes"] == []


@pytest.mark.parametrize("kind", ["cut-after", "503", "504"])
def test_one_failure_while_validating_is_overcome(country: Country, kind: str) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    planned = country.world.faults.add(fault(kind, method="POST", path=IMPORT))
    assert len(country.plan()["changes"]) == 1
    assert planned.done == 1
    assert country.unit("F1")["name"] == "Bo Clinic"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", UNITS), ("POST", IMPORT), ("POST", GROUP), ("POST", PATHS)],
    ids=["owners read", "import", "group", "paths"],
)
def test_a_failure_that_stays_stops_the_run_and_resume_finishes_it(
    make_country: Callable[..., Country], method: str, path: str
) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    country.write(facility("F9", "A"))
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    country.world.faults.add(fault("503", method=method, path=path, times=0))
    with pytest.raises(TryLater):
        country.apply(plan)
    stopped = country.report(plan)
    assert (stopped["state"], stopped["error"]["code"]) == ("failure", "server-away")
    assert stopped["ended"] is not None
    country.world.faults.clear()
    report = country.resume(plan)
    assert (report["state"], report["error"]) == ("success", None)
    assert report["requests"] > stopped["requests"]
    assert report["started"] == stopped["started"]
    assert codes(country) == sorted([*ID_OF, "F9"])
    assert country.unit("F1")["path"].startswith(f"/{ID_OF['C']}/{ID_OF['S']}/")
    assert country.plan()["changes"] == []


def test_a_password_that_is_changed_meanwhile_stops_the_run_at_once(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    plan = country.plan()
    planned = country.world.faults.add(fault("refuse-auth", path=IMPORT, times=0))
    with pytest.raises(NeedsPerson):
        country.apply(plan)
    assert planned.done == 1  # DHIS2 may lock the account
    assert country.report(plan)["error"]["code"] == "wrong-credentials"
    country.world.faults.clear()
    assert country.resume(plan)["state"] == "success"


def test_without_the_right_to_write_the_run_stops(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.restrict_account("F_SYSTEM_SETTING")
    with pytest.raises(NeedsPerson) as stopped:
        country.apply(plan)
    assert "F_ORGANISATIONUNIT_ADD" in stopped.value.next_step
    assert country.unit("F1")["name"] == "Bo Clinic"


def test_what_a_server_commits_long_after_we_gave_up_is_found_and_not_made_twice(country: Country) -> None:
    country.write(facility("F8", "A"), facility("F9", "A"))
    first = country.plan()
    bodies: list[bytes] = []

    def keep(_world: World, request: Request) -> None:
        bodies.append(gzip.decompress(request.body) if request.body.startswith(GZIP) else request.body)

    country.world.faults.add(Fault("call", method="POST", path=IMPORT, times=1, call=keep))
    country.world.faults.add(fault("504", method="POST", path=IMPORT, times=0))
    with pytest.raises(TryLater):
        country.apply(first)
    country.world.faults.clear()
    second = country.plan()
    assert second["counts"]["create"] == 2
    reply = httpx2.post(
        f"{country.url}/api/metadata",
        content=bodies[0],
        auth=("admin", "district"),
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 200
    country.apply(second)
    third = country.sync()
    assert third["changes"] == []
    assert codes(country) == sorted([*ID_OF, "F8", "F9"])
    assert country.external_ids()["F9"] == country.unit_by_code("F9")["id"]


def test_a_unit_made_by_an_interrupted_run_and_deleted_there_later_is_not_made_again(country: Country) -> None:
    country.write(facility("F9", "A"))
    plan = country.plan()
    country.world.faults.add(fault("cut-after", method="POST", path=IMPORT))
    country.world.faults.add(fault("503", method="GET", path=UNITS, after=2, times=0))
    with pytest.raises(TryLater):
        country.apply(plan)
    country.world.faults.clear()
    unit = country.unit_by_code("F9")
    assert country.plan()["changes"] == []
    country.delete_unit(unit["id"])
    later = country.plan()
    assert [problem["code"] for problem in later["problems"]] == ["external-id-not-found"]


def test_paths_that_a_stopped_run_left_stale_are_rebuilt_by_the_next_one(country: Country) -> None:
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    country.world.faults.add(fault("503", method="POST", path=PATHS, times=0))
    with pytest.raises(TryLater):
        country.apply(plan)
    country.world.faults.clear()
    country.edit("F4", label={"default": "Sewa Hospital"})
    rebuilt = country.world.requests["POST", PATHS]
    assert country.sync()["state"] == "success"
    assert country.world.requests["POST", PATHS] == rebuilt + 1
    country.edit("F4", label={"default": "Sewa Clinic"})
    country.sync()
    assert country.world.requests["POST", PATHS] == rebuilt + 1


def test_descendants_that_dhis2_does_not_take_again_are_named(country: Country) -> None:
    country.restrict_account("F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE")
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    country.spoil(**{ID_OF["F1"]: {"name": "x" * 300}})
    report = country.apply(plan)
    assert outcomes(report) == {"A": "done"}
    assert report["state"] == "warning"
    (finding,) = report["findings"]
    assert ID_OF["F1"] in finding["message"]
    assert ID_OF["F2"] not in finding["message"]
    assert "F_PERFORM_MAINTENANCE" in finding["next_step"]


def test_what_was_being_sent_when_the_run_stopped_is_told_as_unknown(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.faults.add(fault("503", method="POST", path=IMPORT, times=0))
    with pytest.raises(TryLater):
        country.apply(plan)
    report = country.report(plan)
    assert outcomes(report) == {"X": "unknown", "F9": "unknown", "F1": "skipped"}
    assert {code: error["code"] for code, error in errors(report).items()} == {
        "X": "outcome-unknown",
        "F9": "outcome-unknown",
        "F1": "not-tried",
    }
