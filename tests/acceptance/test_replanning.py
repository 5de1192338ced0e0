"""What moved on either side between plan and apply is left alone, and planned again with what it is now (R9.1)."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection

from cgr.core.schedule import Schedule
from cgr.jobs import Stopping
from cgr.runs.models import Run
from cgr.sandbox.faults import Fault
from cgr.sync import actions, undoing
from cgr.sync.background import continue_sync
from cgr.sync.scheduling import set_schedule

from .country import ID_OF, changed, district, errors, facility, outcomes, problems_of
from .test_runs import Cancelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Terminal
    from .country import Country

pytestmark = pytest.mark.django_db


def edit_there(country: Country, code: str, **fields: Any) -> None:
    country.world.load({"metadata": {"organisationUnits": [{**country.unit(code), **fields}]}})


def again(country: Country, run: dict[str, Any]) -> dict[str, Any]:
    return country.plan(only=f"failed-of:{run['id']}")


def by_itself(country: Country, run: dict[str, Any]) -> dict[str, Any]:
    """Do what a worker does with the plan that follows a run by itself, and give that plan."""
    assert run["planned_again"]["state"] == "queued"
    continue_sync(int(run["planned_again"]["run"]), Stopping())
    return country.report({"id": run["planned_again"]["run"]})


def skipping(country: Country) -> dict[str, Any]:
    """Apply a plan for F1 and F2, the first of which somebody edited there meanwhile."""
    country.edit("F1", label={"default": "F1 renamed"})
    country.edit("F2", label={"default": "F2 renamed"})
    plan = country.plan()
    edit_there(country, "F1", name="Edited there")
    return plan


def test_exactly_what_changed_on_either_side_is_planned_again_by_itself_and_waits_for_review(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    country.edit("F4", label={"default": "Refused"})
    plan = country.plan()
    edit_there(country, "F1", name="Edited there")
    country.edit("F2", label={"default": "F2 renamed anew"})
    country.write({"type": "district", "code": "X", "label": {"default": "Edited here"}})
    country.spoil(**{ID_OF["F4"]: {"name": "x" * 300}})
    run = country.apply(plan)
    assert outcomes(run) == {
        "X": "skipped",
        "F9": "blocked",
        "F1": "skipped",
        "F2": "skipped",
        "F3": "done",
        "F4": "failed",
    }
    assert {code: error["code"] for code, error in errors(run).items() if code in {"F1", "F2"}} == {
        "F1": "changed-in-dhis2",
        "F2": "changed-in-registry",
    }
    assert run["planned_again"]["objects"] == 4
    country.edit("A", label={"default": "Not of that run"})
    country.world.faults.clear()
    new = by_itself(country, run)
    assert (new["state"], new["only"], new["error"]) == ("new", f"skipped-of:{run['id']}", None)
    assert changed(new).keys() == {"X", "F9", "F1", "F2"}
    assert changed(new)["F1"]["name"] == {"from": "Edited there", "to": "F1 renamed"}
    assert changed(new)["F2"]["name"] == {"from": "Kono Clinic", "to": "F2 renamed anew"}
    assert new["digest"] != plan["digest"]
    assert country.unit("F1")["name"] == "Edited there"
    applied = country.apply(new)
    assert set(outcomes(applied).values()) == {"done"}
    assert applied["planned_again"] is None


def test_a_crash_while_the_end_is_written_loses_no_plan_and_makes_no_second_one(country: Country) -> None:
    plan = skipping(country)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the server ends'; END $$;"
            "CREATE TRIGGER crash BEFORE INSERT ON procrastinate_jobs EXECUTE FUNCTION crash()"
        )
    with pytest.raises(DatabaseError):
        country.apply(plan)
    assert country.run(plan).state == "running"
    assert [run.pk for run in country.runs()] == [int(plan["id"])]
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER crash ON procrastinate_jobs")
    run = country.resume(plan)
    continue_sync(int(run["id"]), Stopping())  # delivered once more, as after a crash just behind the end
    assert [str(one.pk) for one in country.runs()] == [run["planned_again"]["run"], run["id"]]
    assert changed(by_itself(country, run)).keys() == {"F1"}


def test_a_run_that_somebody_cancelled_is_not_followed_by_a_plan(country: Country) -> None:
    plan = skipping(country)
    run = country.apply(plan, progress=Cancelling(country, plan, "write units"))
    assert (run["state"], run["planned_again"]) == ("cancelled", None)
    assert len(country.runs()) == 1


def test_where_a_schedule_applies_by_itself_its_next_run_takes_what_changed(country: Country) -> None:
    set_schedule(country.actor, "all", Schedule("30 2 * * *"))
    run = country.apply(skipping(country))
    assert run["planned_again"] == {"run": None, "objects": 1, "state": None}
    assert len(country.runs()) == 1
    set_schedule(country.actor, "all", Schedule("30 2 * * *", paused=True))
    country.edit("F3", label={"default": "F3 renamed"})
    plan = country.plan()
    edit_there(country, "F3", name="Edited there")
    assert country.apply(plan)["planned_again"]["run"] is not None


def test_it_is_planned_for_the_day_that_was_asked_for(country: Country) -> None:
    country.edit("F1", label={"default": "F1 renamed"})
    run = actions.plan(country.actor, "all", as_of=date(2020, 2, 2), wait=country.pause)
    edit_there(country, "F1", name="Edited there")
    applied = country.apply({"id": str(run.pk), "digest": run.digest})
    assert by_itself(country, applied)["as_of"] == "2020-02-02"


def test_what_changed_before_it_was_undone_is_part_of_another_undoing(country: Country) -> None:
    for code in ("F1", "F2"):
        country.edit(code, label={"default": f"{code} renamed"}, values={"beds": 3})
    done = country.sync()
    undo = undoing.undo(country.actor, country.run(done), wait=country.pause)
    edit_there(country, "F1", name="Edited there")
    undone = country.apply({"id": str(undo.pk), "digest": undo.digest})
    assert outcomes(undone) == {"F1": "skipped", "F2": "done"}
    new = by_itself(country, undone)
    assert (new["undoes"], new["only"]) == (done["id"], f"skipped-of:{undo.pk}")
    assert "F2" not in changed(new)


def test_in_a_terminal_it_is_planned_before_the_report_is_shown(country: Country, cgr: Terminal) -> None:
    plan = skipping(country)
    status, out = cgr("sync", "apply", plan["id"], "--digest", plan["digest"], "--yes", "--json")
    report = json.loads(out)
    assert (status, outcomes(report)) == (1, {"F1": "skipped", "F2": "done"})
    number = report["planned_again"]["run"]
    assert report["planned_again"] == {"run": number, "objects": 1, "state": "new"}
    assert f"planned again: run {number}, waiting for review" in cgr("sync", "report", plan["id"])[1]
    new = country.report({"id": number})
    assert f"Apply it: cgr sync apply {number} --digest {new['digest']}" in cgr("sync", "report", number)[1]


def test_a_plan_that_had_to_stop_begins_again_in_a_terminal(country: Country, cgr: Terminal) -> None:
    run = country.apply(skipping(country))
    number = run["planned_again"]["run"]
    away = country.world.faults.add(Fault("refuse-auth", times=0))
    continue_sync(int(number), Stopping())
    assert Run.objects.get(pk=number).state == "failure"
    assert cgr("sync", "resume", number)[0] == 3
    country.world.faults.planned.remove(away)
    status, out = cgr("sync", "resume", number, "--json")
    assert (status, json.loads(out)["state"]) == (0, "new")


def test_the_new_plan_says_that_it_overwrites_what_somebody_did_there(country: Country) -> None:
    country.plan()
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    edit_there(country, "F1", name="Edited there")
    new = again(country, country.apply(plan))
    assert [(note["code"], note["object"]["code"]) for note in new["notes"]] == [("changed-there-since", "F1")]


def test_what_somebody_did_there_just_as_we_would_needs_no_plan_any_more(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    edit_there(country, "F1", name="Edited there")
    run = country.apply(plan)
    edit_there(country, "F1", name="Bo Hospital", shortName="Bo Hospital")
    new = again(country, run)
    assert new["changes"] == []
    assert new["counts"]["unchanged"] == 1


def test_a_move_that_somebody_made_there_first_is_planned_from_where_the_unit_is_now(country: Country) -> None:
    country.edit("F1", parents={"admin": "D"})
    plan = country.plan()
    edit_there(country, "F1", parent={"id": ID_OF["B"]})
    run = country.apply(plan)
    assert errors(run)["F1"]["code"] == "changed-in-dhis2"
    new = again(country, run)
    assert changed(new)["F1"] == {"parent": {"from": ID_OF["B"], "to": ID_OF["D"]}}
    country.apply(new)
    assert country.unit("F1")["parent"]["id"] == ID_OF["D"]


def test_what_waited_for_a_skipped_object_is_planned_again_with_it(country: Country) -> None:
    country.write(district("X", "N"), facility("F9", "X"))
    plan = country.plan()
    country.write({"type": "district", "code": "X", "label": {"default": "Edited here"}})
    run = country.apply(plan)
    assert outcomes(run) == {"X": "skipped", "F9": "blocked"}
    new = again(country, run)
    assert changed(new).keys() == {"X", "F9"}
    assert set(outcomes(country.apply(new)).values()) == {"done"}
    assert country.unit_by_code("F9")["parent"]["id"] == country.unit_by_code("X")["id"]


def test_a_unit_that_is_gone_is_a_problem_of_the_new_plan_and_never_made_again(country: Country) -> None:
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.delete_unit("F2")
    run = country.apply(plan)
    assert outcomes(run) == {"F2": "failed"}
    new = again(country, run)
    assert problems_of(new) == {"F2": "external-id-not-found"}
    assert new["changes"] == []


def test_an_object_that_joins_other_groups_by_now_is_planned_again(make_country: Callable[..., Country]) -> None:
    terms = [{"from": "beds", "to": "AtBeds00001"}]
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"], "attributes": terms})
    plan = country.plan()
    assert {change["object"]["code"]: change["kinds"] for change in plan["changes"]}["F1"] == ["group"]
    country.edit("F1", values={"beds": 3})
    run = country.apply(plan)
    assert outcomes(run)["F1"] == "skipped"
    new = again(country, run)
    assert [(change["object"]["code"], change["kinds"]) for change in new["changes"]] == [("F1", ["update", "group"])]
    country.apply(new)
    assert len(country.world.group_members("GrPublic001")) == 4
