"""A plan for some of the objects alone: the same changes, what needs others blocked, guards of what is left."""

from __future__ import annotations

from msgspec.structs import replace

from cgr.core.changes import Guard
from cgr.core.planner import limited

from .worlds import changes, problem, problems, sent, small_country


def planned():
    world = small_country()
    world.add("R9", "C1", linked=False)
    world.add("D9", "R9", linked=False)
    world.move("F1", "D1", "D2")
    world.rename("F2", "Changed")
    world.rename("F3", "Changed too")
    return world.plan()


def keys(plan, *codes):
    found = {change.object.code: change.key for change in plan.changes}
    found |= {issue.object.code: issue.key for issue in plan.problems}
    return {found[code] for code in codes}


def test_only_the_objects_asked_for_are_left():
    before = planned()
    plan = limited(before, keys(before, "F1", "F2"))
    assert changes(plan) == {"F2": changes(before)["F2"]}
    assert problems(plan) == {"F1": ["several-parents"]}
    assert (plan.counts.update, plan.counts.create, plan.counts.problem) == (1, 0, 1)


def test_objects_that_need_nothing_any_more_are_unchanged():
    before = planned()
    plan = limited(before, keys(before, "F2") | {999_999})
    assert (plan.counts.unchanged, plan.counts.update) == (1, 1)


def test_what_needs_an_object_outside_is_blocked_by_it():
    before = planned()
    plan = limited(before, keys(before, "D9"))
    assert not sent(plan)
    assert problems(plan) == {"D9": ["blocked"]}
    assert problem(plan, "D9").blocked_by.code == "R9"


def test_together_they_are_sent():
    before = planned()
    assert set(sent(limited(before, keys(before, "D9", "R9")))) == {"D9", "R9"}


def test_shares_are_those_of_the_changes_that_are_left():
    guards = (Guard("changed_share", 0.5, 0.3), Guard("vanished_share", 0.2, 0.1))
    before = replace(planned(), guards=guards)
    assert limited(before, keys(before, "F2", "F3")).guards == guards
    assert limited(before, keys(before, "F2")).guards == guards[1:]
