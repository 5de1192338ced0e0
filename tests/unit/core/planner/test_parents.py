"""Sync types, parents that are missing or many, what they block, and second roots (R5.4 to R5.6)."""

from __future__ import annotations

import pytest

from cgr.core.changes import Kind
from cgr.core.records import Existence

from .worlds import ALL_FACILITIES, World, changes, problem, problems, sent, small_country, uid


def moved_and_renamed(sync):
    world = small_country()
    world.level("facility", sync=sync)
    world.rename("F1", "Changed")
    world.move("F1", "D2")
    return world.plan()


@pytest.mark.parametrize(
    ("sync", "kinds", "fields"),
    [
        ("org_units", (Kind.UPDATE,), {"name": "Changed", "shortName": "Changed"}),
        ("relationships", (Kind.MOVE,), {"parent": uid("D2")}),
        ("both", (Kind.UPDATE, Kind.MOVE), {"name": "Changed", "shortName": "Changed", "parent": uid("D2")}),
    ],
)
def test_each_type_sends_its_part_and_nothing_else(sync, kinds, fields):
    planned = moved_and_renamed(sync)
    assert sent(planned) == {"F1": fields}
    assert changes(planned)["F1"].kinds == kinds


def test_only_the_parent_differs_under_org_units_and_nothing_happens():
    world = small_country()
    world.level("facility", sync="org_units")
    world.move("F1", "D2")
    world.change("F2", parents=())
    world.move("F3", "D1", "D2")
    planned = world.plan()
    assert not planned.changes
    assert not planned.problems


def test_only_the_name_differs_under_relationships_and_nothing_happens():
    world = small_country()
    world.level("facility", sync="relationships", groups=[ALL_FACILITIES])
    world.rename("F1", "Changed")
    assert world.plan().counts.unchanged == 8


def test_a_move_shows_both_parents():
    world = small_country()
    world.move("F1", "D2")
    field = changes(world.plan())["F1"].fields["parent"]
    assert (field.before, field.after) == (uid("D1"), uid("D2"))


def test_the_top_level_is_never_asked_for_a_parent():
    world = small_country()
    world.change("C1", parents=(999,))
    world.unit("C1")["parent"] = {"id": "aboveAll001"}
    world.owners["aboveAll001"] = {"id": "aboveAll001", "name": "World"}
    planned = world.plan()
    assert not planned.changes
    assert not planned.problems


@pytest.mark.parametrize("sync", ["relationships", "both"])
def test_no_parent_in_force_is_a_problem_and_nothing_is_sent(sync):
    world = small_country()
    world.level("facility", sync=sync)
    world.change("F1", parents=(), label={"default": "Changed"})
    planned = world.plan()
    assert problems(planned) == {"F1": ["no-parent"]}
    assert not planned.changes


def test_several_parents_under_both_keep_the_relationship_back_and_send_the_rest():
    world = small_country()
    world.move("D1", "R1", "R2")
    world.rename("D1", "Changed")
    world.rename("F1", "Below")
    planned = world.plan()
    assert problems(planned) == {"D1": ["several-parents"]}
    assert sent(planned) == {
        "D1": {"name": "Changed", "shortName": "Changed"},
        "F1": {"name": "Below", "shortName": "Below"},
    }
    assert (planned.counts.problem, planned.counts.update, planned.counts.unchanged) == (1, 2, 6)


def test_several_parents_under_relationships_send_nothing():
    world = small_country()
    world.level("district", sync="relationships")
    world.move("D1", "R1", "R2")
    world.rename("D1", "Changed")
    planned = world.plan()
    assert problems(planned) == {"D1": ["several-parents"]}
    assert not planned.changes
    assert "R1" in problem(planned, "D1").message


def test_children_of_a_unit_with_several_parents_are_not_blocked():
    world = small_country()
    world.move("D1", "R1", "R2")
    world.move("F3", "D1")
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert set(sent(planned)) == {"F3", "F9"}


def test_a_new_object_with_several_parents_is_not_created_and_blocks_what_is_new_below():
    world = small_country()
    world.add("D9", "R1", linked=False)
    world.move("D9", "R1", "R2")
    world.add("F9", "D9", linked=False)
    planned = world.plan()
    assert problems(planned) == {"D9": ["several-parents"], "F9": ["blocked"]}
    assert not planned.changes


def test_two_edges_to_the_same_parent_are_one_parent():
    world = small_country()
    world.move("F1", "D2", "D2")
    assert sent(world.plan()) == {"F1": {"parent": uid("D2")}}


def test_a_parent_that_is_new_in_the_same_run_comes_first():
    world = small_country()
    world.add("R9", "C1", linked=False)
    world.add("D9", "R9", linked=False)
    world.add("F9", "D9", linked=False)
    world.move("F1", "D9")
    planned = world.plan()
    assert [change.object.code for change in planned.changes] == ["R9", "D9", "F9", "F1"]
    by_code = changes(planned)
    assert by_code["F9"].fields["parent"].after == by_code["D9"].uid
    assert by_code["F9"].needs == by_code["F1"].needs == (by_code["D9"].uid,)
    assert by_code["R9"].needs == ()


def test_a_parent_in_error_blocks_all_that_is_new_below_it_by_its_own_name():
    world = small_country()
    world.add("R9", "C1", linked=False, label=None)
    world.add("D9", "R9", linked=False)
    world.add("F9", "D9", linked=False)
    world.move("D1", "R9")
    planned = world.plan()
    assert problems(planned) == {
        "R9": ["required-missing"],
        "D1": ["blocked"],
        "D9": ["blocked"],
        "F9": ["blocked"],
    }
    assert {problem(planned, code).blocked_by.code for code in ("D1", "D9", "F9")} == {"R9"}
    assert not planned.changes


def test_a_blocked_unit_that_exists_blocks_nobody_below_it():
    world = small_country()
    world.add("R9", "C1", linked=False, label=None)
    world.move("D1", "R9")
    world.rename("F1", "Changed")
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert set(sent(planned)) == {"F1", "F9"}


def test_a_parent_whose_id_is_gone_blocks_its_children_and_not_those_of_others():
    world = small_country()
    world.change("D1", external_id="gone1234567")
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert problems(planned) == {
        "D1": ["external-id-not-found"],
        "F1": ["blocked"],
        "F2": ["blocked"],
        "F9": ["blocked"],
    }


def test_a_parent_that_exists_in_dhis2_with_a_problem_of_its_own_blocks_nobody():
    world = small_country()
    world.rename("D1", "x" * 231)
    world.add("F9", "D1", linked=False)
    planned = world.plan()
    assert problems(planned) == {"D1": ["value-refused"]}
    assert set(sent(planned)) == {"F9"}


def test_a_parent_outside_of_the_run_is_not_in_dhis2():
    world = small_country()
    world.change("F1", parents=(999,))
    assert problems(world.plan()) == {"F1": ["parent-not-in-dhis2"]}


def test_a_parent_that_is_not_in_existence_is_not_in_dhis2():
    world = small_country()
    world.add("D9", "R1", linked=False, existence=Existence.NOT_YET)
    world.move("F1", "D9")
    assert problems(world.plan()) == {"F1": ["parent-not-in-dhis2"]}


def test_a_parent_may_come_after_its_child_in_the_stream():
    world = small_country()
    world.add("D9", "R1", linked=False)
    world.add("F9", "D9", linked=False)
    assert world.plan(reversed(world.ours())) == world.plan()


def test_a_new_top_level_object_is_a_second_root_without_consent():
    world = small_country()
    world.add("C9", linked=False)
    world.add("R9", "C9", linked=False)
    planned = world.plan()
    assert problems(planned) == {"C9": ["second-root"], "R9": ["blocked"]}
    assert uid("C1") in problem(planned, "C9").message


def test_a_new_top_level_object_is_created_with_consent():
    world = small_country(options={"allow_new_root": True})
    world.add("C9", linked=False)
    world.add("R9", "C9", linked=False)
    planned = world.plan()
    assert not planned.problems
    assert "parent" not in sent(planned)["C9"]


def test_the_first_root_of_an_empty_dhis2_needs_no_consent():
    world = World()
    world.add("C1", linked=False)
    world.add("R1", "C1", linked=False)
    planned = world.plan()
    assert [(change.object.code, change.depth) for change in planned.changes] == [("C1", 1), ("R1", 2)]


def test_two_first_roots_at_once_need_consent():
    world = World()
    world.add("C1", linked=False)
    world.add("C2", linked=False)
    assert problems(world.plan()) == {"C1": ["second-root"], "C2": ["second-root"]}


def test_changes_go_from_the_top_down_creations_first():
    world = small_country()
    world.rename("C1", "Changed")
    world.add("F0", "D1", linked=False)
    world.rename("D1", "Changed")
    world.move("F2", "D2")
    world.rename("F1", "Changed")
    planned = world.plan()
    assert [(change.depth, change.object.code) for change in planned.changes] == [
        (1, "C1"),
        (3, "D1"),
        (4, "F0"),
        (4, "F1"),
        (4, "F2"),
    ]
