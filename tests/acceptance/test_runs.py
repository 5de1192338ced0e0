"""The life of a run: cancelled between batches, refused in a wrong state, limited to what failed, guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from cgr.core.errors import BadInput, NeedsConsent, TryLater
from cgr.sandbox.faults import Fault
from cgr.sync import actions

from .country import ID_OF, district, errors, facility, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.core.progress import Meter

    from .country import Country

pytestmark = pytest.mark.django_db


class Cancelling:
    """Watches a run and cancels it after the first batch of units, or the first group."""

    def __init__(self, country: Country, plan: dict[str, Any], step: str) -> None:
        self.country = country
        self.plan = plan
        self.when = step
        self.now = ""

    def step(self, name: str, total: int | None = None) -> None:
        assert total is None or total >= 0
        self.now = name

    def measure(self, meter: Meter) -> None:
        assert meter.requests >= 0

    def advance(self, units: int) -> None:
        assert units > 0
        if self.now == self.when:
            self.when = ""
            actions.cancel(self.country.actor, self.country.run(self.plan))


def test_a_run_cancelled_between_two_batches_stays_cancelled_and_tidies_up(country: Country) -> None:
    country.edit("A", parents={"admin": "S"})
    country.write(facility("F9", "A"))
    plan = country.plan()
    report = country.apply(plan, progress=Cancelling(country, plan, "write units"))
    assert report["state"] == "cancelled"
    assert outcomes(report) == {"A": "done", "F9": "skipped"}
    assert "resume" not in errors(report)["F9"]["next_step"]
    assert report["requests"] > 2
    assert country.unit("F1")["path"] == f"/{ID_OF['C']}/{ID_OF['S']}/{ID_OF['A']}/{ID_OF['F1']}"
    assert "F9" not in country.external_ids()
    with pytest.raises(BadInput):
        country.resume(plan)
    assert set(country.sync()["counts"].items()) >= {("create", 1), ("move", 0)}


def test_a_run_cancelled_between_two_groups_says_what_is_missing(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001", "GrClinics01"]})
    country.write(facility("F9", "A"))
    plan = country.plan()
    report = country.apply(plan, progress=Cancelling(country, plan, "fill groups"))
    assert report["state"] == "cancelled"
    assert errors(report)["F9"]["property"] == "groups"
    assert country.unit_by_code("F9")
    assert len(country.world.group_members("GrPublic001")) == 0
    assert country.sync()["state"] == "success"
    assert len(country.world.group_members("GrPublic001")) == 5


def test_a_failure_after_somebody_cancelled_leaves_the_run_cancelled(country: Country) -> None:
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    country.world.faults.add(Fault("status", path="/api/maintenance", status=503, times=0))
    with pytest.raises(TryLater):
        country.apply(plan, progress=Cancelling(country, plan, "write units"))
    assert country.report(plan)["state"] == "cancelled"


class Death(BaseException):
    """What a process notices of its own end: nothing it could act on."""


class DyingBeforePaths(Cancelling):
    """Cancels the run, and doesn't live to see its paths rebuilt."""

    def step(self, name: str, total: int | None = None) -> None:
        if name == "rebuild paths":
            raise Death
        super().step(name, total)


@pytest.mark.parametrize("watcher", [Cancelling, DyingBeforePaths])
def test_paths_that_a_cancelled_run_left_stale_are_rebuilt_by_the_next_one(
    country: Country, watcher: type[Cancelling]
) -> None:
    country.edit("A", parents={"admin": "S"})
    plan = country.plan()
    country.world.faults.add(Fault("status", path="/api/maintenance", status=503, times=0))
    with pytest.raises((TryLater, Death)):
        country.apply(plan, progress=watcher(country, plan, "write units"))
    assert country.report(plan)["state"] == "cancelled"
    country.world.faults.clear()
    country.edit("F4", label={"default": "Sewa Hospital"})
    assert country.sync()["state"] == "success"
    assert country.unit("F1")["path"].startswith(f"/{ID_OF['C']}/{ID_OF['S']}/")


def test_a_plan_that_was_cancelled_cannot_be_applied(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    actions.cancel(country.actor, country.run(plan))
    with pytest.raises(BadInput):
        country.apply(plan)
    with pytest.raises(BadInput):
        actions.cancel(country.actor, country.run(plan))
    assert outcomes(country.report(plan)) == {"F1": "skipped"}


def test_a_plan_that_was_never_applied_cannot_be_resumed(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    with pytest.raises(BadInput) as refused:
        country.resume(plan)
    assert plan["digest"] in refused.value.next_step
    assert outcomes(country.report(plan)) == {"F1": None}


def test_two_processes_do_not_write_to_one_dhis2_at_once(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('cgr.runs'), %s)", [country.run(plan).system_id])
        with pytest.raises(BadInput) as refused:
            country.apply(plan)
    finally:
        other.close()
    assert refused.value.code == "system-busy"
    assert country.apply(plan)["state"] == "success"


def guarded(make_country: Callable[..., Country]) -> Country:
    country = make_country(limits={"changed_share": 0.1, "moved_share": 0.1, "min_units": 5})
    for code in ("F1", "F2", "F3"):
        country.edit(code, parents={"admin": "D"})
    return country


def test_every_guard_needs_its_own_consent(make_country: Callable[..., Country]) -> None:
    country = guarded(make_country)
    plan = country.plan()
    assert [guard["code"] for guard in plan["guards"]] == ["changed_share", "moved_share"]
    with pytest.raises(NeedsConsent) as stopped:
        country.apply(plan, consents=["changed_share"])
    assert stopped.value.code == "moved_share"
    assert "--consent changed_share --consent moved_share" in stopped.value.next_step
    assert country.unit("F1")["parent"]["id"] == ID_OF["A"]
    report = country.apply(plan, consents=["moved_share", "changed_share", "vanished_share"], why="reform")
    assert [consent["guard"] for consent in report["consents"]] == ["changed_share", "moved_share"]


def test_consent_to_what_is_no_guard_is_refused(make_country: Callable[..., Country]) -> None:
    country = guarded(make_country)
    plan = country.plan()
    with pytest.raises(BadInput) as refused:
        country.apply(plan, consents=["changed-share"])
    assert refused.value.code == "unknown-guard"
    assert country.unit("F1")["parent"]["id"] == ID_OF["A"]


def test_a_finished_run_with_guards_is_refused_as_finished(make_country: Callable[..., Country]) -> None:
    country = guarded(make_country)
    plan = country.plan()
    country.apply(plan, consents=["changed_share", "moved_share"])
    with pytest.raises(BadInput):
        country.apply(plan)


def test_only_what_failed_is_planned_again(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    country.edit("F3", parents={"admin": [{"parent": "A", "from": "2000-01-01", "to": "2001-01-01"}]})
    plan = country.plan()
    stranger = country.spoil(**{ID_OF["F1"]: {"name": "x" * 300}})
    report = country.apply(plan)
    assert outcomes(report) == {"F1": "failed", "F2": "done"}
    country.world.faults.planned.remove(stranger)
    country.edit("F4", label={"default": "Not of that run"})
    again = country.plan(only=f"failed-of:{plan['id']}")
    assert again["only"] == f"failed-of:{plan['id']}"
    assert [change["object"]["code"] for change in again["changes"]] == ["F1"]
    assert [problem["object"]["code"] for problem in again["problems"]] == ["F3"]
    country.apply(again)
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert country.unit("F4")["name"] == "Sewa Clinic"


@pytest.mark.parametrize("only", ["failed-of:", "failed-of:999999", "everything", "failed-of:{plan}"])
def test_a_limit_that_means_nothing_is_refused(country: Country, only: str) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    with pytest.raises(BadInput):
        country.plan(only=only.format(plan=plan["id"]))


def test_a_group_that_vanished_is_named_and_stops_only_itself(make_country: Callable[..., Country]) -> None:
    country = make_country(
        facility={"sync": "both", "groups": ["GrPublic001"]}, district={"sync": "both", "groups": ["GrGone00001"]}
    )
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    assert ["GrGone00001" in finding["message"] for finding in plan["findings"]] == [True]
    report = country.apply(plan)
    assert set(outcomes(report).values()) == {"done"}
    assert report["state"] == "warning"
    assert len(country.world.group_members("GrPublic001")) == 4


def test_a_level_that_vanished_is_named(country: Country) -> None:
    for code in ("F1", "F2", "F3", "F4"):
        country.delete_unit(code)
    del country.world.objects["organisationUnitLevels"]["LvTest00004"]
    country.edit("A", label={"default": "Abo District"})
    plan = country.plan()
    assert ["only 3 levels" in finding["message"] for finding in plan["findings"]] == [True]
    assert plan["problems"] == []
    country.apply(plan)
    assert country.unit("A")["name"] == "Abo District"


def test_an_empty_plan_succeeds_without_a_question_to_dhis2(country: Country) -> None:
    plan = country.plan()
    asked = country.world.requests.total()
    assert country.apply(plan)["state"] == "success"
    assert country.world.requests.total() == asked


def test_new_children_wait_for_a_new_parent_that_was_cut_off(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    plan = country.plan()
    country.edit("A", label={"default": "Abo"})
    country.write({"type": "district", "code": "X", "label": {"default": "Edited"}})
    report = country.apply(plan)
    assert {code: error["code"] for code, error in errors(report).items()} == {
        "X": "changed-in-registry",
        "F9": "blocked",
    }
    assert set(country.external_ids()) == set(ID_OF)
