"""Taking out what DHIS2 refuses, with what depends on it (R5.5)."""

from __future__ import annotations

from cgr.core.changes import ProblemCode
from cgr.core.planner import dependants, withdraw

from .worlds import changes, problem, problems, sent, small_country, uid

TOO_LONG = (ProblemCode.VALUE_REFUSED, "DHIS2 refuses the unit: too long", "Shorten it.")


def with_a_new_branch():
    world = small_country()
    world.add("R9", "C1", linked=False)
    world.add("D9", "R9", linked=False)
    world.add("F9", "D9", linked=False)
    world.move("F1", "D9")
    world.rename("F2", "Changed")
    return world.plan()


def test_a_refused_change_becomes_a_problem_and_the_rest_stays():
    planned = withdraw(with_a_new_branch(), {uid("F2"): TOO_LONG})
    assert problems(planned) == {"F2": ["value-refused"]}
    assert problem(planned, "F2").message == TOO_LONG[1]
    assert problem(planned, "F2").uid == uid("F2")
    assert "F2" not in sent(planned)
    assert (planned.counts.update, planned.counts.problem, planned.counts.unchanged) == (0, 1, 6)


def test_what_is_new_below_a_refused_object_is_blocked_by_it_however_deep():
    before = with_a_new_branch()
    planned = withdraw(before, {changes(before)["R9"].uid: TOO_LONG})
    assert problems(planned) == {"R9": ["value-refused"], "D9": ["blocked"], "F9": ["blocked"], "F1": ["blocked"]}
    assert {problem(planned, code).blocked_by.code for code in ("D9", "F9", "F1")} == {"R9"}
    assert set(sent(planned)) == {"F2"}
    assert (planned.counts.create, planned.counts.move, planned.counts.problem) == (0, 0, 4)


def test_a_refused_object_below_another_refused_one_keeps_its_own_reason():
    before = with_a_new_branch()
    by_code = changes(before)
    planned = withdraw(before, {by_code["R9"].uid: TOO_LONG, by_code["D9"].uid: TOO_LONG})
    assert problems(planned)["D9"] == ["value-refused"]
    assert problem(planned, "F9").blocked_by.code == "D9"


def test_an_object_that_had_a_problem_already_is_counted_once():
    world = small_country()
    world.move("F1", "D1", "D2")
    world.rename("F1", "Changed")
    planned = withdraw(world.plan(), {uid("F1"): TOO_LONG})
    assert problems(planned) == {"F1": ["several-parents", "value-refused"]}
    assert planned.counts.problem == 1


def test_ids_that_are_not_in_the_plan_change_nothing():
    before = with_a_new_branch()
    assert withdraw(before, {"unknown0001": TOO_LONG}) == before


def test_dependants_are_told_with_the_unit_that_they_wait_for():
    before = with_a_new_branch()
    by_code = changes(before)
    refused = by_code["D9"].uid
    assert dependants(before.changes, [refused]) == {by_code["F9"].uid: refused, uid("F1"): refused}


def test_withdrawing_keeps_guards_and_notes():
    world = small_country(options={"limits": {"min_units": 1, "changed_share": 0.01}})
    world.rename("F1", "Changed")
    before = world.plan()
    assert before.guards
    assert withdraw(before, {uid("F1"): TOO_LONG}).guards == before.guards
