"""Which units an import is about, and which have no place in DHIS2's tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.importing import Scope, scope_of
from cgr.core.records import TheirUnit


def units(**parents: str | None) -> dict[str, TheirUnit]:
    """Make units with the level that DHIS2 shows: it follows parents until it meets a unit again."""
    found = {}
    for uid, parent in parents.items():
        seen: list[str] = []
        above: str | None = uid
        while above is not None and above not in seen:
            seen.append(above)
            above = parents.get(above)
        found[uid] = TheirUnit(uid, len(seen), parent)
    return found


def ids(scope: Scope) -> dict[int, list[str]]:
    return {level: [unit.uid for unit in found] for level, found in scope.by_level.items()}


TREE = {"country": None, "north": "country", "south": "country", "bo": "north", "moa": "south", "post": "bo"}


def test_units_are_sorted_by_level_and_id() -> None:
    scope = scope_of(units(**TREE), (1, 2, 3), root=None)
    assert ids(scope) == {1: ["country"], 2: ["north", "south"], 3: ["bo", "moa"]}
    assert scope.unmapped == {4: 1}
    assert scope.deepest == 4


def test_below_a_root_nothing_else_is_in_question() -> None:
    scope = scope_of(units(**TREE, ring="ring"), (2, 3), root="north")
    assert ids(scope) == {2: ["north"], 3: ["bo"]}
    assert scope.unmapped == {4: 1}
    assert (scope.circling, scope.orphaned) == ([], [])


@pytest.mark.parametrize(
    ("extra", "circling", "orphaned"),
    [
        ({"a": "a"}, {"a"}, set()),
        ({"a": "b", "b": "a", "c": "b", "d": "c"}, {"a", "b", "c", "d"}, set()),
        ({"a": "nowhere", "b": "a"}, set(), {"a", "b"}),
    ],
)
def test_what_never_arrives_at_a_root_is_told_apart(
    extra: dict[str, str], circling: set[str], orphaned: set[str]
) -> None:
    scope = scope_of(units(**TREE, **extra), (1, 2, 3, 4), root=None)
    assert {unit.uid for unit in scope.circling} == circling
    assert {unit.uid for unit in scope.orphaned} == orphaned
    assert sum(map(len, scope.by_level.values())) == len(TREE)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.none() | st.sampled_from("abcdefghx"), min_size=1))
def test_every_unit_of_a_whole_dhis2_is_somewhere_exactly_once(parents: dict[str, str | None]) -> None:
    scope = scope_of(units(**parents), (1, 2), root=None)
    placed = [unit.uid for found in (*scope.by_level.values(), scope.circling, scope.orphaned) for unit in found]
    assert len(placed) == len(set(placed))
    assert len(placed) + sum(scope.unmapped.values()) == len(parents)
