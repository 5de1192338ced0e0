"""What a plan counts, and the limits that make it wait for a person's consent (R9.1, contract.md)."""

from __future__ import annotations

import pytest

from cgr.core.changes import Guard
from cgr.core.mapping import Limits
from cgr.core.safety import Shares, guards

from .worlds import small_country, uid


def test_kinds_overlap_and_unchanged_and_problem_count_objects():
    world = small_country()
    world.level("facility", groups=["groupAllFa1"])
    world.members["groupAllFa1"] = {uid("F2"), uid("F3")}
    world.rename("F1", "Changed")
    world.move("F1", "D2")
    world.add("F8", "D1", linked=False)
    world.change("F2", values={"owner": "PUB"}, label={"default": "x" * 231}, starts="2030-01-01", ends="2029-01-01")
    world.move("D1", "R1", "R2")
    world.change("R2", invalid=True)
    counts = world.plan().counts
    assert (counts.create, counts.update, counts.move, counts.group) == (1, 1, 1, 2)
    assert (counts.unchanged, counts.problem, counts.not_selected) == (4, 2, 1)


def test_only_units_in_mapped_levels_are_counted_as_read():
    world = small_country()
    world.levels = world.levels[:2]
    assert world.plan().units == 3


LIMITS = Limits()


@pytest.mark.parametrize(
    ("shares", "found"),
    [
        (Shares(linked=100, changed=30, moved=10, ids=100, ids_not_found=10), {}),
        (Shares(linked=100, changed=31, moved=0, ids=100, ids_not_found=0), {"changed_share": 0.31}),
        (Shares(linked=100, changed=11, moved=11, ids=100, ids_not_found=0), {"moved_share": 0.11}),
        (Shares(linked=89, changed=0, moved=0, ids=100, ids_not_found=11), {"vanished_share": 0.11}),
        (Shares(linked=49, changed=49, moved=49, ids=49, ids_not_found=0), {}),
        (Shares(linked=50, changed=50, moved=50, ids=50, ids_not_found=0), {"changed_share": 1, "moved_share": 1}),
        (Shares(linked=8, changed=0, moved=0, ids=10, ids_not_found=2), {}),
        (Shares(linked=0, changed=0, moved=0, ids=10, ids_not_found=10), {"vanished_share": 1}),
        (Shares(linked=0, changed=0, moved=0, ids=1, ids_not_found=1), {}),
        (Shares(linked=0, changed=0, moved=0, ids=0, ids_not_found=0), {}),
        (Shares(linked=3, changed=0, moved=0, ids=60, ids_not_found=57), {"vanished_share": 0.95}),
    ],
)
def test_shares_beyond_a_limit_are_guarded(shares, found):
    assert {guard.code: guard.value for guard in guards(shares, LIMITS)} == found


def test_a_guard_names_its_limit():
    shares = Shares(linked=3, changed=2, moved=0, ids=3, ids_not_found=0)
    limits = Limits(changed_share=0.5, min_units=3)
    assert guards(shares, limits) == (Guard("changed_share", 0.6667, 0.5),)


def test_a_plan_that_changes_most_of_a_country_is_guarded_and_creations_do_not_count():
    world = small_country(options={"limits": {"min_units": 5}})
    for number in range(20):
        world.add(f"F{number + 10}", "D1", linked=False)
    assert not world.plan().guards
    for code in ("D1", "D2", "F1", "F2"):
        world.rename(code, f"Changed {code}")
    world.move("F3", "D1")
    assert [(guard.code, guard.value) for guard in world.plan().guards] == [
        ("changed_share", 0.625),
        ("moved_share", 0.125),
    ]


def test_groups_alone_change_no_unit():
    world = small_country(options={"limits": {"min_units": 1}})
    world.level("facility", groups=["groupAllFa1"])
    planned = world.plan()
    assert planned.counts.group == 3
    assert not planned.guards


def test_the_wrong_dhis2_is_noticed():
    world = small_country()
    world.owners = {"otherRoot01": {"id": "otherRoot01", "name": "Elsewhere"}}
    planned = world.plan()
    assert [guard.code for guard in planned.guards] == ["vanished_share"]
    assert not planned.changes
