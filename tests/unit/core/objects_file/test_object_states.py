"""What a Geo-Object becomes when a draft is written onto it."""

from __future__ import annotations

from typing import Any

import pytest

from cgr.core.drafts import Always, History, ObjectDraft, Since
from cgr.core.object_states import ObjectState, after, bare


def period(value: object, start: str | None = None, end: str | None = None) -> dict[str, object]:
    return {"from": start, "to": end, "value": value}


def state(**fields: Any) -> ObjectState:
    return after(None, ObjectDraft(type="facility", code="F1", **fields))


def write(before: ObjectState, **fields: Any) -> ObjectState:
    return after(before, ObjectDraft(type="facility", code="F1", **fields))


BEGUN = [{"from": "2001-01-01", "to": None}]
TWO_PARENTS = History([period("A", "2001-01-01"), period("B", "2010-01-01")])


@pytest.mark.parametrize(
    ("writing", "expected"),
    [
        (Always(3), [period(3, "2001-01-01")]),
        (None, []),
        (History([]), []),
        (History([period(2, "2010-01-01"), period(1, "2001-01-01", "2010-01-01")]),
         [period(1, "2001-01-01", "2010-01-01"), period(2, "2010-01-01")]),
        (History([period(1, "2001-01-01", "2010-01-01"), period(1, "2010-01-01")]), [period(1, "2001-01-01")]),
        (Since("2020-01-01", 3), [period(12, "2001-01-01", "2020-01-01"), period(3, "2020-01-01")]),
        (Since("2020-01-01", 12), [period(12, "2001-01-01")]),
        (Since("1990-01-01", 3), [period(3, "1990-01-01")]),
        (Since("2020-01-01", None), [period(12, "2001-01-01", "2020-01-01")]),
    ],
)  # fmt: skip
def test_each_way_of_writing_a_value(writing: Any, expected: list[dict[str, object]]) -> None:
    before = state(exists=BEGUN, values={"beds": Always(12), "owner": Always("PUB")})

    result = write(before, values={"beds": writing})

    assert result.values.get("beds", []) == expected
    assert result.values["owner"] == [period("PUB", "2001-01-01")]
    assert before.values["beds"] == [period(12, "2001-01-01")]


def test_a_bare_value_begins_where_the_object_does_after_the_same_line() -> None:
    result = state(
        exists=[{"from": "2005-01-01", "to": "2006-01-01"}, {"from": "2001-01-01", "to": "2002-01-01"}],
        label=Always({"default": "x"}),
    )

    assert result.label == [period({"default": "x"}, "2001-01-01")]
    assert bare(result.label, result.exists)


def test_nothing_named_is_nothing_changed() -> None:
    before = state(
        exists=BEGUN, label=Always({"default": "x"}), parents={"admin": TWO_PARENTS}, external_ids={"a": "1"}
    )

    assert write(before) == before


@pytest.mark.parametrize(
    ("writing", "expected"),
    [
        (Since("2020-01-01", "A"), [period("A", "2001-01-01"), period("B", "2010-01-01", "2020-01-01")]),
        (Since("2020-01-01", "C"),
         [period("A", "2001-01-01", "2020-01-01"), period("B", "2010-01-01", "2020-01-01"), period("C", "2020-01-01")]),
        (Since("2005-01-01", "C"), [period("A", "2001-01-01", "2005-01-01"), period("C", "2005-01-01")]),
        (None, None),
    ],
)  # fmt: skip
def test_overlapping_parents_are_kept_and_cut_like_values(writing: Any, expected: object) -> None:
    before = state(exists=BEGUN, parents={"admin": TWO_PARENTS})
    assert before.parents["admin"] == TWO_PARENTS.periods

    assert write(before, parents={"admin": writing}).parents.get("admin") == expected


def test_a_parent_named_by_code_is_the_one_that_is_known_by_key() -> None:
    before = state(exists=BEGUN, parents={"admin": Always(7)})

    same = after(
        before, ObjectDraft(type="facility", code="F1", parents={"admin": Always("D")}), parent_keys={("admin", "D"): 7}
    )

    assert same == before


def test_a_reserved_id_stays_reserved_until_it_is_removed() -> None:
    before = state(external_ids={"hmis": "x"})
    before.reserved = ("hmis",)

    assert write(before, external_ids={"lmis": "y"}).reserved == ("hmis",)
    assert write(before, external_ids={"hmis": None}).reserved == ()
