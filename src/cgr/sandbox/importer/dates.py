"""Dates of payloads: which forms each version reads, what becomes of the others (verified facts H9 and O5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cgr.sandbox.messages import Refused, problem

if TYPE_CHECKING:
    from cgr.sandbox.world import World

# Years a database column refuses; the reader of old versions takes "20010203" for one.
LONGEST_YEAR: Final = 6
_BEGINNING: Final = "1970-01-01T00:00:00.000"
_FORM: Final = re.compile(
    r"(\d{4,})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)")
_PLAIN: Final = re.compile(r"\d{4}-\d\d-\d\d(T00:00:00(\.000)?)?")


def read_date(world: World, value: object) -> str | None:
    """Give a moment as DHIS2 stores it (server time, milliseconds), or None; raises Refused as the version does."""
    if value is None:
        return None
    if value == "":
        return _BEGINNING if (2, 35) <= world.version < (2, 37) else None
    if isinstance(value, int) and not isinstance(value, bool) and world.version >= (2, 35):
        return _stamp(datetime.fromtimestamp(value / 1000, UTC))
    if not isinstance(value, str):
        return _unreadable(world, str(value))
    return _read_text(world, value)


def _read_text(world: World, value: str) -> str:
    if world.version >= (2, 39) and (compact := _COMPACT.fullmatch(value)):
        value = "-".join(compact.groups())
    match = _FORM.fullmatch(value)
    if match is None:
        return _unreadable(world, value)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if len(year) > len("2001"):
        return f"{year}-{month or '01'}-{day or '01'}T00:00:00.000"
    if zone is None and hour is None and month and day and _PLAIN.fullmatch(value) and _exists(value[:10]):
        return value[:10] + "T00:00:00.000"
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return _unreadable(world, value)
    moment += timedelta(milliseconds=int((fraction or "0").ljust(3, "0")[:3])) - _offset(zone)
    return _stamp(moment)


def read_day(world: World, value: object) -> str | None:
    """Give a date of a DATE column: cut to the server's day."""
    moment = read_date(world, value)
    return None if moment is None else moment.split("T")[0] + "T00:00:00.000"


def _exists(day: str) -> bool:
    try:
        datetime.fromisoformat(day)
    except ValueError:
        return False
    return True


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone[0] == "-" else size


def _stamp(moment: datetime) -> str:
    return f"{moment.year:04d}-" + moment.strftime("%m-%dT%H:%M:%S.%f")[:-3]


def _unreadable(world: World, text: str) -> str:
    if (2, 35) <= world.version < (2, 37):
        return _BEGINNING
    if world.version >= (2, 37):
        told = f"Invalid date format '{text}', only ISO format or UNIX Epoch timestamp is supported."
        raise Refused(problem(world, 400, told))
    raise Refused(problem(world, 500, _joda(text)))


def _joda(text: str) -> str:
    """Give the words of the date library of 2.31 to 2.34."""
    if _FORM.fullmatch(text) and not text.isdigit():
        return f'Cannot parse "{text}": a part of it is out of its range'
    read = re.match(r"\d{0,9}(?:-\d\d)?(?:-\d\d)?", text)
    rest = text[read.end() :] if read else text
    if text.isdigit():
        rest = text[9:]
    return f'Invalid format: "{text}"' + (f' is malformed at "{rest}"' if rest != text else "")
