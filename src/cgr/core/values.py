"""Custom attribute values as DHIS2 takes them: which kinds go to which value types, how a value is written, compared.

The rules are those of the strictest server (2.40 and later); older ones store anything, which helps nobody (verified
facts, section 3 and O8), so a value is refused here on every version, before anything is sent (R7.2).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core import dates, formats
from cgr.core.formats import shown
from cgr.core.localized import DEFAULT, pick
from cgr.core.texts import normal, refusal, same_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.core.records import Value


class Refused(Struct, frozen=True):
    """Why DHIS2 would not take the value, in words that can follow "beds can't be sent: "."""

    reason: str


_TEXT_TYPES = ("TEXT", "LONG_TEXT", "LETTER", "PHONE_NUMBER", "EMAIL", "USERNAME", "URL")
_BOOLEAN_TYPES = ("BOOLEAN", "TRUE_ONLY")
_DATE_TYPES = ("DATE", "DATETIME", "TIME", "AGE")
_INTEGER_TYPES = ("INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE")
_DECIMAL_TYPES = ("NUMBER", "UNIT_INTERVAL", "PERCENTAGE")

COMPATIBLE: dict[str, tuple[str, ...]] = {
    "text": _TEXT_TYPES,
    "localized_text": _TEXT_TYPES,
    "boolean": _BOOLEAN_TYPES,
    "date": _DATE_TYPES,
    "integer": _INTEGER_TYPES,
    "decimal": _DECIMAL_TYPES,
    # A term needs an option set; the set's codes then have to be values of the attribute's type.
    "term": _TEXT_TYPES + _BOOLEAN_TYPES + _DATE_TYPES + _INTEGER_TYPES + _DECIMAL_TYPES,
}
"""Attribute kind → value types it may be sent to (R7.1). What isn't listed is never mapped, future types included."""

_LONGEST_TEXT = 50_000
_NUMBER_LENGTH_LIMIT = 250
_TOO_LARGE = 10**_NUMBER_LENGTH_LIMIT

_LOWEST, _HIGHEST = -(2**31), 2**31 - 1
_INTEGER_RANGES: dict[str, tuple[int, int, str]] = {
    "INTEGER": (_LOWEST, _HIGHEST, "a whole number"),
    "INTEGER_POSITIVE": (1, _HIGHEST, "a whole number above 0"),
    "INTEGER_NEGATIVE": (_LOWEST, -1, "a whole number below 0"),
    "INTEGER_ZERO_OR_POSITIVE": (0, _HIGHEST, "a whole number of 0 or more"),
}
_DECIMAL_RANGES: dict[str, tuple[int, int, str]] = {
    "UNIT_INTERVAL": (0, 1, "a number from 0 to 1"),
    "PERCENTAGE": (0, 100, "a number from 0 to 100"),
}

_BLANKS = re.compile(" {2,}")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,9}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_READABLE_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3])"
    r"(?::[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def render(kind: str, value_type: str, value: Value | None, *, locale: str = DEFAULT) -> str | Refused | None:
    """Write a value of ours for an attribute of this value type.

    For kind `term` give the option's code. None: the pair is left out. That is "nothing of ours" (no value, blank
    text), except for TRUE_ONLY, where it also stands for a false of ours: DHIS2's `true` then has to go.
    """
    if value_type not in COMPATIBLE[kind]:
        return Refused(f"a value of kind {kind} can't go to a DHIS2 attribute of type {value_type}")
    if value is None:
        return None
    written = _WRITERS[kind](value_type, pick(value, locale) if isinstance(value, dict) else value)
    if not isinstance(written, str):
        return written
    reason = value_refusal(value_type, written)
    return written if reason is None else Refused(reason)


def value_refusal(value_type: str, text: str) -> str | None:
    """Say why DHIS2 (2.40+) or its users' screens would refuse this text for this value type, or None."""
    check = _CHECKS.get(value_type)
    if check is None:
        return f"DHIS2 attributes of type {value_type} can't be mapped"
    return refusal(text, _LONGEST_TEXT) or check(value_type, text)


def same_value(value_type: str, ours: str | None, theirs: str | None) -> bool:
    """Compare as the type does: numbers as decimals, dates by day, booleans in any case, texts but for blanks."""
    if ours == theirs or same_text(ours, theirs):
        return True
    if not ours or not theirs:
        return False
    canonical = _CANONICAL.get(value_type)
    if canonical is None:
        return False
    left = canonical(ours.strip())
    return left is not None and left == canonical(theirs.strip())


def _write_text(value_type: str, value: object) -> str | Refused | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return Refused(f"{shown(value)} is not a text")
    # Long text keeps its lines, but not runs of blanks, of which DHIS2 2.38+ makes one; everything else is one line.
    return (_BLANKS.sub(" ", value.strip()) or None) if value_type == "LONG_TEXT" else normal(value)


def _write_boolean(value_type: str, value: object) -> str | Refused | None:
    if not isinstance(value, bool):
        return Refused(f"{shown(value)} is neither true nor false")
    if value_type == "TRUE_ONLY" and not value:
        return None
    return "true" if value else "false"


def _write_date(value_type: str, value: object) -> str | Refused | None:
    problem = dates.date_problem(value)
    return dates.render_date(value_type, str(value)) if problem is None else Refused(problem)


def _write_integer(_value_type: str, value: object) -> str | Refused | None:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        return Refused(f"{shown(value)} is not a whole number")
    if not _LOWEST <= value <= _HIGHEST:
        return Refused(f"the number is out of DHIS2's range, {_LOWEST} to {_HIGHEST}")
    return str(value)


def _write_decimal(_value_type: str, value: object) -> str | Refused | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return Refused(f"{shown(value)} is not a number")
    # Python refuses to write out numbers of thousands of digits, so the size is looked at first.
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        return Refused(f"the number has more digits than DHIS2 takes (fewer than {_NUMBER_LENGTH_LIMIT})")
    number = _decimal(str(value))
    if number is None:
        return Refused(f"{shown(value)} is not a number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


_WRITERS: dict[str, Callable[[str, object], str | Refused | None]] = {
    "text": _write_text,
    "localized_text": _write_text,
    "term": _write_text,
    "boolean": _write_boolean,
    "date": _write_date,
    "integer": _write_integer,
    "decimal": _write_decimal,
}


def _decimal(text: str) -> Decimal | None:
    """Read a number of at most three digits of exponent; more would be written out to millions of digits."""
    if len(text) > _NUMBER_LENGTH_LIMIT or _READABLE_NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def _check_nothing(_value_type: str, _text: str) -> str | None:
    return None


def _check_letter(_value_type: str, text: str) -> str | None:
    return None if len(text) == 1 and text.isalpha() else f"{shown(text)} is not one letter"


def _check_boolean(value_type: str, text: str) -> str | None:
    allowed = ("true",) if value_type == "TRUE_ONLY" else ("true", "false")
    return None if text in allowed else f"{shown(text)} is not {' or '.join(allowed)}"


def _check_date(_value_type: str, text: str) -> str | None:
    return dates.date_problem(text)


def _check_datetime(_value_type: str, text: str) -> str | None:
    found = _DATETIME.fullmatch(text)
    if found is None:
        return f"{shown(text)} is not a date and time like 2001-02-28T00:00:00.000"
    return dates.date_problem(found["day"])


def _check_time(_value_type: str, text: str) -> str | None:
    return None if _TIME.fullmatch(text) else f"{shown(text)} is not a time from 00:00 to 23:59"


def _check_integer(value_type: str, text: str) -> str | None:
    lowest, highest, words = _INTEGER_RANGES[value_type]
    if _INTEGER.fullmatch(text) and lowest <= int(text) <= highest:
        return None
    return f"{shown(text)} is not {words} that DHIS2 takes ({lowest} to {highest})"


def _check_number(value_type: str, text: str) -> str | None:
    if len(text) >= _NUMBER_LENGTH_LIMIT:
        return f"it has {len(text)} digits, DHIS2 takes fewer than {_NUMBER_LENGTH_LIMIT}"
    if _NUMBER.fullmatch(text) is None:
        return f"{shown(text)} is not a number like 12.5"
    lowest, highest, words = _DECIMAL_RANGES.get(value_type, (None, None, ""))
    if lowest is None or highest is None or lowest <= Decimal(text) <= highest:
        return None
    return f"{shown(text)} is not {words}"


_CHECKS: dict[str, Callable[[str, str], str | None]] = {
    "TEXT": _check_nothing,
    "LONG_TEXT": _check_nothing,
    "LETTER": _check_letter,
    "PHONE_NUMBER": lambda _value_type, text: formats.phone_number_refusal(text),
    "EMAIL": lambda _value_type, text: formats.email_refusal(text),
    "USERNAME": lambda _value_type, text: formats.username_refusal(text),
    "URL": lambda _value_type, text: formats.url_refusal(text),
    "TIME": _check_time,
    "DATETIME": _check_datetime,
    **dict.fromkeys(("DATE", "AGE"), _check_date),
    **dict.fromkeys(_BOOLEAN_TYPES, _check_boolean),
    **dict.fromkeys(_INTEGER_TYPES, _check_integer),
    **dict.fromkeys(_DECIMAL_TYPES, _check_number),
}

_HOURS_AND_MINUTES = 5

_CANONICAL: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(_BOOLEAN_TYPES, str.lower),
    **dict.fromkeys(("DATE", "DATETIME", "AGE"), dates.day_of),
    **dict.fromkeys(_INTEGER_TYPES + _DECIMAL_TYPES, _decimal),
    "TIME": lambda text: text[:_HOURS_AND_MINUTES],
}
