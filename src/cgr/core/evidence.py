"""What was sent for an object that DHIS2 refused, and what it answered: bounded, and without secrets (R9.3).

A body too large to keep loses its largest values, nearly always a geometry, and stays readable; of many reports on one
unit the first are kept. What was left out is said in its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_SENT = 64_000
"""Bytes of JSON kept of a body."""

MOST_ANSWERED = 16_000
"""Bytes of JSON kept of an answer."""

_MOST_PER_REPORT = 4_000
_encode = msgspec.json.encode


class Evidence(Struct, frozen=True):
    """One refused object's exchange, as JSON texts."""

    sent: str
    answer: str


class Answer(Struct, frozen=True):
    """The part of DHIS2's answer that is about one unit: its words on the whole request, and its own error reports."""

    message: str = ""
    reports: tuple[str, ...] = ()


def evidence(body: Mapping[str, object], answer: Answer, *, conceal: Callable[[str], str]) -> Evidence:
    """Make what is kept. `conceal` takes our secrets out of a text: an answer may echo what we sent."""
    reports = [bounded(report, _MOST_PER_REPORT) for report in map(_object, answer.reports)]
    kept = _first(reports, MOST_ANSWERED // 2)
    said: dict[str, object] = {"message": answer.message, "errorReports": kept}
    if len(kept) < len(reports):
        said["leftOut"] = f"{len(reports) - len(kept):,} more error reports were not kept"
    return Evidence(
        sent=_encode(_concealed(bounded(body, MOST_SENT), conceal)).decode(),
        answer=_encode(_concealed(bounded(said, MOST_ANSWERED), conceal)).decode(),
    )


def bounded(value: Mapping[str, object], most: int) -> dict[str, object]:
    """Give the object with its largest values replaced by a note until its JSON fits `most` bytes."""
    kept = dict(value)
    sizes = {key: len(_encode(part)) for key, part in kept.items()}
    excess = len(_encode(kept)) - most
    for key in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0:
            break
        kept[key] = f"… {sizes[key]:,} bytes, not kept"
        excess -= sizes[key] - len(_encode(kept[key]))
    return kept


def _first(reports: Sequence[dict[str, object]], most: int) -> list[dict[str, object]]:
    kept: list[dict[str, object]] = []
    for report in reports:
        most -= len(_encode(report))
        if most < 0:
            break
        kept.append(report)
    return kept


def _object(report: str) -> dict[str, object]:
    """Read one error report; the client hands over only what was a JSON object."""
    return msgspec.json.decode(report, type=dict[str, object])


def _concealed(value: Any, conceal: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return conceal(value)
    if isinstance(value, list):
        return [_concealed(part, conceal) for part in value]
    if isinstance(value, dict):
        return {key: _concealed(part, conceal) for key, part in value.items()}
    return value
