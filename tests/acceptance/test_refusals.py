"""What DHIS2 refuses, while validating or while writing: told object by object, and it stops nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.sandbox.faults import Fault

from .country import ID_OF, district, errors, facility, outcomes, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
UNIQUE = {
    "id": "AtUnique001",
    "name": "Licence",
    "valueType": "INTEGER_POSITIVE",
    "organisationUnitAttribute": True,
    "unique": True,
}


@pytest.mark.parametrize("version", VERSIONS)
def test_three_kinds_of_refusal_in_one_batch_stop_nobody_else(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version, facility={"sync": "both", "attributes": [{"from": "beds", "to": "AtUnique001"}]})
    country.world.load({"metadata": {"attributes": [UNIQUE]}})
    country.write(*(facility(f"N{number}", "A", values={"beds": 10 + number}) for number in range(6)))
    plan = country.plan()
    uid = {change["object"]["code"]: change["uid"] for change in plan["changes"]}
    licence = {"attribute": {"id": "AtUnique001"}, "value": "15"}
    stranger = {**country.unit("F3"), "id": "OuStranger1", "code": "N1", "attributeValues": [licence]}
    country.world.load({"metadata": {"organisationUnits": [stranger]}})  # after the plan was made
    country.spoil(**{uid["N3"]: {"name": "x" * 300}})
    report = country.apply(plan)
    assert {code: (error["code"], error["dhis2_code"]) for code, error in errors(report).items()} == {
        "N1": ("code-taken", "E5003"),
        "N3": ("value-refused", "E4001"),
        "N5": ("unique-value-taken", "E4009"),
    }
    assert report["state"] == "warning"
    assert [code for code, outcome in outcomes(report).items() if outcome == "done"] == ["N0", "N2", "N4"]
    made = {unit["code"] for unit in country.world.units().values() if unit["id"] in uid.values()}
    assert made == {"N0", "N2", "N4"}


def test_every_error_has_the_keys_of_the_contract(country: Country) -> None:
    country.write(district("X", "N"), facility("F8", "X"))
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    country.spoil(**{plan["changes"][0]["uid"]: {"name": "x" * 300}})
    country.delete_unit("F1")
    found = errors(country.apply(plan))
    assert {code: error["code"] for code, error in found.items()} == {
        "X": "value-refused",
        "F8": "blocked",
        "F1": "external-id-not-found",
    }
    for error in found.values():
        assert set(error) - {"blocked_by"} == {"code", "dhis2_code", "property", "message", "next_step"}
    assert found["F8"]["blocked_by"] == {"type": "district", "code": "X"}


@pytest.mark.parametrize("requests_too_large", [0, 1, 2])
def test_what_hangs_below_a_refused_parent_is_blocked_however_the_batch_was_cut(
    country: Country, requests_too_large: int
) -> None:
    country.write(district("X", "N"), *(facility(f"N{number}", "X") for number in range(5)), district("Y", "N"))
    plan = country.plan()
    uid = {change["object"]["code"]: change["uid"] for change in plan["changes"]}
    country.spoil(**{uid["X"]: {"name": "x" * 300}})
    if requests_too_large:
        country.world.faults.add(
            Fault("status", method="POST", path="/api/metadata", status=413, times=requests_too_large)
        )
    report = country.apply(plan)
    assert outcomes(report) == {"X": "failed", "Y": "done", **{f"N{number}": "blocked" for number in range(5)}}
    assert "district X" in errors(report)["N4"]["message"]
    roots = [unit for unit in country.world.units().values() if not unit.get("parent")]
    assert [root["id"] for root in roots] == [ID_OF["C"]]


def test_the_ids_of_units_that_were_not_made_are_free_again(country: Country) -> None:
    country.write(district("X", "N"), facility("F8", "X"), facility("F9", "A"))
    plan = country.plan()
    country.spoil(**{plan["changes"][0]["uid"]: {"name": "x" * 300}})
    country.apply(plan)
    assert set(country.external_ids()) == {*ID_OF, "F9"}


def test_an_object_with_trouble_of_its_own_since_the_plan_stops_no_other(country: Country) -> None:
    country.write(facility("F8", "A"), facility("F9", "A"))
    plan = country.plan()
    country.edit("F4", external_ids={"hmis": None})
    country.write({"type": "facility", "code": "F8", "external_ids": {"hmis": ID_OF["F4"]}})
    report = country.apply(plan)
    assert outcomes(report) == {"F8": "skipped", "F9": "done"}
    assert errors(report)["F8"]["code"] == "changed-in-registry"
    assert country.external_ids()["F8"] == ID_OF["F4"]


def test_validation_tells_refused_parents_from_their_children_over_several_requests(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cgr.sync.validation._UNITS_PER_REQUEST", 2)
    country.write(district("X", "N"), *(facility(f"N{number}", "X") for number in range(12)), facility("F9", "A"))
    uid = next(change["uid"] for change in country.plan()["changes"] if change["object"]["code"] == "X")
    country.spoil(**{uid: {"name": "x" * 300}})
    plan = country.plan()
    assert problems_of(plan) == {"X": "value-refused", **{f"N{number}": "blocked" for number in range(12)}}
    assert [change["object"]["code"] for change in plan["changes"]] == ["F9"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_group_that_does_not_take_its_units_leaves_the_other_groups_and_the_unit_done(
    make_country: Callable[..., Country], status: int
) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001", "GrClinics01"]})
    country.write(facility("F9", "A"))
    plan = country.plan()
    country.world.faults.add(Fault("status", path="/organisationUnitGroups/GrPublic001", status=status, times=0))
    report = country.apply(plan)
    assert set(outcomes(report).values()) == {"failed"}
    assert {error["property"] for error in errors(report).values()} == {"groups"}
    assert country.world.group_members("GrPublic001") == set()
    unit = country.unit_by_code("F9")
    assert country.world.group_members("GrClinics01") == {unit["id"], *(ID_OF[f"F{number}"] for number in (1, 2, 3, 4))}
    assert country.external_ids()["F9"] == unit["id"]


def test_group_members_that_are_stale_or_gone_are_told_apart(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    plan = country.plan()
    country.edit("F1", label={"default": "Edited here"})
    country.delete_unit("F2")
    report = country.apply(plan)
    assert {code: error["code"] for code, error in errors(report).items()} == {
        "F1": "changed-in-registry",
        "F2": "external-id-not-found",
    }
    assert country.world.group_members("GrPublic001") == {ID_OF["F3"], ID_OF["F4"]}
