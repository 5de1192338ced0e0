"""Short names that follow from names: cut at a word, numbered among siblings, recognised again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.short_names import LIMIT, derive, is_derived, shorten, sibling_key
from cgr.core.texts import length, normal

LONG = "Centre de santé intégré de Saint-Augustin du Quartier Nord"
CUT = "Centre de santé intégré de Saint-Augustin du"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Bo Clinic", 50, "Bo Clinic"),
        ("  Bo   Clinic ", 50, "Bo Clinic"),
        (LONG, 50, CUT),
        ("abc def", 7, "abc def"),
        ("abc def", 6, "abc"),
        ("abc def ghi", 7, "abc def"),
        ("abc def ghi", 8, "abc def"),
        ("abcdefghij", 4, "abcd"),
        ("abc - def", 6, "abc"),
        ("abc, def", 5, "abc"),
        ("x" * 51, 50, "x" * 50),
        ("𞤀" * 30, 50, "𞤀" * 25),
        ("abce\u0301f", 4, "abc"),
        ("---- ----", 4, "----"),
        ("", 50, ""),
    ],
)
def test_text_is_cut_at_a_word_and_inside_one_only_when_it_must(text: str, limit: int, expected: object) -> None:
    assert shorten(text, limit) == expected


def keys(*names: str) -> set[str]:
    return {sibling_key(name) for name in names}


@pytest.mark.parametrize(
    ("label", "taken", "present", "expected"),
    [
        ("Bo Clinic", (), None, "Bo Clinic"),
        ("Bo Clinic", ("Bo Clinic",), None, "Bo Clinic 2"),
        ("Bo Clinic", ("BO CLINIC", "bo  clinic 2"), None, "Bo Clinic 3"),
        ("x" * 60, ("x" * 50,), None, "x" * 48 + " 2"),
        (LONG, (CUT,), None, f"{CUT} 2"),
        ("Bo Clinic", (), "Bo Clinic 2", "Bo Clinic 2"),
        ("Bo Clinic", ("Bo Clinic 2",), "Bo Clinic 2", "Bo Clinic"),
        ("Bo Clinic", (), "Hand-made", "Bo Clinic"),
        ("", ("x",), None, ""),
    ],
)
def test_a_short_name_is_numbered_where_a_sibling_has_it_and_stays_when_it_can(
    label: str, taken: tuple[str, ...], present: str | None, expected: object
) -> None:
    assert derive(label, keys(*taken), present=present) == expected


@pytest.mark.parametrize(
    ("short_name", "name", "expected"),
    [
        ("Bo Clinic", "Bo Clinic", True),
        ("Bo Clinic", "Bo  Clinic ", True),
        ("Bo Clinic 2", "Bo Clinic", True),
        ("Bo Clinic 17", "Bo Clinic", True),
        ("Bo Clinic 1", "Bo Clinic", False),
        ("Bo Clinic 02", "Bo Clinic", False),
        ("Bo", "Bo Clinic", False),
        ("bo clinic", "Bo Clinic", False),
        (CUT, LONG, True),
        (f"{CUT} 2", LONG, True),
        (LONG[:50], LONG, False),
        ("x" * 48 + " 2", "x" * 60, True),
        ("x" * 50, "x" * 60, True),
        (None, "Bo", False),
        ("Bo", None, False),
        ("", "", False),
        ("Clinic 2", "Clinic 2", True),
        ("Clinic 2 2", "Clinic 2", True),
    ],
)
def test_what_the_rule_makes_is_told_from_what_a_hand_made(
    short_name: str | None, name: str | None, expected: object
) -> None:
    assert is_derived(short_name, name) is expected


names = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=120)


@given(names, st.lists(names, max_size=5))
def test_whatever_is_derived_fits_is_free_and_is_recognised(label: str, siblings: list[str]) -> None:
    taken = {sibling_key(derive(label, set())), *map(sibling_key, siblings)}
    short_name = derive(label, taken)
    assert length(short_name) <= LIMIT
    if normal(label):
        assert short_name
        assert normal(short_name) == short_name
        assert sibling_key(short_name) not in taken
        assert is_derived(short_name, label)
        assert derive(label, taken - {sibling_key(short_name)}, present=short_name) == short_name


@given(names, st.integers(min_value=4, max_value=60))
def test_shortening_again_changes_nothing(label: str, limit: int) -> None:
    once = shorten(label, limit)
    assert length(once) <= limit
    assert shorten(once, limit) == once
