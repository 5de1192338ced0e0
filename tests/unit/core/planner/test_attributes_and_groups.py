"""Custom attributes, terms, groups, and values that only one unit may have (R6, R7, R8)."""

from __future__ import annotations

import pytest

from cgr.core.changes import Kind

from .worlds import (
    ALL_FACILITIES,
    BEDS,
    EMERGENCY,
    LICENCE,
    OWNER,
    PRIVATE,
    PUBLIC,
    changes,
    notes,
    problem,
    problems,
    sent,
    shape,
    small_country,
    uid,
)

BEDS_MAPPED = {"from": "beds", "to": BEDS}
OWNER_MAPPED = {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}}
OWNER_GROUPS = {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}}


def has(world, code, attribute, value):
    """Let DHIS2 hold a value."""
    world.unit(code).setdefault("attributeValues", []).append({"attribute": {"id": attribute}, "value": value})


def test_a_value_is_sent_as_its_type_writes_it():
    world = small_country()
    world.level("facility", attributes=[BEDS_MAPPED])
    world.give("F1", beds=12)
    planned = world.plan()
    field = changes(planned)["F1"].fields[f"attribute:{BEDS}"]
    assert (field.before, field.after) == (None, "12")


def test_values_compare_as_their_type_does():
    world = small_country()
    world.level("facility", attributes=[BEDS_MAPPED])
    world.give("F1", beds=12)
    has(world, "F1", BEDS, "12.0")
    assert not world.plan().changes


def test_no_value_of_ours_leaves_theirs_unless_told_to_clear():
    world = small_country()
    world.level("facility", attributes=[BEDS_MAPPED])
    has(world, "F1", BEDS, "12")
    assert notes(world.plan()) == [("not-cleared", "F1")]
    world.level("facility", attributes=[{**BEDS_MAPPED, "clear": True}])
    assert sent(world.plan()) == {"F1": {f"attribute:{BEDS}": None}}


def test_a_no_for_a_true_only_attribute_takes_the_value_away():
    world = small_country()
    world.level("facility", attributes=[{"from": "emergency", "to": EMERGENCY}])
    world.give("F1", emergency=False)
    world.give("F2", emergency=False)
    has(world, "F1", EMERGENCY, "true")
    planned = world.plan()
    assert sent(planned) == {"F1": {f"attribute:{EMERGENCY}": None}}
    assert not planned.notes


def test_a_value_that_dhis2_would_refuse_stops_the_object_and_nobody_else():
    world = small_country()
    world.level("facility", attributes=[BEDS_MAPPED])
    world.change("F1", values={"beds": -1}, label={"default": "Changed"})
    world.give("F2", beds=3)
    planned = world.plan()
    assert problems(planned) == {"F1": ["value-refused"]}
    assert "Beds" in problem(planned, "F1").message
    assert set(sent(planned)) == {"F2"}


def test_the_code_of_the_option_is_sent():
    world = small_country()
    world.level("facility", attributes=[OWNER_MAPPED])
    world.give("F1", owner="PRI")
    assert sent(world.plan()) == {"F1": {f"attribute:{OWNER}": "2"}}


@pytest.mark.parametrize("mapped", [OWNER_MAPPED, OWNER_GROUPS])
def test_an_unmapped_term_stops_the_object_and_no_value_does_not(mapped):
    world = small_country()
    world.level("facility", attributes=[mapped])
    world.give("F1", owner="NGO")
    for code in ("F1", "F2"):
        world.rename(code, f"Changed {code}")
    planned = world.plan()
    assert problems(planned) == {"F1": ["term-unmapped"]}
    assert "NGO" in problem(planned, "F1").message
    assert set(sent(planned)) == {"F2"}


def test_level_groups_and_term_groups_add_up_and_only_missing_members_join():
    world = small_country()
    world.level("facility", groups=[ALL_FACILITIES], attributes=[OWNER_GROUPS])
    world.members[ALL_FACILITIES] = {uid("F1"), uid("F3"), "another0001"}
    world.give("F1", owner="PUB")
    world.give("F2", owner="PRI")
    planned = world.plan()
    assert {code: change.groups for code, change in changes(planned).items()} == {
        "F1": (PUBLIC,),
        "F2": (ALL_FACILITIES, PRIVATE),
    }
    assert {change.kinds for change in planned.changes} == {(Kind.GROUP,)}
    assert (planned.counts.group, planned.counts.update, planned.counts.unchanged) == (2, 0, 6)


def test_a_new_unit_joins_its_groups_with_its_creation():
    world = small_country()
    world.level("facility", groups=[ALL_FACILITIES])
    world.members[ALL_FACILITIES] = {uid("F1"), uid("F2"), uid("F3")}
    world.add("F9", "D1", linked=False)
    (change,) = world.plan().changes
    assert (change.kinds, change.groups) == ((Kind.CREATE, Kind.GROUP), (ALL_FACILITIES,))


def test_a_term_that_changed_leaves_the_unit_in_its_old_group_and_says_so():
    world = small_country()
    world.level("facility", attributes=[OWNER_GROUPS])
    world.members[PUBLIC] = {uid("F1")}
    world.give("F1", owner="PRI")
    planned = world.plan()
    assert changes(planned)["F1"].groups == (PRIVATE,)
    assert notes(planned) == [("stays-in-group", "F1"), ("two-groups-of-one-set", "F1")]


def test_a_mandatory_attribute_without_a_value_stops_creations_and_updates_and_nothing_else():
    world = small_country(shape=shape(mandatory=(BEDS,)))
    world.level("facility", attributes=[BEDS_MAPPED], groups=[ALL_FACILITIES])
    world.add("F8", "D1", linked=False, values={"beds": 1})
    world.add("F9", "D1", linked=False)
    world.rename("F1", "Changed")
    has(world, "F2", BEDS, "7")
    world.move("F2", "D2")
    planned = world.plan()
    assert problems(planned) == {"F1": ["mandatory-attribute-missing"], "F9": ["mandatory-attribute-missing"]}
    assert set(changes(planned)) == {"F2", "F3", "F8"}
    assert changes(planned)["F3"].kinds == (Kind.GROUP,)


def test_a_mandatory_attribute_that_nobody_maps_stops_moves_of_units_without_it():
    world = small_country(shape=shape(mandatory=(BEDS,)))
    world.level("facility", sync="relationships")
    world.move("F1", "D2")
    assert problems(world.plan()) == {"F1": ["mandatory-attribute-missing"]}


def test_a_mandatory_attribute_is_not_cleared():
    world = small_country(shape=shape(mandatory=(BEDS,)))
    world.level("facility", attributes=[{**BEDS_MAPPED, "clear": True}])
    has(world, "F1", BEDS, "7")
    assert problems(world.plan()) == {"F1": ["mandatory-attribute-missing"]}


def test_a_code_of_another_unit_is_taken():
    world = small_country()
    world.owners["another0001"] = {"id": "another0001", "code": "F9", "parent": {"id": uid("D1")}}
    world.change("F1", code="F9", label={"default": "Changed"})
    world.rename("F2", "Changed")
    planned = world.plan()
    assert problems(planned) == {"F9": ["code-taken"]}
    assert "another0001" in problem(planned, "F9").message
    assert set(sent(planned)) == {"F2"}


def test_a_code_that_two_objects_want_is_a_problem_of_both():
    world = small_country()
    world.add("F8", "D1", linked=False)
    world.add("D8", "R1", linked=False, code="F8")
    planned = world.plan()
    assert [(one.object.type, one.code.value) for one in planned.problems] == [
        ("district", "code-taken"),
        ("facility", "code-taken"),
    ]


def test_two_units_that_exchange_codes_are_both_told_that_it_takes_a_third():
    world = small_country()
    world.change("F1", code="F2")
    world.change("F2", code="F1")
    planned = world.plan()
    assert problems(planned) == {"F1": ["code-taken"], "F2": ["code-taken"]}
    assert "third" in problem(planned, "F1").next_step
    assert not planned.changes


def test_codes_that_go_round_three_units_are_an_exchange_too():
    world = small_country()
    for code, wanted in (("F1", "F2"), ("F2", "F3"), ("F3", "F1")):
        world.change(code, code=wanted)
    planned = world.plan()
    assert not planned.changes
    assert all("third" in one.next_step for one in planned.problems)


def test_a_code_that_is_given_up_in_this_run_is_free_in_the_next():
    world = small_country()
    world.change("F1", code="F9")
    world.change("F2", code="F1")
    planned = world.plan()
    assert set(sent(planned)) == {"F9"}
    assert "again" in problem(planned, "F1").next_step
    world.apply(planned)
    world.apply(world.plan())
    assert world.unit("F2")["code"] == "F1"


def test_a_unique_value_of_another_unit_or_object_is_taken():
    world = small_country()
    world.level("facility", attributes=[{"from": "licence", "to": LICENCE}])
    has(world, "D1", LICENCE, "A 1")
    world.give("F1", licence="A  1")
    world.give("F2", licence="B")
    world.give("F3", licence="B")
    planned = world.plan()
    assert problems(planned) == {code: ["unique-value-taken"] for code in ("F1", "F2", "F3")}
    assert "Licence number" in problem(planned, "F1").message


def test_a_unit_keeps_its_own_code_and_unique_value():
    world = small_country()
    world.level("facility", attributes=[{"from": "licence", "to": LICENCE}])
    has(world, "F1", LICENCE, "B")
    world.give("F1", licence="B")
    world.rename("F1", "Changed")
    assert not world.plan().problems


def test_nothing_of_attributes_goes_out_under_relationships():
    world = small_country()
    world.level("facility", sync="relationships", attributes=[OWNER_MAPPED, BEDS_MAPPED])
    world.give("F1", owner="NGO", beds=-1)
    assert world.plan().counts.unchanged == 8
