"""How a plan is carried out: refusals, faults, staleness, guards; every object is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.errors import BadInput, NeedsConsent, OtherSide
from cgr.sandbox.faults import Fault
from cgr.sync import actions, reports

from .country import ID_OF, changed, errors, outcomes, problems_of, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.world import World

    from .country import Country

pytestmark = pytest.mark.django_db
IMPORT = "POST", "/api/metadata"


def facilities(count: int) -> list[dict[str, Any]]:
    return [
        {
            "type": "facility",
            "code": f"N{number:04}",
            "label": {"default": f"New {number}"},
            "exists": [{"from": "2020-01-01", "to": None}],
            "parents": {"admin": "ABD"[number % 3]},
        }
        for number in range(count)
    ]


def test_the_digest_has_to_be_that_of_the_plan(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    with pytest.raises(NeedsConsent, match="digest"):
        country.apply({**plan, "digest": "sha256:0"})
    assert country.unit("F1")["name"] == "Bo Clinic"


def test_planning_twice_gives_the_same_digest(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.write(*facilities(3))
    assert country.plan()["digest"] == country.plan()["digest"]


def test_a_plan_is_applied_once(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.apply(plan)
    with pytest.raises(BadInput):
        country.apply(plan)


def test_a_guard_stops_a_plan_until_somebody_consents(make_country: Callable[..., Country]) -> None:
    country = make_country(limits={"changed_share": 0.1, "min_units": 5})
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    plan = country.plan()
    assert [guard["code"] for guard in plan["guards"]] == ["changed_share"]
    with pytest.raises(NeedsConsent) as stopped:
        country.apply(plan)
    assert stopped.value.code == "changed_share"
    assert country.unit("F1")["name"] == "Bo Clinic"
    report = country.apply(plan, consents=["changed_share"], why="new names")
    assert report["consents"][0]["why"] == "new names"
    assert country.unit("F1")["name"] == "F1 renamed"


def test_dhis2s_own_validation_is_part_of_the_plan(country: Country) -> None:
    country.write(*facilities(1))
    country.world.load(
        {
            "metadata": {
                "attributes": [
                    {
                        "id": "AtMandatory",
                        "name": "Must",
                        "valueType": "TEXT",
                        "organisationUnitAttribute": True,
                        "mandatory": True,
                    }
                ]
            }
        }
    )
    assert problems_of(country.plan()) == {"N0000": "mandatory-attribute-missing"}


def test_three_of_a_thousand_that_dhis2_refuses_stop_nobody_else(country: Country) -> None:
    country.write(*facilities(1000))
    plan = country.plan()
    uid_of = {change["object"]["code"]: change["uid"] for change in plan["changes"]}
    stranger = {**country.unit("F4"), "id": "OuStranger1", "code": "N0007"}
    country.world.load({"metadata": {"organisationUnits": [stranger]}})  # takes a code after the plan was made
    country.spoil(**{uid_of["N0500"]: {"name": "x" * 300}, uid_of["N0900"]: {"shortName": ""}})
    report = country.apply(plan)
    refused = {code for code, outcome in outcomes(report).items() if outcome == "failed"}
    assert refused == {"N0007", "N0500", "N0900"}
    assert sum(1 for outcome in outcomes(report).values() if outcome == "done") == 997
    codes = {code: error["dhis2_code"] for code, error in errors(report).items()}
    assert codes == {"N0007": "E5003", "N0500": "E4001", "N0900": "E4000"}
    assert sum(unit["name"].startswith("New ") for unit in country.world.units().values()) == 997


@pytest.mark.parametrize("kind", ["cut-before", "cut-after", "502", "503", "504", "truncated"])
def test_a_batch_whose_answer_is_lost_is_read_back_and_nothing_is_doubled(country: Country, kind: str) -> None:
    country.write(*facilities(20))
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.faults.add(fault(kind, times=1))
    report = country.apply(plan)
    assert set(outcomes(report).values()) == {"done"}
    codes = [unit.get("code") for unit in country.world.units().values()]
    assert len(codes) == len(set(codes)) == len(ID_OF) + 20
    assert country.plan()["changes"] == []


def fault(kind: str, *, times: int = 0) -> Fault:
    if kind.isdigit():
        return Fault("status", method="POST", path="/api/metadata", status=int(kind), times=times)
    return Fault(kind, method="POST", path="/api/metadata", times=times)


def test_a_server_that_stays_away_ends_the_run_and_resume_finishes_it(country: Country) -> None:
    country.write(*facilities(20))
    plan = country.plan()
    country.world.faults.add(fault("cut-before"))
    with pytest.raises(OtherSide):
        country.apply(plan)
    run = country.run(plan)
    assert run.state == "failure"
    country.world.faults.clear()
    report = whole(reports.report_of(actions.resume(country.actor, run, wait=country.pause)))
    assert report["state"] == "success"
    codes = [unit.get("code") for unit in country.world.units().values()]
    assert len(codes) == len(set(codes)) == len(ID_OF) + 20


def test_a_unit_that_somebody_changed_since_the_plan_is_left_alone(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "name": "Edited there"}]}})
    report = country.apply(plan)
    assert outcomes(report) == {"F1": "skipped", "F2": "done"}
    assert report["changes"][0]["error"]["code"] == "changed-in-dhis2"
    assert country.unit("F1")["name"] == "Edited there"


def test_a_change_of_what_is_not_mapped_is_kept_and_ours_goes_on(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "comment": "Edited there"}]}})
    assert outcomes(country.apply(plan)) == {"F1": "done"}
    assert (country.unit("F1")["name"], country.unit("F1")["comment"]) == ("Bo Hospital", "Edited there")


def test_an_object_edited_here_since_the_plan_is_stale(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.edit("F1", label={"default": "Bo Infirmary"})
    report = country.apply(plan)
    assert report["changes"][0]["error"]["code"] == "changed-in-registry"
    assert country.unit("F1")["name"] == "Bo Clinic"


def test_a_unit_deleted_since_the_plan_is_never_made_again(country: Country) -> None:
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.delete_unit("F2")
    report = country.apply(plan)
    assert report["changes"][0]["error"]["code"] == "external-id-not-found"
    assert country.world.unit(ID_OF["F2"]) is None


@pytest.mark.parametrize("version", ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"])
def test_moving_a_unit_with_children_leaves_no_stale_levels(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version)
    country.edit("A", parents={"admin": "S"})
    assert country.sync()["state"] == "success"
    assert country.unit("F1")["path"] == f"/{ID_OF['C']}/{ID_OF['S']}/{ID_OF['A']}/{ID_OF['F1']}"


@pytest.mark.parametrize("refused_by", ["DHIS2", "a proxy"])
def test_without_a_way_to_maintain_the_descendants_are_imported_again(country: Country, refused_by: str) -> None:
    if refused_by == "DHIS2":
        country.restrict_account("F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE")
    else:
        country.world.faults.add(Fault("status", path="/api/maintenance", status=404, times=0))
    country.edit("A", parents={"admin": "S"})
    assert country.sync()["state"] == "success"
    assert country.unit("F1")["path"] == f"/{ID_OF['C']}/{ID_OF['S']}/{ID_OF['A']}/{ID_OF['F1']}"


def test_a_list_that_dhis2_cuts_short_is_no_ground_for_conclusions(make_country: Callable[..., Country]) -> None:
    country = make_country("2.43")
    ring = {**country.unit("F4"), "id": "OuRing00001", "code": "RING", "parent": {"id": "OuRing00001"}}
    country.world.load({"metadata": {"organisationUnits": [ring]}})  # verified fact H6
    with pytest.raises(OtherSide) as refused:
        country.plan()
    assert refused.value.code == "list-cut-short"
    assert not country.runs()


def test_nothing_is_sent_for_a_plan_without_changes(country: Country) -> None:
    plan = country.plan()
    assert changed(plan) == {}
    country.apply(plan)
    assert country.world.requests[IMPORT] == 0


def test_a_unit_edited_while_the_batch_before_it_is_written_keeps_that_edit(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    country.write(*facilities(20))  # created first, in a batch of their own
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    monkeypatch.setattr("cgr.sync.ahead.FRESH_SECONDS", -1.0)  # whatever was read beside the first batch is old
    edit = {**country.unit("F1"), "phoneNumber": "+232 meanwhile"}

    def meanwhile(world: World, _: object) -> None:
        world.load({"metadata": {"organisationUnits": [edit]}})

    country.world.faults.add(Fault("call", method="POST", path="/api/metadata", call=meanwhile))
    assert set(outcomes(country.apply(plan)).values()) == {"done"}
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert country.unit("F1")["phoneNumber"] == "+232 meanwhile"


def test_a_unit_edited_between_two_parts_of_a_batch_keeps_that_edit(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    plan = country.plan()
    monkeypatch.setattr("cgr.sync.applying.FRESH_SECONDS", -1.0)  # as if the first part had taken long

    def meanwhile(world: World, _: object) -> None:
        edited = [{**country.unit("F2"), "comment": "meanwhile"}, {**country.unit("F3"), "name": "Meanwhile"}]
        world.load({"metadata": {"organisationUnits": edited}})

    country.world.faults.add(Fault("status", method="POST", path="/api/metadata", status=413))
    country.world.faults.add(Fault("call-after", method="POST", path="/api/metadata", after=1, call=meanwhile))
    report = country.apply(plan)
    assert outcomes(report) == {"F1": "done", "F2": "done", "F3": "skipped"}
    assert (country.unit("F2")["name"], country.unit("F2")["comment"]) == ("F2 renamed", "meanwhile")
    assert country.unit("F3")["name"] == "Meanwhile"


def test_what_was_stored_although_dhis2_says_that_it_failed_is_found_and_not_made_twice(country: Country) -> None:
    country.write(*facilities(2))
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.world.faults.add(Fault("status-after", method="POST", path="/api/metadata", status=500, times=0))
    assert set(outcomes(country.apply(plan)).values()) == {"done"}
    assert {"N0000", "N0001"} <= country.external_ids().keys()
    country.world.faults.clear()
    assert changed(country.plan()) == {}


def test_units_that_dhis2_ignores_under_an_ok_are_told_and_stop_nobody_else(country: Country) -> None:
    country.write(*facilities(1))
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    plan = country.plan()
    new = next(change["uid"] for change in plan["changes"] if change["object"]["code"] == "N0000")
    country.ignore_silently(ID_OF["F2"], new)
    report = country.apply(plan)
    assert outcomes(report) == {"N0000": "failed", "F1": "done", "F2": "failed", "F3": "done"}
    assert errors(report)["F2"]["code"] == errors(report)["N0000"]["code"] == "refused-by-dhis2"
    country.world.faults.clear()
    assert outcomes(country.sync()) == {"N0000": "done", "F2": "done"}
    assert country.unit_by_code("N0000")["id"] == new
