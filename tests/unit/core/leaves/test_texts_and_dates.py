"""Texts and days as DHIS2 keeps them."""

from __future__ import annotations

import pytest

from cgr.core.dates import date_problem, day_of, is_date, render_date
from cgr.core.texts import length, normal, refusal, same_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("", None), (" \t\n", None), ("  a \n b  ", "a b"), ("a", "a"), ("a\u00a0b", "a b")],
)
def test_runs_of_blanks_become_one_and_nothing_is_none(text: str | None, expected: object) -> None:
    assert normal(text) == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (None, "", True),
        (None, "  ", True),
        ("Bo  Clinic", "Bo Clinic ", True),
        ("Bo", "bo", False),
        ("Bo", None, False),
        ("Bo", "Bo", True),
    ],
)
def test_blanks_never_make_a_difference_and_case_does(ours: str | None, theirs: str | None, expected: object) -> None:
    assert same_text(ours, theirs) is expected
    assert same_text(theirs, ours) is expected


@pytest.mark.parametrize(("text", "units"), [("", 0), ("Bo", 2), ("Sécurité", 8), ("中", 1), ("𞤀𞤁", 4)])
def test_length_is_counted_as_java_does(text: str, units: int) -> None:
    assert length(text) == units


@pytest.mark.parametrize(
    ("text", "limit", "words"),
    [
        ("x" * 230, 230, None),
        ("x" * 231, 230, "231 characters, DHIS2 takes at most 230"),
        ("𞤀" * 25, 50, None),
        ("𞤀" * 26, 50, "52 characters"),
        ("x" * 10_000, None, None),
        ("a\x00b", None, "U+0000"),
        ("a\ud800b", 50, "U+D800"),
    ],
)
def test_text_that_dhis2_cannot_store_is_told(text: str, limit: int | None, words: str | None) -> None:
    problem = refusal(text, limit)
    assert (problem is None) if words is None else (words in (problem or ""))


@pytest.mark.parametrize("day", ["0001-01-01", "2000-02-29", "2001-02-28", "9999-12-31"])
def test_real_days_are_dates(day: str) -> None:
    assert is_date(day)
    assert date_problem(day) is None


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-30",
        "2001-02-29",
        "0000-01-01",
        "10000-01-01",
        "2001-13-01",
        "2001-2-3",
        "20010203",
        "2001-W05-6",
        "03/02/2001",
        "2001-02",
        "2001-02-03T00:00",
        " 2001-02-03",
        "2001-02-03\n",
        "\uff12\uff10\uff10\uff11-02-03",
        "",
        None,
        2001.5,
    ],
)
def test_everything_else_is_not_and_is_told_in_words(text: object) -> None:
    assert not is_date(text)
    assert date_problem(text)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2001-02-03T00:00:00.000", "2001-02-03"),
        ("2001-02-03", "2001-02-03"),
        ("2001-02", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_the_day_of_a_date_time_is_its_beginning(text: str | None, day: str | None) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize(
    ("value_type", "text"),
    [("DATE", "2001-02-03"), ("DATETIME", "2001-02-03T00:00:00.000"), ("TIME", "00:00"), ("AGE", "2001-02-03")],
)
def test_a_day_is_written_as_the_contract_says(value_type: str, text: str) -> None:
    assert render_date(value_type, "2001-02-03") == text
