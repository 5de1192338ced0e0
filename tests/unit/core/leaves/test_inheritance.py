"""Where types stand when a hierarchy continues another one (R4.2)."""

from __future__ import annotations

import pytest

from cgr.core.inheritance import Standing, Standings, continued, inheritance_problem, inherited_first, inherits_itself


def standing(hierarchy: str, **parents: str | None) -> Standings:
    return {code: Standing(parent, hierarchy) for code, parent in parents.items()}


ADMIN = standing("admin", country=None, region="country", district="region", village="district")


def test_the_types_above_the_top_come_along_and_say_who_keeps_their_parents() -> None:
    health = standing("health", district=None, facility="district")

    assert continued(health, ADMIN) == {
        "country": Standing(None, "admin"),
        "region": Standing("country", "admin"),
        "district": Standing("region", "admin"),
        "facility": Standing("district", "health"),
    }


def test_a_type_that_both_place_stands_where_its_own_hierarchy_says() -> None:
    health = standing("health", region=None, district="region")

    assert continued(health, ADMIN)["district"] == Standing("region", "health")


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        (standing("health", district=None, facility="district"), None),
        (standing("health", country=None, facility="country"), None),
        (standing("health", zone=None, facility="zone"), 'its top type "zone" has no place there'),
        (
            standing("health", district=None, region="district"),
            'the type "region" is above "district" there and below another type here',
        ),
        ({}, None),
    ],
)
def test_only_a_tree_that_begins_in_the_other_one_and_closes_no_circle_can_continue_it(
    own: Standings, problem: str | None
) -> None:
    assert inheritance_problem(own, ADMIN) == problem


def test_the_inherited_hierarchy_comes_before_those_that_continue_it() -> None:
    inherits = {"a": "b", "b": "c", "c": None, "d": "elsewhere"}

    assert inherited_first({code: code for code in "adbc"}, inherits) == ["c", "b", "a", "d"]


@pytest.mark.parametrize(
    ("inherits", "itself"),
    [
        ({"a": "a"}, True),
        ({"a": "b", "b": "a"}, True),
        ({"a": "b", "b": "c", "c": "b"}, False),
        ({"a": "b", "b": None}, False),
    ],
)
def test_a_hierarchy_that_continues_itself_is_noticed(inherits: dict[str, str | None], *, itself: bool) -> None:
    assert inherits_itself("a", inherits) is itself
