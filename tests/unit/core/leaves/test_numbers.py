"""Numbers that anybody may have typed: what can't be stored, or isn't one, is none."""

from __future__ import annotations

import pytest

from cgr.core.numbers import BIGINT, INTEGER, whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("007", 7), (str(BIGINT), BIGINT)])
def test_a_number_that_a_column_holds_is_read(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", " 1", "-1", "1.0", "x", "²", "\u0661", str(BIGINT + 1), "9" * 5000])
def test_anything_else_is_none(text: str) -> None:
    assert whole_number(text) is None


def test_one_that_is_too_large_is_none() -> None:
    assert whole_number(str(INTEGER), most=INTEGER) == INTEGER
    assert whole_number(str(INTEGER + 1), most=INTEGER) is None
