"""Steps in a tree, against what a person expects of the buttons."""

from __future__ import annotations

import pytest

from cgr.core.arranging import Spot, descendants, parent_of, step

TREE = {None: ["public", "private", "faith"], "public": ["army", "police"], "army": ["navy"]}


@pytest.mark.parametrize(
    ("code", "way", "spot"),
    [
        ("private", "up", Spot(None, "public")),
        ("private", "down", Spot(None, None)),
        ("public", "down", Spot(None, "faith")),
        ("private", "in", Spot("public")),
        ("army", "out", Spot(None, "private")),
        ("navy", "out", Spot("public", "police")),
        ("police", "up", Spot("public", "army")),
        ("public", "up", None),
        ("public", "in", None),
        ("faith", "down", None),
        ("faith", "out", None),
        ("nobody", "up", None),
        ("public", "sideways", None),
    ],
)
def test_a_step_leads_beside_the_neighbours_or_nowhere(code: str, way: str, spot: Spot | None) -> None:
    assert step(TREE, code, way) == spot


def test_what_is_below_a_member_is_below_its_parents_too() -> None:
    assert list(descendants(TREE, "public")) == ["army", "navy", "police"]
    assert parent_of(TREE, "navy") == "army"
    assert parent_of(TREE, "public") is None
