"""What a level can be mapped to, what happens when that changes in DHIS2, and a plan in words (R4.2, R4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.errors import NotAllowed, OtherSide
from cgr.sandbox.faults import Fault
from cgr.sync import planning
from cgr.sync.candidates import Candidates, candidates
from cgr.systems.models import ReadShape

from .country import ID_OF, changed, errors, facility, outcomes, problems_of
from .mappable import (
    BEDS_IN_DHIS2,
    CLINICS,
    HOTLINE,
    HOTLINE_IN_DHIS2,
    OWNER,
    OWNERSHIP_IN_DHIS2,
    PRIVATE,
    PUBLIC,
    bodies_sent,
    definitions_with,
    offer_ownership,
    value_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .country import Country

pytestmark = pytest.mark.django_db
DEFINITIONS = definitions_with(OWNER, HOTLINE)
BEDS = {"from": "beds", "to": BEDS_IN_DHIS2}
TO_OPTIONS = {"from": "owner", "to": OWNERSHIP_IN_DHIS2, "terms": {"PUB": "1", "PRI": "2", "NGO": "2"}}
TO_GROUPS = {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE, "NGO": PRIVATE}}
VERSIONS = ("2.31", "2.36", "2.42")


@pytest.fixture
def matching(make_country: Callable[..., Country]) -> Callable[..., Country]:
    """Give a maker of countries whose facilities have an owner and a hotline, with these matchings."""

    def make(*attributes: dict[str, Any], version: str = "2.42", **level: Any) -> Country:
        country = make_country(version, definitions=DEFINITIONS)
        offer_ownership(country.world)
        country.configure(definitions=DEFINITIONS, facility={"attributes": list(attributes), **level})
        return country

    return make


def offered(country: Country, *, refresh: bool = False) -> Candidates:
    return candidates(country.actor, "hmis", type_code="facility", refresh=refresh)


@pytest.mark.parametrize("version", VERSIONS)
def test_it_offers_what_dhis2_has_with_suggestions_for_terms(matching: Callable[..., Country], version: str) -> None:
    found = offered(matching(version=version))

    of = {attribute.code: attribute for attribute in found.offer.attributes}
    assert [one.name for one in of["beds"].valid] == ["Beds"]
    assert [one.name for one in of["hotline"].valid] == ["Hotline", "Theirs"]
    (ownership,) = of["owner"].valid
    assert {one.term: one.target for one in ownership.suggestions} == {"PUB": "1", "PRI": "2"}
    assert {one.term: one.target for one in of["owner"].groups} == {"PUB": PUBLIC, "PRI": PRIVATE}
    assert [level.name for level in found.offer.levels] == ["Country", "Region", "District", "Facility"]
    assert "Ownership" in found.offer.group_sets.values()
    assert found.offer.locales["fr"] == "French"
    assert found.user == "admin"


def test_what_was_read_is_kept_with_its_age_until_somebody_asks_anew(matching: Callable[..., Country]) -> None:
    country = matching()
    first = offered(country)
    del country.world.objects["attributes"][BEDS_IN_DHIS2]
    requests = len(country.world.log)

    again = offered(country)
    assert len(country.world.log) == requests
    assert (again.offer, again.read_at, again.not_refreshed) == (first.offer, first.read_at, None)
    assert again.age_s >= 0

    fresh = offered(country, refresh=True)
    assert fresh.read_at > first.read_at
    assert not fresh.offer.attributes[0].valid


def test_a_check_and_a_plan_keep_what_they_read_anyway(matching: Callable[..., Country]) -> None:
    country = matching()
    planning.check(country.actor, "all")
    checked = ReadShape.objects.get(system__code="hmis").read_at
    country.plan()
    assert ReadShape.objects.get(system__code="hmis").read_at > checked


def test_a_dhis2_that_is_away_leaves_what_was_read_last(matching: Callable[..., Country]) -> None:
    country = matching()
    country.world.faults.add(Fault("html", path="/api/.*", times=0))
    with pytest.raises(OtherSide):
        offered(country)
    country.world.faults.clear()
    before = offered(country)
    country.world.faults.add(Fault("html", path="/api/.*", times=0))

    found = offered(country, refresh=True)

    assert found.offer == before.offer
    assert found.read_at == before.read_at
    assert found.not_refreshed


def test_another_address_is_another_server_whose_offer_is_unknown(matching: Callable[..., Country]) -> None:
    country = matching()
    offered(country)
    country.url = country.url.replace("127.0.0.1", "localhost")
    country.configure(definitions=DEFINITIONS)
    assert not ReadShape.objects.exists()


def test_a_type_that_is_not_there_is_unknown(matching: Callable[..., Country]) -> None:
    with pytest.raises(NotAllowed):
        candidates(matching().actor, "hmis", type_code="palace")


def named(plan: dict[str, Any]) -> list[str]:
    return [finding["where"] for finding in plan["findings"]]


def retire_option(country: Country, code: str) -> None:
    options = {uid: one for uid, one in country.world.objects["options"].items() if one["code"] != code}
    country.world.objects["options"] = options
    for option_set in country.world.objects["optionSets"].values():
        option_set["options"] = [one for one in option_set["options"] if one["id"] in options]


def test_an_attribute_that_vanished_is_named_and_stops_only_itself(matching: Callable[..., Country]) -> None:
    country = matching(BEDS, {"from": "hotline", "to": HOTLINE_IN_DHIS2})
    country.edit("F1", values={"beds": 12, "hotline": "+23276123456"})
    del country.world.objects["attributes"][HOTLINE_IN_DHIS2]
    plan = country.plan()
    assert named(plan) == ["level 4 (facility), attribute hotline"]
    assert set(changed(plan)["F1"]) == {f"attribute:{BEDS_IN_DHIS2}"}
    assert country.apply(plan)["state"] == "warning"


def test_an_attribute_that_takes_other_values_now_is_named_and_stops_only_itself(
    matching: Callable[..., Country],
) -> None:
    country = matching(BEDS, {"from": "hotline", "to": HOTLINE_IN_DHIS2})
    country.edit("F1", values={"beds": 12, "hotline": "+23276123456"})
    country.world.objects["attributes"][BEDS_IN_DHIS2]["valueType"] = "COORDINATE"
    plan = country.plan()
    assert named(plan) == ["level 4 (facility), attribute beds"]
    assert set(changed(plan)["F1"]) == {f"attribute:{HOTLINE_IN_DHIS2}"}
    assert plan["problems"] == []


def test_an_option_that_vanished_is_named_and_stops_only_objects_with_its_term(
    matching: Callable[..., Country],
) -> None:
    country = matching(BEDS, TO_OPTIONS)
    country.edit("F1", values={"beds": 12, "owner": "PUB"})
    country.edit("F2", values={"beds": 13, "owner": "PRI"})
    retire_option(country, "1")
    plan = country.plan()
    assert named(plan) == ["level 4 (facility), attribute owner, term PUB"]
    assert problems_of(plan) == {"F1": "term-unmapped"}
    assert set(changed(plan)) == {"F2"}


def test_the_group_of_a_term_that_vanished_is_named_and_stops_only_objects_with_that_term(
    matching: Callable[..., Country],
) -> None:
    country = matching(TO_GROUPS)
    country.edit("F1", values={"owner": "PUB"})
    country.edit("F2", values={"owner": "PRI"})
    del country.world.objects["organisationUnitGroups"][PUBLIC]
    plan = country.plan()
    assert named(plan) == ["level 4 (facility), attribute owner, term PUB"]
    assert problems_of(plan) == {"F1": "term-unmapped"}
    assert [change["group_names"] for change in plan["changes"]] == [["Private"]]


@pytest.mark.parametrize(("version", "moves"), [("2.36", True), ("2.42", False)])
def test_without_the_authority_to_move_units_only_moves_stop(
    matching: Callable[..., Country], version: str, *, moves: bool
) -> None:
    country = matching(version=version)
    country.restrict_account("F_ORGANISATIONUNIT_ADD")
    country.edit("F1", parents={"admin": "D"})
    country.edit("F2", label={"default": "Kono Hospital"})
    country.write(facility("F9", "A"))
    found = [finding.where for finding in planning.check(country.actor, "all")]
    assert ("authority F_ORGANISATIONUNIT_MOVE" in found) is not moves
    plan = country.plan()
    assert set(changed(plan)) == ({"F1", "F2", "F9"} if moves else {"F2", "F9"})
    assert problems_of(plan) == ({} if moves else {"F1": "refused-by-dhis2"})
    assert all("F_ORGANISATIONUNIT_MOVE" in problem["next_step"] for problem in plan["problems"])
    country.apply(plan)
    assert country.unit("F2")["name"] == "Kono Hospital"


def test_a_plan_names_the_authorities_that_are_missing_and_stops_only_what_needs_them(
    matching: Callable[..., Country],
) -> None:
    country = matching(groups=[CLINICS])
    country.restrict_account("F_ORGUNITGROUP_PUBLIC_ADD")
    country.edit("F1", label={"default": "Bo Hospital"})
    country.write(facility("F9", "A"))
    plan = country.plan()
    assert named(plan) == ["authority F_ORGANISATIONUNIT_ADD", "authority F_ORGANISATIONUNIT_MOVE"]
    assert problems_of(plan) == {"F1": "refused-by-dhis2", "F9": "refused-by-dhis2"}
    assert all("F_ORGANISATIONUNIT_ADD" in problem["next_step"] for problem in plan["problems"])
    report = country.apply(plan)
    assert outcomes(report) == {"F2": "done", "F3": "done", "F4": "done"}
    assert country.world.group_members(CLINICS) == {ID_OF[code] for code in ("F1", "F2", "F3", "F4")}
    assert list(bodies_sent(country.world)) == []


def test_an_authority_that_was_taken_away_since_the_plan_is_named_with_the_run(
    matching: Callable[..., Country],
) -> None:
    country = matching()
    country.edit("F1", parents={"admin": "D"})
    country.edit("F2", label={"default": "Kono Hospital"})
    plan = country.plan()
    country.restrict_account("F_ORGANISATIONUNIT_ADD")
    report = country.apply(plan)
    assert named(report) == ["authority F_ORGANISATIONUNIT_MOVE"]
    assert outcomes(report) == {"F1": "failed", "F2": "done"}


@pytest.mark.parametrize("version", ["2.31", "2.38", "2.42"])
@pytest.mark.parametrize("lost", ["attribute", "option", "value type"])
def test_what_vanished_since_the_plan_is_named_with_the_run_and_stops_only_what_needs_it(
    matching: Callable[..., Country], version: str, lost: str
) -> None:
    country = matching(TO_OPTIONS, version=version)
    country.edit("F1", values={"owner": "PRI"})
    country.edit("F2", values={"owner": "PUB"})
    country.edit("F3", label={"default": "Moa Hospital"})
    plan = country.plan()
    attribute = country.world.objects["attributes"][OWNERSHIP_IN_DHIS2]
    if lost == "attribute":
        attribute["organisationUnitAttribute"] = False
    elif lost == "option":
        retire_option(country, "2")
    else:
        attribute.update(valueType="COORDINATE")
    country.world.objects_version += 1
    report = country.apply(plan)
    assert named(report)[0].startswith("level 4 (facility), attribute owner")
    stopped = {"F1"} if lost == "option" else {"F1", "F2"}
    expected = {code: "skipped" if code in stopped else "done" for code in ("F1", "F2", "F3")}
    assert outcomes(report) == expected
    assert {error["code"] for error in errors(report).values()} == {"changed-in-dhis2"}
    assert value_in(country.unit("F1"), OWNERSHIP_IN_DHIS2) is None
    assert country.unit("F3")["name"] == "Moa Hospital"
    assert country.report(plan)["state"] == "warning"


def test_a_plan_and_its_report_say_changes_in_the_words_of_dhis2(matching: Callable[..., Country]) -> None:
    country = matching(TO_OPTIONS, TO_GROUPS)
    country.edit("F1", values={"owner": "PUB"})
    assert country.sync()["state"] == "success"
    country.edit("F1", values={"owner": "PRI"}, parents={"admin": "D"})

    plan = country.plan()
    for shown in (plan, country.apply(plan)):
        (change,) = shown["changes"]
        owner, parent = change["fields"][f"attribute:{OWNERSHIP_IN_DHIS2}"], change["fields"]["parent"]
        assert (owner["label"], owner["words"]) == ("Ownership", "1 → 2 (Public → Private)")
        assert parent["words"] == f"{ID_OF['A']} → {ID_OF['D']} (Abo → Daru)"
        assert change["group_names"] == ["Private"]
    assert [note["message"] for note in plan["notes"] if "“Public”" in note["message"]]


def test_levels_may_continue_into_an_inherited_hierarchy(make_country: Callable[..., Country]) -> None:
    country = make_country()
    organization = {"organization": "MOH", "label": "Health"}
    shop = {"code": "shop", "organization": "MOH", "label": "Shop"}
    heir = {"code": "health", "inherits": "admin", "tree": {"district": {"shop": {}}}, **organization}
    definitions = {
        **DEFINITIONS,
        "types": [*DEFINITIONS["types"], shop],
        "hierarchies": [heir, *DEFINITIONS["hierarchies"]],
    }
    document = country.document(definitions=definitions, facility={"type": "shop"})
    document["syncs"][0]["hierarchy"] = "health"
    country.apply_document(document)
    country.write({**facility("S1", "A"), "type": "shop", "parents": {"health": "A"}})
    country.edit("A", parents={"admin": "S"})

    plan = country.plan()

    assert problems_of(plan) == {}
    assert changed(plan)["A"]["parent"]["to"] == ID_OF["S"]
    assert changed(plan)["S1"]["parent"]["to"] == ID_OF["A"]
    assert country.apply(plan)["state"] == "success"
    assert country.unit_by_code("S1")["parent"]["id"] == ID_OF["A"]
