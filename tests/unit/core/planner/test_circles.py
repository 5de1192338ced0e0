"""Circles in the tree that would result, and moves that wait for others (R5.11, verified fact H5)."""

from __future__ import annotations

from cgr.core.changes import ProblemCode
from cgr.core.planner import withdraw

from .worlds import World, changes, problem, problems, sent, small_country, uid

REFUSED = (ProblemCode.REFUSED_BY_DHIS2, "no", "ask")


def chain(*codes):
    """Make a tree in which each is below the one before; all but the first are districts, to be moved at will."""
    world = World()
    above = None
    for code in codes:
        world.add(code, above)
        above = code
    return world


def test_a_move_below_a_descendant_is_a_cycle():
    world = chain("C1", "D1", "D2", "D3")
    world.move("D1", "D3")
    planned = world.plan()
    assert problems(planned) == {"D1": ["cycle"]}
    assert not planned.changes


def test_a_unit_as_its_own_parent_is_a_cycle():
    world = chain("C1", "D1")
    world.move("D1", "D1")
    assert problems(world.plan()) == {"D1": ["cycle"]}


def test_two_new_objects_that_are_each_others_parent_are_a_cycle():
    world = small_country()
    world.add("D8", "R1", linked=False)
    world.add("D9", "D8", linked=False)
    world.move("D8", "D9")
    world.add("F9", "D9", linked=False)
    planned = world.plan()
    assert problems(planned) == {"D8": ["cycle"], "D9": ["cycle"], "F9": ["blocked"]}
    assert problem(planned, "D8").message.startswith("Below district D9")
    assert problem(planned, "F9").blocked_by.code == "D9"


def test_two_moves_that_close_a_circle_together_are_both_problems():
    world = chain("C1", "D1")
    world.add("D2", "C1")
    world.move("D1", "D2")
    world.move("D2", "D1")
    assert problems(world.plan()) == {"D1": ["cycle"], "D2": ["cycle"]}


def test_only_those_whose_change_lies_on_the_circle_have_the_problem():
    world = chain("C1", "D1", "D2", "D3")
    world.move("D1", "D3")
    world.rename("D2", "Changed")
    world.add("F9", "D3", linked=False)
    planned = world.plan()
    assert problems(planned) == {"D1": ["cycle"]}
    assert set(sent(planned)) == {"D2", "F9"}


def test_a_swap_of_parent_and_child_is_no_circle():
    world = chain("C1", "D1", "D2")
    world.move("D2", "C1")
    world.move("D1", "D2")
    planned = world.plan()
    assert sent(planned) == {"D2": {"parent": uid("C1")}, "D1": {"parent": uid("D2")}}
    assert changes(planned)["D1"].needs == (uid("D2"),)
    assert [change.object.code for change in planned.changes] == ["D2", "D1"]


def test_a_move_that_waits_for_another_is_not_sent_when_that_one_is_a_problem():
    world = chain("C1", "D1", "D2", "D3")
    world.add("D9", "C1")
    world.move("D3", "D9", "C1")
    world.move("D1", "D3")
    planned = world.plan()
    assert problems(planned) == {"D1": ["cycle"], "D3": ["several-parents"]}


def test_taking_moves_out_can_close_another_circle_which_is_found_too():
    world = chain("C1", "D1", "D2", "D3", "D4")
    # D2 leaves D1 for D4, which is below D2: a circle. Only with D2 gone could D1 go below D4.
    world.move("D2", "D4")
    world.move("D1", "D4")
    assert problems(world.plan()) == {"D1": ["cycle"], "D2": ["cycle"]}


def test_a_circle_that_dhis2_holds_already_neither_hangs_nor_blames_anybody():
    world = small_country()
    world.unit("R1")["parent"] = {"id": uid("D1")}
    world.level("region", sync="org_units")
    world.rename("F1", "Changed")
    world.add("F9", "D1", linked=False)
    world.move("F3", "D1")
    planned = world.plan()
    assert not planned.problems
    assert set(sent(planned)) == {"F1", "F3", "F9"}


def test_a_circle_that_dhis2_holds_is_mended_by_a_move():
    world = small_country()
    world.unit("R1")["parent"] = {"id": uid("D1")}
    planned = world.plan()
    assert sent(planned) == {"R1": {"parent": uid("C1")}}


def test_refusing_a_move_takes_those_out_that_waited_for_it():
    world = chain("C1", "D1", "D2")
    world.move("D2", "C1")
    world.move("D1", "D2")
    planned = withdraw(world.plan(), {uid("D2"): REFUSED})
    assert not planned.changes
    assert problems(planned) == {"D1": ["blocked"], "D2": ["refused-by-dhis2"]}


def test_a_move_below_a_moved_unit_that_is_not_in_its_way_waits_for_nothing():
    world = small_country()
    world.move("D1", "R2")
    world.move("F3", "D1")
    planned = world.plan()
    assert changes(planned)["F3"].needs == ()
    left = withdraw(planned, {uid("D1"): REFUSED})
    assert set(sent(left)) == {"F3"}


def test_a_move_waits_for_one_that_would_come_back_through_a_third():
    world = chain("C1", "D1")
    world.add("D2", "C1")
    world.add("D3", "D2")
    # D1 goes below D3, which leaves D2, which goes below D1. Should D3 stay, D1 → D3 → D2 → D1 would be a circle.
    world.move("D3", "C1")
    world.move("D1", "D3")
    world.move("D2", "D1")
    planned = world.plan()
    assert not planned.problems
    assert uid("D3") in changes(planned)["D1"].needs
    assert not withdraw(planned, {uid("D3"): REFUSED}).changes
