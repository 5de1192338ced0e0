"""Filling groups of organisation units (R6): what is asked of DHIS2, who is selected, and what a lost group stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.sandbox.faults import Fault

from .country import ID_OF, changed, errors, facility, outcomes
from .mappable import CLINICS, PUBLIC, VERSIONS, additions, offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
SECOND, THIRD = "GrSecond001", "GrThird0001"
FACILITIES = [ID_OF[code] for code in ("F1", "F2", "F3", "F4")]


@pytest.fixture
def in_groups(make_country: Callable[..., Country]) -> Callable[..., Country]:
    """Give a maker of countries whose facilities go to these groups; there are two more than usual."""

    def make(*groups: str, version: str = "2.42", **facility_level: Any) -> Country:
        country = make_country(version, facility={"groups": list(groups), **facility_level})
        more = [{"id": uid, "name": uid, "shortName": uid, "organisationUnits": []} for uid in (SECOND, THIRD)]
        offer(country.world, organisationUnitGroups=more)
        return country

    return make


def drop_group(country: Country, group: str) -> None:
    del country.world.objects["organisationUnitGroups"][group]
    country.world.objects_version += 1


@pytest.mark.parametrize("version", VERSIONS)
def test_each_group_gets_one_call_with_only_the_units_that_are_missing(
    in_groups: Callable[..., Country], version: str
) -> None:
    country = in_groups(CLINICS, SECOND, version=version)
    country.write(facility("F9", "A"))
    assert country.sync()["state"] == "success"
    new = country.unit_by_code("F9")["id"]
    assert [sorted(call) for call in additions(country.world, CLINICS)] == [sorted([*FACILITIES[1:], new])]
    assert [sorted(call) for call in additions(country.world, SECOND)] == [sorted([*FACILITIES, new])]
    assert country.world.group_members(CLINICS) == country.world.group_members(SECOND) == {*FACILITIES, new}


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_a_group_that_has_everybody_is_not_called_at_all(in_groups: Callable[..., Country], version: str) -> None:
    country = in_groups(CLINICS, version=version)
    country.sync()
    country.edit("F1", label={"default": "Bo Hospital"})
    assert country.sync()["state"] == "success"
    assert len(additions(country.world, CLINICS)) == 1


def test_who_joined_the_group_since_the_plan_is_not_added_again(in_groups: Callable[..., Country]) -> None:
    country = in_groups(PUBLIC)
    plan = country.plan()
    country.world.objects["organisationUnitGroups"][PUBLIC]["organisationUnits"] = [{"id": ID_OF["F1"]}]
    assert country.apply(plan)["state"] == "success"
    assert [sorted(call) for call in additions(country.world, PUBLIC)] == [sorted(FACILITIES[1:])]


@pytest.mark.parametrize("version", ["2.31", "2.34"])
def test_a_reply_of_500_to_what_was_stored_is_not_believed(in_groups: Callable[..., Country], version: str) -> None:
    country = in_groups(PUBLIC, version=version)
    report = country.sync()
    path = f"/api/organisationUnitGroups/{PUBLIC}/organisationUnits"
    statuses = [one.status for one in country.world.log if (one.method, one.path) == ("POST", path)]
    assert statuses == [500]
    assert (report["state"], set(outcomes(report).values())) == ("success", {"done"})
    assert country.world.group_members(PUBLIC) == set(FACILITIES)


@pytest.mark.parametrize("version", ["2.31", "2.38", "2.42"])
def test_a_500_that_stored_nothing_is_told_for_that_group_alone(
    in_groups: Callable[..., Country], version: str
) -> None:
    country = in_groups(PUBLIC, SECOND, version=version)
    plan = country.plan()
    path = f"/organisationUnitGroups/{PUBLIC}/organisationUnits"
    country.world.faults.add(Fault("status", method="POST", path=path, status=500, times=0))
    report = country.apply(plan)
    assert {error["property"] for error in errors(report).values()} == {"groups"}
    assert all(PUBLIC in error["message"] for error in errors(report).values())
    assert country.world.group_members(PUBLIC) == set()
    assert country.world.group_members(SECOND) == set(FACILITIES)


def test_a_group_that_vanished_is_named_and_stops_only_itself(in_groups: Callable[..., Country]) -> None:
    country = in_groups(SECOND, THIRD)
    country.edit("F1", label={"default": "Bo Hospital"})
    drop_group(country, SECOND)
    plan = country.plan()
    (finding,) = plan["findings"]
    assert finding["message"].startswith(f"Level 4 (facility), group {SECOND}: DHIS2 has no organisation unit group")
    assert plan["problems"] == []
    report = country.apply(plan)
    assert set(outcomes(report).values()) == {"done"}
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert country.world.group_members(THIRD) == set(FACILITIES)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_that_vanished_after_the_plan_stops_only_itself(
    in_groups: Callable[..., Country], version: str
) -> None:
    country = in_groups(SECOND, THIRD, version=version)
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    drop_group(country, SECOND)
    report = country.apply(plan)
    assert set(outcomes(report).values()) == {"failed"}
    assert all(SECOND in error["message"] for error in errors(report).values())
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert country.world.group_members(THIRD) == set(FACILITIES)


def test_only_units_already_in_the_group_are_selected_and_nobody_joins_it(in_groups: Callable[..., Country]) -> None:
    country = in_groups(CLINICS, only_in_groups=True)
    for code in ("F1", "F2"):
        country.edit(code, label={"default": f"Changed {code}"}, parents={"admin": "D"})
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert set(changed(plan)) == {"F1"}
    assert (plan["counts"]["not_selected"], plan["problems"]) == (4, [])
    country.apply(plan)
    assert (country.unit("F1")["name"], country.unit("F1")["parent"]["id"]) == ("Changed F1", ID_OF["D"])
    assert (country.unit("F2")["name"], country.unit("F2")["parent"]["id"]) == ("Kono Clinic", ID_OF["A"])
    assert country.world.group_members(CLINICS) == {ID_OF["F1"]}
    assert not any(unit.get("code") == "F9" for unit in country.world.units().values())


def test_a_member_of_one_of_several_groups_is_selected_and_joins_the_others(in_groups: Callable[..., Country]) -> None:
    country = in_groups(CLINICS, SECOND, only_in_groups=True)
    country.sync()
    assert country.world.group_members(SECOND) == {ID_OF["F1"]}
    assert country.world.group_members(CLINICS) == {ID_OF["F1"]}


def test_when_the_only_group_to_select_from_is_gone_nobody_is_selected(in_groups: Callable[..., Country]) -> None:
    country = in_groups(SECOND, only_in_groups=True)
    country.edit("F1", label={"default": "Changed"})
    drop_group(country, SECOND)
    plan = country.plan()
    assert plan["changes"] == []
    assert len(plan["findings"]) == 1


def test_relationships_fills_no_group(in_groups: Callable[..., Country]) -> None:
    country = in_groups(PUBLIC, sync="relationships")
    assert country.plan()["changes"] == []


def test_the_members_of_a_group_are_read_once_for_a_plan(in_groups: Callable[..., Country]) -> None:
    country = in_groups(PUBLIC)
    country.plan()
    path = f"/api/organisationUnitGroups/{PUBLIC}"
    assert country.world.requests["GET", path] == 1
