"""Dates as people write them in tables: a declared order of day, month and year, never a guess."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from cgr.core.dates import is_date

_PARTS = {"yyyy": r"(?P<year>[0-9]{4})", "mm": r"(?P<month>[0-9]{1,2})", "dd": r"(?P<day>[0-9]{1,2})"}
_TIME = re.compile(r"[T ]00:00(:00(\.0+)?)?Z?$")


def is_date_format(text: str) -> bool:
    """Say whether the text names year, month and day once each."""
    return _pattern(text) is not None


@lru_cache(maxsize=4096)  # thousands of rows begin on the same few days
def read_day(text: str, form: str) -> str | None:
    """Give the day as ISO text, or None. ISO dates, as workbooks give them, are understood in every format."""
    text = _TIME.sub("", text)
    if is_date(text):
        return text
    pattern = _pattern(form)
    found = pattern.fullmatch(text) if pattern else None
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])).isoformat()
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _pattern(form: str) -> re.Pattern[str] | None:
    pattern = re.escape(form.lower())
    for part, written in _PARTS.items():
        if pattern.count(part) != 1:
            return None
        pattern = pattern.replace(part, written)
    return re.compile(pattern)
