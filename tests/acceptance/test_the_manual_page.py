"""The middle of the manual page told as stories: attribute matching, terms A (option sets) and B (groups), their union.

Each test says one sentence of that page and looks at DHIS2 (R6, R7, R8).
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from .country import ID_OF, changed, facility, problems_of
from .mappable import (
    BEDS_IN_DHIS2,
    CLINICS,
    HOTLINE,
    HOTLINE_IN_DHIS2,
    OWNER,
    OWNERSHIP_IN_DHIS2,
    PRIVATE,
    PUBLIC,
    VERSIONS,
    definitions_with,
    offer_ownership,
    value_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db

BEDS = {"from": "beds", "to": BEDS_IN_DHIS2}
TO_OPTIONS = {"from": "owner", "to": OWNERSHIP_IN_DHIS2, "terms": {"PUB": "1", "PRI": "2"}}
TO_GROUPS = {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}}
EVERY_FACILITY = {ID_OF[code] for code in ("F1", "F2", "F3", "F4")}


@pytest.fixture
def matching(make_country: Callable[..., Country]) -> Callable[..., Country]:
    """Give a maker of countries whose facilities have an owner and a hotline, with these matchings."""
    definitions = definitions_with(OWNER, HOTLINE)

    def make(*attributes: dict[str, Any], version: str = "2.42", **level: Any) -> Country:
        facility = {"attributes": list(attributes), **level}
        country = make_country(version, definitions=definitions, facility=facility)
        offer_ownership(country.world)
        return country

    return make


def members(country: Country) -> dict[str, set[str]]:
    return {group: country.world.group_members(group) for group in (PUBLIC, PRIVATE, CLINICS)}


def test_an_attribute_that_is_not_matched_is_not_synchronized_and_prevents_nothing_else(
    matching: Callable[..., Country],
) -> None:
    country = matching(BEDS)
    country.edit("F1", label={"default": "Bo Hospital"}, parents={"admin": "B"}, values={"hotline": "?", "beds": 12})
    assert country.sync()["state"] == "success"
    unit = country.unit("F1")
    assert (unit["name"], unit["parent"]["id"]) == ("Bo Hospital", ID_OF["B"])
    assert (value_in(unit, BEDS_IN_DHIS2), value_in(unit, HOTLINE_IN_DHIS2)) == ("12", None)


def test_an_attribute_that_is_left_at_not_matched_in_the_form_is_as_if_it_were_not_there(
    matching: Callable[..., Country],
) -> None:
    country = matching({"from": "hotline"}, BEDS)
    country.edit("F1", values={"hotline": "?", "beds": 12})
    assert {code: list(fields) for code, fields in changed(country.plan()).items()} == {
        "F1": [f"attribute:{BEDS_IN_DHIS2}"]
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_the_option_that_the_term_is_matched_to_becomes_the_value_of_the_attribute(
    matching: Callable[..., Country], version: str
) -> None:
    country = matching(TO_OPTIONS, version=version)
    country.edit("F1", values={"owner": "PUB"})
    country.edit("F2", values={"owner": "PRI"})
    country.write(facility("F9", "A", values={"owner": "PRI"}))
    assert country.sync()["state"] == "success"
    assert value_in(country.unit("F1"), OWNERSHIP_IN_DHIS2) == "1"
    assert value_in(country.unit("F2"), OWNERSHIP_IN_DHIS2) == "2"
    assert value_in(country.unit_by_code("F9"), OWNERSHIP_IN_DHIS2) == "2"
    assert value_in(country.unit("F1"), "AtUnmapped1") == "theirs"
    assert country.plan()["changes"] == []


def test_a_without_a_term_the_attribute_is_not_set(matching: Callable[..., Country]) -> None:
    country = matching(TO_OPTIONS)
    country.edit("F1", label={"default": "Bo Hospital"})
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert plan["problems"] == []
    country.apply(plan)
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert value_in(country.unit("F1"), OWNERSHIP_IN_DHIS2) is None
    assert value_in(country.unit_by_code("F9"), OWNERSHIP_IN_DHIS2) is None


def test_a_a_term_that_is_taken_away_leaves_what_dhis2_has_and_says_so(matching: Callable[..., Country]) -> None:
    country = matching(TO_OPTIONS)
    country.edit("F1", values={"owner": "PUB"})
    country.sync()
    country.edit("F1", values={"owner": None})
    plan = country.plan()
    assert plan["changes"] == []
    assert [(note["code"], note["object"]["code"]) for note in plan["notes"]] == [("not-cleared", "F1")]


@pytest.mark.parametrize("matched", [TO_OPTIONS, TO_GROUPS], ids=["A option sets", "B groups"])
@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_a_term_that_is_not_mapped_keeps_the_whole_object_from_being_exported(
    matching: Callable[..., Country], matched: dict[str, Any], version: str
) -> None:
    country = matching(matched, BEDS, version=version, groups=[CLINICS])
    before = deepcopy(country.unit("F1"))
    country.edit("F1", label={"default": "Changed"}, parents={"admin": "B"}, values={"owner": "NGO", "beds": 3})
    country.write(facility("F9", "A", values={"owner": "NGO"}))
    country.edit("F2", label={"default": "Kono Hospital"}, values={"owner": "PUB"})
    plan = country.plan()
    assert problems_of(plan) == {"F1": "term-unmapped", "F9": "term-unmapped"}
    (problem, _) = plan["problems"]
    assert problem["message"] == "The term NGO of owner is not mapped."
    assert problem["next_step"] == "Map the term NGO in the configuration, or correct the object's owner."
    country.apply(plan)
    assert country.unit("F1") == before
    assert not any(unit.get("code") == "F9" for unit in country.world.units().values())
    assert country.unit("F2")["name"] == "Kono Hospital"
    assert country.world.group_members(CLINICS) == EVERY_FACILITY  # F1 was there before


def test_an_object_below_one_that_is_not_exported_still_is(make_country: Callable[..., Country]) -> None:
    definitions = definitions_with()
    definitions["types"][2] = {**definitions["types"][2], "attributes": [OWNER]}
    country = make_country(definitions=definitions, district={"attributes": [TO_OPTIONS]})
    offer_ownership(country.world)
    country.edit("A", values={"owner": "NGO"})
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert problems_of(plan) == {"A": "term-unmapped"}
    country.apply(plan)
    assert country.unit_by_code("F9")["parent"]["id"] == ID_OF["A"]


def test_b_objects_are_assigned_to_the_group_that_their_term_is_matched_to(matching: Callable[..., Country]) -> None:
    country = matching(TO_GROUPS)
    country.edit("F1", values={"owner": "PUB"})
    country.edit("F2", values={"owner": "PRI"})
    country.write(facility("F9", "A", values={"owner": "PRI"}))
    assert country.sync()["state"] == "success"
    new = country.unit_by_code("F9")["id"]
    assert members(country) == {PUBLIC: {ID_OF["F1"]}, PRIVATE: {ID_OF["F2"], new}, CLINICS: {ID_OF["F1"]}}
    assert country.plan()["changes"] == []


def test_b_without_a_term_the_object_is_assigned_to_no_group(matching: Callable[..., Country]) -> None:
    country = matching(TO_GROUPS)
    country.edit("F1", label={"default": "Bo Hospital"})
    plan = country.plan()
    assert plan["problems"] == []
    country.apply(plan)
    assert country.unit("F1")["name"] == "Bo Hospital"
    assert members(country) == {PUBLIC: set(), PRIVATE: set(), CLINICS: {ID_OF["F1"]}}


def test_b_units_that_are_in_the_group_already_are_not_affected(matching: Callable[..., Country]) -> None:
    country = matching(TO_GROUPS)
    group = country.world.objects["organisationUnitGroups"][PRIVATE]
    group["organisationUnits"] = [{"id": ID_OF["D"]}, {"id": ID_OF["F4"]}]
    country.edit("F1", values={"owner": "PRI"})
    country.sync()
    assert members(country)[PRIVATE] == {ID_OF["D"], ID_OF["F4"], ID_OF["F1"]}


def test_b_a_term_that_changes_adds_the_new_group_and_leaves_the_old_one_with_a_note(
    matching: Callable[..., Country],
) -> None:
    country = matching(TO_GROUPS)
    country.edit("F1", values={"owner": "PUB"})
    country.sync()
    country.edit("F1", values={"owner": "PRI"})
    plan = country.plan()
    assert [(note["code"], note["object"]["code"]) for note in plan["notes"]] == [
        ("stays-in-group", "F1"),
        ("two-groups-of-one-set", "F1"),
    ]
    country.apply(plan)
    assert (members(country)[PUBLIC], members(country)[PRIVATE]) == ({ID_OF["F1"]}, {ID_OF["F1"]})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_level_with_a_group_and_a_term_with_groups_add_the_unit_to_all_of_them(
    matching: Callable[..., Country], version: str
) -> None:
    country = matching(TO_GROUPS, TO_OPTIONS, version=version, groups=[CLINICS])
    country.edit("F1", values={"owner": "PUB"})
    country.edit("F2", values={"owner": "PRI"})
    plan = country.plan()
    assert {change["object"]["code"]: sorted(change["groups"]) for change in plan["changes"]} == {
        "F1": [PUBLIC],
        "F2": sorted([CLINICS, PRIVATE]),
        "F3": [CLINICS],
        "F4": [CLINICS],
    }
    assert country.apply(plan)["state"] == "success"
    assert members(country) == {PUBLIC: {ID_OF["F1"]}, PRIVATE: {ID_OF["F2"]}, CLINICS: EVERY_FACILITY}
    assert value_in(country.unit("F2"), OWNERSHIP_IN_DHIS2) == "2"
    assert country.plan()["changes"] == []


def test_an_option_that_was_retired_in_dhis2_stops_only_the_objects_with_its_term(
    matching: Callable[..., Country],
) -> None:
    country = matching(TO_OPTIONS)
    options = country.world.objects["options"]
    retired = next(uid for uid, option in options.items() if option["code"] == "2")
    del options[retired]
    option_set = country.world.objects["optionSets"]["OsOwner0001"]
    option_set["options"] = [option for option in option_set["options"] if option["id"] != retired]
    country.edit("F1", values={"owner": "PUB"})
    country.edit("F2", values={"owner": "PRI"})
    plan = country.plan()
    assert problems_of(plan) == {"F2": "term-unmapped"}
    assert set(changed(plan)) == {"F1"}
    (finding,) = plan["findings"]
    assert finding["message"] == (
        "Level 4 (facility), attribute owner, term PRI: the option set of “Ownership” has no option with code 2."
    )
    assert finding["next_step"] == "Use the code (not the name) of one of its options: 1."
