"""Values over time: lists of half-open periods `{"from": day or None, "to": day or None, …}` (R0.4).

Days are ISO text, which compares as the days do. `from` is inclusive, `to` exclusive; None is open on that side. What
else a period carries (`value`, `parent`) is its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from cgr.core.dates import date_problem

P = TypeVar("P", bound=Mapping[str, object])

_BEFORE_ALL = ""
_AFTER_ALL = "~"


def periods_problem(periods: object, *, overlaps: bool = False) -> str | None:
    """Say in words what is wrong with the periods, or None. `overlaps`: allow several in force at once (R0.3)."""
    if not isinstance(periods, list):
        return "expected a list of periods"
    for number, period in enumerate(periods, start=1):
        if problem := _period_problem(period):
            return f"period {number}: {problem}"
    if overlaps:
        return None
    for earlier, later in pairwise(sorted(periods, key=_span)):
        if _start(later) < _end(earlier):
            return f"the periods {_words(earlier)} and {_words(later)} overlap; end the first where the second begins"
    return None


def all_in_force(periods: Iterable[P], on: str) -> list[P]:
    """Give the periods that contain the day, in order of their beginning (parents: more than one is a defect)."""
    return sorted((period for period in periods if _start(period) <= on < _end(period)), key=_span)


def in_force(periods: Iterable[P], on: str) -> P | None:
    """Give the period that contains the day; of several, the one that began last."""
    return max((period for period in periods if _start(period) <= on < _end(period)), key=_span, default=None)


def latest(periods: Sequence[P], on: str) -> P | None:
    """Give the period in force, else the past one that ended last; never a future one."""
    if len(periods) == 1:  # which nearly all values are, and a table asks for twenty of each object
        return periods[0] if _start(periods[0]) <= on else None
    begun = [period for period in periods if _start(period) <= on]
    current = in_force(begun, on)
    return (
        current if current is not None else max(begun, key=lambda period: (_end(period), _start(period)), default=None)
    )


def normalised(periods: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Give the periods in order, both ends named, neighbours with the same content joined."""
    found = list(periods)
    if len(found) == 1:
        return [{"from": None, "to": None, **found[0]}]
    joined: list[dict[str, object]] = []
    for period in sorted(found, key=_span):
        following = {"from": period.get("from"), "to": period.get("to"), **_content(period)}
        if joined and _end(joined[-1]) == _start(following) and _content(joined[-1]) == _content(following):
            joined[-1]["to"] = following["to"]
        else:
            joined.append(following)
    return joined


def with_value(
    periods: Sequence[Mapping[str, object]], value: object, since: str | None, *, until: str | None = None
) -> list[dict[str, object]]:
    """Set `value` from `since` (None: ever) up to `until` (None: for good), keeping the history outside of that span.

    Periods that reach into the span are cut at its ends. Value None leaves the span without a value.
    """
    span = {"from": since, "to": until}
    if _start(span) >= _end(span):
        return normalised(periods)
    result: list[dict[str, object]] = [] if value is None else [{**span, "value": value}]
    for period in periods:
        if _start(period) < _start(span):
            result.append({**period, "to": _day(min(_end(period), _start(span)))})
        if _end(span) < _end(period):
            result.append({**period, "from": _day(max(_start(period), _end(span)))})
    return normalised(result)


def _start(period: Mapping[str, object]) -> str:
    day = period.get("from")
    return day if isinstance(day, str) else _BEFORE_ALL


def _end(period: Mapping[str, object]) -> str:
    day = period.get("to")
    return day if isinstance(day, str) else _AFTER_ALL


def _span(period: Mapping[str, object]) -> tuple[str, str]:
    return _start(period), _end(period)


def _content(period: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in period.items() if key not in {"from", "to"}}


def _day(bound: str) -> str | None:
    return None if bound in {_BEFORE_ALL, _AFTER_ALL} else bound


def _words(period: Mapping[str, object]) -> str:
    match period.get("from"), period.get("to"):
        case None, None:
            return "without beginning and end"
        case None, end:
            return f"up to {end}"
        case start, None:
            return f"from {start} on"
        case start, end:
            return f"{start} to {end}"


def _period_problem(period: object) -> str | None:
    if not isinstance(period, Mapping):
        return "expected an object with `from` and `to`"
    for end in ("from", "to"):
        day = period.get(end)
        if day is not None and (problem := date_problem(day)):
            return f"`{end}`: {problem}"
    if _start(period) >= _end(period):
        return (
            f"it ends on {period['to']}, not after its beginning {period['from']} (the end is the first day without it)"
        )
    return None
