"""Which objects a level takes and what of them: filter, geometry, sync type none (R4.3). The rest is never touched."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from .country import ID_OF, POINT, changed, facility, outcomes, problems_of
from .mappable import CLINICS, HOTLINE, OWNER, PUBLIC, bodies_sent, definitions_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
ELSEWHERE = {"type": "Point", "coordinates": [-1.5, 5.5]}
DEFINITIONS = definitions_with(OWNER, HOTLINE, {"code": "open", "label": "Open", "kind": "boolean"})


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        ({"owner": ["PUB"]}, {"F1"}),
        ({"owner": ["PUB", "PRI"]}, {"F1", "F2", "F3"}),
        ({"owner": ["PUB", "PRI"], "open": ["true"]}, {"F1", "F2"}),
        ({"beds": ["12"]}, {"F2"}),
        ({"hotline": ["117"]}, {"F3"}),
        ({"open": ["false"]}, {"F3"}),
    ],
    ids=["a term", "one of two terms", "two conditions", "a number", "a text", "no"],
)
def test_only_what_passes_the_filter_is_selected_and_the_rest_is_never_touched(
    make_country: Callable[..., Country], where: dict[str, list[str]], selected: set[str]
) -> None:
    country = make_country(definitions=DEFINITIONS, facility={"where": where, "groups": [PUBLIC]})
    before = {code: deepcopy(country.unit(code)) for code in ID_OF}
    given: dict[str, dict[str, Any]] = {
        "F1": {"owner": "PUB", "open": True},
        "F2": {"owner": "PRI", "open": True, "beds": 12},
        "F3": {"owner": "PRI", "open": False, "hotline": "117"},
        "F4": {},
    }
    for code, values in given.items():
        country.edit(code, label={"default": f"Changed {code}"}, parents={"admin": "B"}, values=values)
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert set(changed(plan)) == selected
    assert plan["counts"]["not_selected"] == 5 - len(selected)
    assert plan["problems"] == []
    assert set(outcomes(country.apply(plan)).values()) == {"done"}
    assert {unit["id"] for unit in bodies_sent(country.world)} == {ID_OF[code] for code in selected}
    for code in ID_OF.keys() - selected:
        assert country.unit(code) == before[code]
    assert {country.unit(code)["name"] for code in selected} == {f"Changed {code}" for code in selected}
    assert country.world.group_members(PUBLIC) == {ID_OF[code] for code in selected}


def test_an_object_that_is_filtered_out_is_a_parent_for_others_all_the_same(
    make_country: Callable[..., Country],
) -> None:
    definitions = definitions_with()
    definitions["types"][2] = {**definitions["types"][2], "attributes": [OWNER]}
    country = make_country(definitions=definitions, district={"where": {"owner": ["PUB"]}})
    country.edit("A", label={"default": "Changed"})
    country.write(facility("F9", "A"))
    country.sync()
    assert country.unit("A")["name"] == "Abo"
    assert country.unit_by_code("F9")["parent"]["id"] == ID_OF["A"]


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_geometry_goes_where_the_level_says_so_and_stays_where_it_does_not(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version, facility={"geometry": False})
    before = deepcopy(country.unit("F1"))
    country.edit("F1", label={"default": "Bo Hospital"}, geometry=ELSEWHERE)
    country.write(facility("F9", "A", geometry=ELSEWHERE))
    country.sync()
    for name in ("geometry", "featureType", "coordinates"):
        assert country.unit("F1").get(name) == before.get(name)
    assert country.unit_by_code("F9").get("geometry") is None
    assert country.unit_by_code("F9").get("featureType", "NONE") == "NONE"
    country.configure(facility={"geometry": True})
    assert {code: list(fields) for code, fields in changed(country.plan()).items()} == {
        "F1": ["geometry"],
        "F9": ["geometry"],
    }
    country.sync()
    for code in ("F1", "F9"):
        unit = country.unit_by_code(code)
        assert "-1.5" in str(unit.get("coordinates") or unit["geometry"]["coordinates"])
    assert country.plan()["changes"] == []


def test_a_geometry_that_we_do_not_have_takes_nothing_away(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"}, geometry=None)
    plan = country.plan()
    assert "geometry" not in changed(plan)["F1"]
    country.apply(plan)
    assert country.unit("F1")["geometry"] == POINT


@pytest.mark.parametrize("version", ["2.31", "2.42"])
def test_a_level_of_type_none_is_a_parent_and_is_itself_left_alone(
    make_country: Callable[..., Country], version: str
) -> None:
    country = make_country(version, district={"sync": "none", "groups": [CLINICS]}, region={"sync": "none"})
    before = {code: deepcopy(country.unit(code)) for code in ("A", "B", "D", "N", "S")}
    for code in ("A", "N"):
        country.edit(code, label={"default": "Changed"})
    country.edit("A", parents={"admin": "S"}, geometry=None)
    country.write({**facility("X", "N"), "type": "district"}, facility("F9", "A"), facility("F8", "X"))
    country.edit("F1", parents={"admin": "D"})
    plan = country.plan()
    assert set(changed(plan)) == {"F1", "F9"}
    assert problems_of(plan) == {"F8": "parent-not-in-dhis2"}
    country.apply(plan)
    assert {code: country.unit(code) for code in before} == before
    assert country.unit_by_code("F9")["parent"]["id"] == ID_OF["A"]
    assert country.unit("F1")["parent"]["id"] == ID_OF["D"]
    assert country.world.group_members(CLINICS) == {ID_OF["F1"]}
