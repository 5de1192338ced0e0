"""Values over time: what is in force, what was latest, and history that is kept when a value is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.periods import all_in_force, in_force, latest, normalised, periods_problem, with_value

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = tuple[str | None, str | None, object]


OLD: dict[str, object] = {"from": "2001-01-01", "to": "2010-01-01", "value": "PRI"}
NOW: dict[str, object] = {"from": "2010-01-01", "to": None, "value": "PUB"}
PLANNED: dict[str, object] = {"from": "2030-01-01", "to": None, "value": "NEW"}


def value_of(period: Mapping[str, object] | None) -> object:
    return period and period["value"]


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2000-12-31", None),
        ("2001-01-01", "PRI"),
        ("2009-12-31", "PRI"),
        ("2010-01-01", "PUB"),
        ("9999-12-31", "PUB"),
    ],
)
def test_a_period_begins_with_its_first_day_and_ends_before_its_last(on: str, expected: object) -> None:
    assert value_of(in_force([NOW, OLD], on)) == expected


@pytest.mark.parametrize(
    ("periods", "on", "expected"),
    [
        ([OLD], "2020-01-01", "PRI"),
        ([OLD, PLANNED], "2020-01-01", "PRI"),
        ([PLANNED], "2020-01-01", None),
        ([OLD, NOW], "2020-01-01", "PUB"),
        ([], "2020-01-01", None),
        ([{"from": None, "to": "1999-01-01", "value": "X"}, OLD], "2020-01-01", "PRI"),
        ([{"from": None, "to": None, "value": "X"}], "0001-01-01", "X"),
    ],
)
def test_latest_falls_back_to_the_most_recent_past_and_never_to_the_future(
    periods: list[dict[str, Any]], on: str, expected: object
) -> None:
    assert value_of(latest(periods, on)) == expected


def test_several_periods_in_force_are_all_given_in_the_order_of_their_beginning() -> None:
    parents = [{"parent": "B", "from": "2005-01-01", "to": None}, {"parent": "A", "from": None, "to": None}]
    assert [period["parent"] for period in all_in_force(parents, "2020-01-01")] == ["A", "B"]


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        ("2001", "expected a list"),
        (["2001"], "period 1: expected an object"),
        ([{"from": "2021-02-30"}], "2021-02-30 is not a day of the calendar"),
        ([{"from": "20010203"}], "year-month-day"),
        ([{"from": "2001-01-01", "to": "0000-01-01"}], "`to`: 0000-01-01 is not a day"),
        ([{"from": 2001}], "year-month-day"),
        ([OLD, {"from": "2005-01-01", "to": "2005-01-01"}], "period 2: it ends on 2005-01-01"),
        ([{"from": "2005-01-01", "to": "2004-01-01"}], "not after its beginning"),
        ([OLD, {"from": "2009-12-31", "to": None}], "overlap"),
        ([{"from": "2001-01-01"}, {"from": "2005-01-01"}], "overlap"),
        ([{}, {"to": "2005-01-01"}], "overlap"),
    ],
)
def test_bad_periods_are_refused_in_words(periods: object, words: str) -> None:
    assert words in (periods_problem(periods) or "")


@pytest.mark.parametrize("periods", [[], [OLD, NOW], [NOW, OLD], [{}], [{"from": None, "to": None}]])
def test_good_periods_are_accepted_in_any_order(periods: object) -> None:
    assert periods_problem(periods) is None


def test_overlapping_periods_are_accepted_where_they_are_allowed() -> None:
    assert periods_problem([{"from": None}, {"from": None}], overlaps=True) is None
    assert periods_problem([{"from": "2021-02-30"}], overlaps=True) is not None


def test_neighbours_with_the_same_content_are_joined() -> None:
    assert normalised([NOW | {"value": "PRI"}, OLD]) == [{"from": "2001-01-01", "to": None, "value": "PRI"}]
    assert normalised([NOW, OLD]) == [OLD, NOW]
    assert normalised([{"value": 1}]) == [{"from": None, "to": None, "value": 1}]


@pytest.mark.parametrize(
    ("before", "value", "since", "until", "after"),
    [
        ([], "A", None, None, [(None, None, "A")]),
        ([], "A", "2001-01-01", None, [("2001-01-01", None, "A")]),
        ([(None, None, "A")], "B", "2001-01-01", None, [(None, "2001-01-01", "A"), ("2001-01-01", None, "B")]),
        ([(None, None, "A")], "A", "2001-01-01", None, [(None, None, "A")]),
        (
            [(None, None, "A")],
            "B",
            "2001-01-01",
            "2002-01-01",
            [(None, "2001-01-01", "A"), ("2001-01-01", "2002-01-01", "B"), ("2002-01-01", None, "A")],
        ),
        ([("2005-01-01", None, "A")], "B", "2001-01-01", None, [("2001-01-01", None, "B")]),
        ([("2005-01-01", None, "A")], "B", None, "2003-01-01", [(None, "2003-01-01", "B"), ("2005-01-01", None, "A")]),
        ([(None, None, "A")], None, "2001-01-01", None, [(None, "2001-01-01", "A")]),
        ([(None, "2001-01-01", "A")], "A", "2001-01-01", None, [(None, None, "A")]),
        ([(None, None, "A")], "B", "2002-01-01", "2002-01-01", [(None, None, "A")]),
    ],
)
def test_setting_a_value_keeps_the_history_outside_of_its_span(
    before: list[Row], value: object, since: str | None, until: str | None, after: list[Row]
) -> None:
    def periods(rows: list[Row]) -> list[dict[str, object]]:
        return [{"from": start, "to": end, "value": content} for start, end, content in rows]

    assert with_value(periods(before), value, since, until=until) == periods(after)


days = st.one_of(st.none(), st.dates().map(lambda day: day.isoformat()))


@given(st.lists(st.tuples(st.integers(0, 3), days)), days, st.dates().map(lambda day: day.isoformat()))
def test_histories_stay_sound_and_say_what_was_set(
    settings: list[tuple[int, str | None]], since: str | None, on: str
) -> None:
    history: list[dict[str, object]] = []
    for value, beginning in settings:
        history = with_value(history, value, beginning)
        assert periods_problem(history) is None
    changed = with_value(history, 9, since)
    if since is None or since <= on:
        assert value_of(in_force(changed, on)) == 9
        assert value_of(latest(changed, on)) == 9
    else:
        assert value_of(in_force(changed, on)) == value_of(in_force(history, on))
    assert normalised(changed) == changed
    assert with_value(changed, 9, since) == changed
