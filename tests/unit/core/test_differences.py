"""A change of a setting is told by its smallest parts, in lines that a person reads."""

from __future__ import annotations

from typing import Any

import pytest

from cgr.core.differences import differences, words

LEVELS = [{"type": "district", "sync": "none"}, {"type": "facility", "sync": "both", "groups": ["Gr1"]}]

TOLD: list[tuple[Any, Any, list[str]]] = [
    ("Old", "New", ["x: Old → New"]),
    ("", "New", ['x: "" → New']),
    (None, {"default": "New"}, ["x: + New"]),
    ({"default": "A"}, {"default": "A", "fr": "Â"}, ["x.fr: + Â"]),
    (True, False, ["x: true → false"]),
    (
        LEVELS,
        [LEVELS[0], {**LEVELS[1], "sync": "org_units", "groups": ["Gr1", "Gr2"]}],
        ["x[facility].sync: both → org_units", "x[facility].groups: + Gr2"],
    ),
    (LEVELS, LEVELS[:1], ['x[facility]: - {"type": "facility", "sync": "both", "groups": ["Gr1"]}']),
    (LEVELS, LEVELS[::-1], ['x (order): ["district", "facility"] → ["facility", "district"]']),
    (["a", "b"], ["b", "a"], ['x: ["a", "b"] → ["b", "a"]']),
    (["a"], ["a", "a"], ['x: ["a"] → ["a", "a"]']),
    ({"cron": "1 2 * * *"}, None, ['x: - {"cron": "1 2 * * *"}']),
    (
        [{"from": "owner", "to": "A"}, {"from": "owner", "groups": {"PUB": "G"}}],
        [{"from": "owner", "to": "B"}, {"from": "owner", "groups": {"PUB": "G"}}],
        ['x: - {"from": "owner", "to": "A"}', 'x: + {"from": "owner", "to": "B"}'],
    ),
    (LEVELS, LEVELS, []),
]


@pytest.mark.parametrize(("before", "after", "told"), TOLD)
def test_a_change_is_told_by_its_smallest_parts(before: Any, after: Any, told: list[str]) -> None:
    assert [words(one) for one in differences(before, after, where="x")] == told
