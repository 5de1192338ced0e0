"""What a synchronisation changes in DHIS2 and what it leaves alone: the cases of R5, seen in DHIS2 itself."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from .country import ID_OF, OPENED, POINT, SQUARE, UNMAPPED, changed, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")


def everything_but(unit: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give what must not change: all of the unit but what was sent and what DHIS2 itself stamps."""
    return {
        name: value
        for name, value in unit.items()
        if name not in {*names, "lastUpdated", "lastUpdatedBy", "path", "level"}
    }


def new_facility(code: str, parent: Any, **fields: Any) -> dict[str, Any]:
    return {
        "type": "facility",
        "code": code,
        "label": {"default": f"Facility {code}"},
        "exists": [{"from": "2020-01-01", "to": None}],
        "geometry": POINT,
        "parents": {"admin": parent},
        **fields,
    }


def test_a_country_that_agrees_needs_nothing(country: Country) -> None:
    plan = country.plan()
    assert plan["changes"] == []
    assert plan["problems"] == []
    assert plan["counts"]["unchanged"] == len(ID_OF)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_renamed_unit_keeps_everything_that_is_not_mapped(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version)
    before = deepcopy(country.unit("F1"))
    country.edit("F1", label={"default": "Bo Hospital"})
    report = country.sync()
    after = country.unit("F1")
    assert report["state"] == "success"
    assert (after["name"], after["shortName"]) == ("Bo Hospital", "Bo Hospital")
    assert everything_but(after, "name", "shortName") == everything_but(before, "name", "shortName")
    assert country.world.group_members("GrClinics01") == {ID_OF["F1"]}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_moved_unit_hangs_below_its_new_parent_and_keeps_the_rest(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version)
    before = deepcopy(country.unit("F1"))
    country.edit("F1", parents={"admin": "D"})
    assert country.sync()["state"] == "success"
    after = country.unit("F1")
    assert after["parent"]["id"] == ID_OF["D"]
    assert everything_but(after, "parent") == everything_but(before, "parent")


def test_a_unit_can_be_renamed_and_moved_at_once(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"}, parents={"admin": "D"})
    plan = country.plan()
    assert plan["changes"][0]["kinds"] == ["update", "move"]
    country.apply(plan)
    assert (country.unit("F1")["name"], country.unit("F1")["parent"]["id"]) == ("Bo Hospital", ID_OF["D"])


def test_org_units_never_touches_a_parent(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "org_units"})
    country.edit("F1", parents={"admin": "D"})
    assert country.plan()["changes"] == []
    country.edit("F1", label={"default": "Bo Hospital"})
    country.sync()
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert country.unit("F1")["parent"]["id"] == ID_OF["A"]


def test_relationships_touches_nothing_but_the_parent(make_country: Callable[..., Country]) -> None:
    country = make_country(facility={"sync": "relationships"})
    country.edit("F1", label={"default": "Bo Hospital"})
    assert country.plan()["changes"] == []
    country.edit("F1", parents={"admin": "D"})
    before = deepcopy(country.unit("F1"))
    country.sync()
    assert country.unit("F1")["parent"]["id"] == ID_OF["D"]
    assert everything_but(country.unit("F1"), "parent") == everything_but(before, "parent")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_object_is_created_with_both_and_its_id_is_kept(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version)
    country.write(new_facility("F9", "A"))
    report = country.sync()
    unit = country.unit_by_code("F9")
    assert report["counts"]["create"] == 1
    assert unit["id"] == report["changes"][0]["uid"]
    assert (unit["name"], unit["parent"]["id"], unit["openingDate"][:10]) == ("Facility F9", ID_OF["A"], "2020-01-01")
    assert country.plan()["changes"] == []


@pytest.mark.parametrize("kind", ["org_units", "relationships"])
def test_a_new_object_is_an_error_with_the_other_types(make_country: Callable[..., Country], kind: str) -> None:
    country = make_country(facility={"sync": kind})
    country.write(new_facility("F9", "A"))
    assert problems_of(country.plan()) == {"F9": "new-not-creatable"}


@pytest.mark.parametrize("kind", ["org_units", "relationships", "both"])
def test_an_id_without_a_unit_is_an_error_and_nothing_is_created(
    make_country: Callable[..., Country], kind: str
) -> None:
    country = make_country(facility={"sync": kind})
    country.write(new_facility("F9", "A", external_ids={"hmis": "OuNowhere01"}))
    plan = country.plan()
    assert problems_of(plan) == {"F9": "external-id-not-found"}
    assert plan["changes"] == []


def two_parents() -> list[dict[str, Any]]:
    return [{"parent": "A", "from": OPENED, "to": None}, {"parent": "B", "from": "2010-01-01", "to": None}]


def test_two_parents_in_force_stop_the_relationship_but_not_the_attributes(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"}, parents={"admin": two_parents()})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "several-parents"}
    country.apply(plan)
    assert (country.unit("F1")["name"], country.unit("F1")["parent"]["id"]) == ("Bo Hospital", ID_OF["A"])


def test_two_parents_in_force_stop_a_creation(country: Country) -> None:
    country.write(new_facility("F9", two_parents()))
    plan = country.plan()
    assert problems_of(plan) == {"F9": "several-parents"}
    assert plan["changes"] == []


def test_an_ended_parent_beside_a_current_one_does_not_count(country: Country) -> None:
    country.edit(
        "F1",
        parents={
            "admin": [
                {"parent": "A", "from": OPENED, "to": "2015-01-01"},
                {"parent": "B", "from": "2015-01-01", "to": None},
            ]
        },
    )
    plan = country.plan()
    assert plan["problems"] == []
    assert changed(plan) == {"F1": {"parent": {"from": ID_OF["A"], "to": ID_OF["B"]}}}


def test_an_ended_parent_alone_is_no_parent(country: Country) -> None:
    country.edit("F1", parents={"admin": [{"parent": "A", "from": OPENED, "to": "2015-01-01"}]})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "no-parent"}
    assert plan["changes"] == []


def new_district(code: str, parent: Any, **fields: Any) -> dict[str, Any]:
    return {**new_facility(code, parent), "type": "district", "geometry": SQUARE, **fields}


def test_a_parent_may_be_new_in_the_same_run(country: Country) -> None:
    country.write(new_facility("F9", "X"), new_district("X", "N"))
    assert country.sync()["state"] == "success"
    assert country.unit_by_code("F9")["parent"]["id"] == country.unit_by_code("X")["id"]


def test_children_and_grandchildren_of_a_parent_in_error_are_blocked_by_it(country: Country) -> None:
    region = {**new_facility("R9", two_parents()), "type": "region"}
    del region["geometry"], region["parents"]
    country.write(region, new_district("X", "R9"), new_facility("F9", "X"))
    plan = country.plan()
    assert problems_of(plan) == {"R9": "no-parent", "X": "blocked", "F9": "blocked"}
    assert {problem["blocked_by"]["code"] for problem in plan["problems"] if problem["blocked_by"]} == {"R9"}
    assert plan["changes"] == []


def test_two_units_can_swap_their_parents(country: Country) -> None:
    country.edit("A", parents={"admin": "S"})
    country.edit("D", parents={"admin": "N"})
    assert country.sync()["state"] == "success"
    assert (country.unit("A")["parent"]["id"], country.unit("D")["parent"]["id"]) == (ID_OF["S"], ID_OF["N"])


def test_a_new_root_beside_another_needs_consent(make_country: Callable[..., Country]) -> None:
    other = {"type": "country", "code": "C2", "label": {"default": "Other"}, "exists": [{"from": OPENED, "to": None}]}
    country = make_country()
    country.write(other)
    assert problems_of(country.plan()) == {"C2": "second-root"}
    country.configure(allow_new_root=True)
    country.sync()
    assert "parent" not in country.unit_by_code("C2")


def test_a_code_that_another_unit_has_is_refused_before_sending(country: Country) -> None:
    country.write(new_facility("A-1", "A"))
    country.world.load(
        {"metadata": {"organisationUnits": [{**country.unit("F4"), "id": "OuStranger1", "code": "A-1"}]}}
    )
    plan = country.plan()
    assert problems_of(plan) == {"A-1": "code-taken"}


def test_two_units_that_swap_codes_are_both_reported(country: Country) -> None:
    units = country.world.units()
    assert units[ID_OF["F1"]]["code"] == "F1"
    country.edit("F1", external_ids={"hmis": None})
    country.edit("F2", external_ids={"hmis": ID_OF["F1"]})
    country.edit("F1", external_ids={"hmis": ID_OF["F2"]})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "code-taken", "F2": "code-taken"}
    assert plan["changes"] == []


def test_the_same_id_on_two_objects_is_an_error_of_both(country: Country) -> None:
    country.edit("B", external_ids={"hmis": ID_OF["F1"]})
    assert problems_of(country.plan())["F1"] == "duplicate-external-id"
    assert problems_of(country.plan())["B"] == "duplicate-external-id"


def test_a_name_of_231_characters_is_refused(country: Country) -> None:
    country.edit("F1", label={"default": "x" * 231})
    assert problems_of(country.plan()) == {"F1": "value-refused"}


def test_a_short_name_is_cut_at_a_word(country: Country) -> None:
    country.write(
        new_facility("F9", "A", label={"default": "Saint John of the Holy Cross Community Health Centre North"})
    )
    country.sync()
    assert country.unit_by_code("F9")["shortName"] == "Saint John of the Holy Cross Community Health"


def test_a_short_name_made_by_hand_stays(country: Country) -> None:
    country.world.load({"metadata": {"organisationUnits": [{**country.unit("F1"), "shortName": "BC1"}]}})
    country.edit("F1", label={"default": "Bo Hospital"})
    country.sync()
    assert (country.unit("F1")["name"], country.unit("F1")["shortName"]) == ("Bo Hospital", "BC1")


def test_a_closed_facility_gets_its_closing_date_and_nothing_else(country: Country) -> None:
    country.edit("F1", label={"default": "Gone"}, exists=[{"from": OPENED, "to": "2020-07-01"}])
    country.sync()
    assert (country.unit("F1")["closedDate"][:10], country.unit("F1")["name"]) == ("2020-07-01", "Bo Clinic")


def test_an_object_that_begins_in_the_future_is_not_created(country: Country) -> None:
    country.write(new_facility("F9", "A", exists=[{"from": "2090-01-01", "to": None}]))
    plan = country.plan()
    assert (plan["changes"], plan["problems"]) == ([], [])
    assert plan["counts"]["not_selected"] == 1


def test_an_invalid_object_is_skipped(country: Country) -> None:
    country.edit("F1", label={"default": "Wrong"}, invalid=True)
    plan = country.plan()
    assert (plan["changes"], plan["counts"]["not_selected"]) == ([], 1)


@pytest.mark.parametrize(
    "ring",
    [
        [[-2, 4], [-2, 6], [0, 6], [0, 4], [-2, 4]],
        [[0, 6], [-2, 6], [-2, 4], [0, 4], [0, 6]],
        [[-2.0000000001, 4], [0, 4.0000000001], [0, 6], [-2, 6], [-2.0000000001, 4]],
    ],
    ids=["other direction", "other start", "other precision"],
)
def test_the_same_area_written_otherwise_is_no_change(country: Country, ring: list[list[float]]) -> None:
    country.edit("A", geometry={"type": "Polygon", "coordinates": [ring]})
    assert country.plan()["changes"] == []


def test_what_is_not_mapped_is_kept_byte_for_byte(country: Country) -> None:
    before = deepcopy(country.unit("F1"))
    country.edit("F1", geometry={"type": "Point", "coordinates": [-1.5, 5.5]})
    country.sync()
    after = country.unit("F1")
    assert after["geometry"]["coordinates"] == [-1.5, 5.5]
    for name in UNMAPPED:
        assert after[name] == before[name]


@pytest.mark.parametrize("version", VERSIONS)
def test_group_members_are_added_and_never_removed(make_country: Callable[..., Country], version: str) -> None:
    country = make_country(version, facility={"sync": "both", "groups": ["GrPublic001", "GrClinics01"]})
    country.write(new_facility("F9", "A"))
    assert country.sync()["state"] == "success"
    everyone = {ID_OF["F1"], ID_OF["F2"], ID_OF["F3"], ID_OF["F4"], country.unit_by_code("F9")["id"]}
    assert country.world.group_members("GrPublic001") == everyone
    assert country.world.group_members("GrClinics01") == everyone
    assert country.plan()["changes"] == []


def test_a_second_run_sends_nothing(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    country.write(new_facility("F9", "A"))
    country.sync()
    sent = country.world.requests["POST", "/api/metadata"]
    report = country.sync()
    assert report["changes"] == []
    assert country.world.requests["POST", "/api/metadata"] == sent
