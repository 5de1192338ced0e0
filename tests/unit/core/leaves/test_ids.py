"""Ids: DHIS2's shape, and the same id for the same new object every time."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.ids import derive_uid, is_uid, may_be_uid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DiszpKrYNg8", True),
        ("a0000000000", True),
        ("DiszpKrYNg", False),
        ("DiszpKrYNg88", False),
        ("0iszpKrYNg8", False),
        ("Diszp-rYNg8", False),
        ("DiszpKrYNg8\n", False),
        ("éiszpKrYNg8", False),
        ("Diszp٣rYNg8", False),
        ("", False),
        (None, False),
        (12345678901, False),
    ],
)
def test_it_knows_a_dhis2_id(*, text: object, expected: bool) -> None:
    assert is_uid(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0iszpKrYNg8", True),
        ("Diszp-rYNg8", True),
        ("Diszp_rYNg8", True),
        ("Diszp,rYNg8", False),
        ("Diszp/rYNg8", False),
        ("Diszp rYNg8", False),
        ("DiszpKrYNg", False),
        (None, False),
    ],
)
def test_it_knows_the_ids_that_an_old_dhis2_stored(*, text: object, expected: bool) -> None:
    assert may_be_uid(text) is expected


@given(st.text(), st.text(), st.integers(min_value=0, max_value=10**6))
def test_a_derived_id_is_well_formed_and_the_same_each_time(system: str, uid: str, attempt: int) -> None:
    assert is_uid(derive_uid(system, uid, attempt))
    assert derive_uid(system, uid, attempt) == derive_uid(system, uid, attempt)


def test_a_derived_id_never_changes_between_releases() -> None:
    assert derive_uid("hmis", "b2c1", 0) == "QouFIr0ru3w"


def test_system_object_and_attempt_all_make_another_id() -> None:
    ids = {derive_uid(system, uid, attempt) for system in "abc" for uid in ("x", "y", "bx") for attempt in range(50)}
    assert len(ids) == 3 * 3 * 50


def test_derived_ids_are_spread_evenly_over_first_letters_and_later_characters() -> None:
    ids = [derive_uid("hmis", str(number), 0) for number in range(20_000)]
    for place, different in ((0, 52), (1, 62), (10, 62)):
        times = Counter(uid[place] for uid in ids)
        assert len(times) == different
        assert max(times.values()) < 1.5 * len(ids) / different
        assert min(times.values()) > 0.5 * len(ids) / different
