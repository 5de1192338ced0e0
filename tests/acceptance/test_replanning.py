"""What moved on either side between plan and apply is left alone, and planned again with what it is now (R9.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .country import ID_OF, changed, district, errors, facility, outcomes, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db


def edit_there(country: Country, code: str, **fields: Any) -> None:
    country.world.load({"metadata": {"organisationUnits": [{**country.unit(code), **fields}]}})


def again(country: Country, run: dict[str, Any]) -> dict[str, Any]:
    return country.plan(only=f"failed-of:{run['id']}")


def test_what_was_skipped_is_in_the_next_plan_as_it_is_now_and_nothing_else_is(country: Country) -> None:
    for code in ("F1", "F2", "F3"):
        country.edit(code, label={"default": f"{code} renamed"})
    plan = country.plan()
    edit_there(country, "F1", name="Edited there")
    country.edit("F2", label={"default": "F2 renamed anew"})
    run = country.apply(plan)
    assert outcomes(run) == {"F1": "skipped", "F2": "skipped", "F3": "done"}
    assert {code: error["code"] for code, error in errors(run).items()} == {
        "F1": "changed-in-dhis2",
        "F2": "changed-in-registry",
    }
    country.edit("F4", label={"default": "Not of that run"})
    new = again(country, run)
    assert {code: fields["name"] for code, fields in changed(new).items()} == {
        "F1": {"from": "Edited there", "to": "F1 renamed"},
        "F2": {"from": "Kono Clinic", "to": "F2 renamed anew"},
    }
    assert new["digest"] != plan["digest"]
    assert outcomes(country.apply(new)) == {"F1": "done", "F2": "done"}
    assert country.unit("F1")["name"] == "F1 renamed"
    assert country.unit("F2")["name"] == "F2 renamed anew"
    assert country.unit("F4")["name"] == "Sewa Clinic"


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
