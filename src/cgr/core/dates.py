"""Dates are ISO text, `yyyy-MM-dd`, from parsing to sending: DHIS2 loses the day of anything with a zone (H9)."""

from __future__ import annotations

import re
from datetime import date

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_LENGTH = 10


def is_date(text: object) -> bool:
    """Say whether this is a real day written `yyyy-MM-dd`, years 0001 to 9999."""
    return date_problem(text) is None


def date_problem(text: object) -> str | None:
    """Say in words why this is not a real day written `yyyy-MM-dd`, or None."""
    # The shape is looked at first: Python also reads 20010203 and 2001-W05-6 as ISO dates, DHIS2 doesn't (O5).
    if not isinstance(text, str) or _SHAPE.fullmatch(text) is None:
        return f"{text!r} is not a date; write it as year-month-day, like 2001-02-28"
    try:
        date.fromisoformat(text)
    except ValueError:
        return f"{text} is not a day of the calendar"
    return None


def day_of(text: str | None) -> str | None:
    """Give the day that a DHIS2 date or date-time text starts with; None when it starts with none."""
    if not text:
        return None
    day = text[:_DAY_LENGTH]
    return day if is_date(day) else None


def render_date(value_type: str, day: str) -> str:
    """Write a day for a DHIS2 attribute of type DATE, DATETIME, TIME or AGE (`contract.md`)."""
    match value_type:
        case "DATETIME":
            return f"{day}T00:00:00.000"
        case "TIME":
            return "00:00"
        case _:
            return day
