"""The Geo-Objects file: one JSON object a line (contract.md), to drafts and back.

Reading says in words what is wrong with a line; whether what it names exists is decided by `draft_rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from cgr.core.decoding import in_words
from cgr.core.drafts import Always, History, ObjectDraft, Period, Writing
from cgr.core.errors import BadInput
from cgr.core.geometry import from_geojson, to_geojson
from cgr.core.object_states import bare
from cgr.core.periods import all_in_force, latest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cgr.core.object_states import ObjectState

MAX_LINE_BYTES: Final = 64 * 2**20
"""Longer lines are refused unread: the most detailed national boundaries have a few megabytes."""


class _Period(Struct, frozen=True, forbid_unknown_fields=True):
    starts: str | None = field(name="from", default=None)
    ends: str | None = field(name="to", default=None)

    def content(self) -> object:
        """Give what holds in the period."""
        return None


class _ValuePeriod(_Period, frozen=True, forbid_unknown_fields=True, kw_only=True):
    value: Any

    def content(self) -> object:
        return self.value


class _ParentPeriod(_Period, frozen=True, forbid_unknown_fields=True, kw_only=True):
    parent: str

    def content(self) -> object:
        return self.parent


_Label: TypeAlias = str | dict[str, str] | list[_ValuePeriod] | None
_Geometry: TypeAlias = dict[str, Any] | list[_ValuePeriod] | None
_Parents: TypeAlias = dict[str, str | list[_ParentPeriod] | None]


class _Line(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    type: str
    code: str
    label: _Label | UnsetType = UNSET
    exists: list[_Period] | UnsetType = UNSET
    values: dict[str, Any] = {}
    geometry: _Geometry | UnsetType = UNSET
    parents: _Parents = {}
    external_ids: dict[str, str | None] = {}
    invalid: bool | UnsetType = UNSET


_DECODER = msgspec.json.Decoder(_Line)


def read_line(line: bytes, number: int) -> ObjectDraft:
    """Read one line; raise BadInput in words when it isn't one object of the format."""
    if len(line) > MAX_LINE_BYTES:
        raise _bad(f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB")
    try:
        parsed = _DECODER.decode(line)
        values = {code: _writing(_value_periods(raw)) for code, raw in parsed.values.items()}
    except msgspec.ValidationError as problem:
        raise _bad(in_words(problem)) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise _bad(f"this is not JSON: {problem}") from problem
    return ObjectDraft(
        type=parsed.type,
        code=parsed.code,
        line=number,
        label=parsed.label if parsed.label is UNSET else _writing(parsed.label),
        exists=parsed.exists if parsed.exists is UNSET else [_period(period) for period in parsed.exists],
        values=values,
        geometry=parsed.geometry if parsed.geometry is UNSET else _geometry(parsed.geometry),
        parents={code: _writing(raw) for code, raw in parsed.parents.items()},
        external_ids=parsed.external_ids,
        invalid=parsed.invalid,
    )


def write_line(state: ObjectState, *, as_of: str | None = None) -> bytes:
    """Write one object as a line, with its history, or as of a day; reading it back whole gives the same object."""
    return line_of(describe(state, as_of=as_of))


def line_of(described: dict[str, Any]) -> bytes:
    """Write what `describe` gives as a line."""
    return msgspec.json.encode(described) + b"\n"


def describe(state: ObjectState, *, as_of: str | None = None) -> dict[str, Any]:
    """Give what the line of an object holds: its history, or as of a day bare values, the latest then (R0.4).

    Ids that aren't confirmed are left out: they speak of units that may never be made. `parents` must hold codes.
    """
    if as_of is None:
        exists = state.exists

        def content(periods: list[Period]) -> object:
            return periods[0]["value"] if bare(periods, state.exists) else periods
    else:
        now = latest(state.exists, as_of)
        exists = [now] if now else []

        def content(periods: list[Period]) -> object:
            held = latest(periods, as_of)
            return held and held["value"]

    return _described(state, exists, content, _parents(state, as_of))


def _described(
    state: ObjectState, exists: list[Period], content: Callable[[list[Period]], object], parents: dict[str, object]
) -> dict[str, Any]:
    label, geometry = content(state.label), content([_as_geojson(period) for period in state.geometry])
    values = {code: content(periods) for code, periods in sorted(state.values.items())}
    line = {
        "type": state.type,
        "code": state.code,
        **({"label": label} if label else {}),
        "exists": exists,
        "values": {code: value for code, value in values.items() if value is not None},
        **({"geometry": geometry} if geometry else {}),
        "parents": parents,
        "external_ids": {
            system: value for system, value in sorted(state.external_ids.items()) if system not in state.reserved
        },
        "invalid": state.invalid,
    }
    return {key: value for key, value in line.items() if value != {}}


def _parents(state: ObjectState, as_of: str | None) -> dict[str, object]:
    result: dict[str, object] = {}
    for hierarchy, edges in sorted(state.parents.items()):
        held = edges if as_of is None else all_in_force(edges, as_of)
        if bare(held, state.exists) or (as_of is not None and len(held) == 1):
            result[hierarchy] = held[0]["value"]
        elif held:
            result[hierarchy] = [{"parent": edge["value"], "from": edge["from"], "to": edge["to"]} for edge in held]
    return result


def _as_geojson(period: Period) -> Period:
    wkb = period["value"]
    return {**period, "value": to_geojson(wkb) if isinstance(wkb, bytes) else wkb}


def _value_periods(raw: object) -> object:
    return msgspec.convert(raw, list[_ValuePeriod]) if isinstance(raw, list) else raw


def _writing(raw: object) -> Writing:
    if raw is None:
        return None
    if isinstance(raw, list):
        return History([_period(period) for period in raw])
    return Always(raw)


def _period(period: _Period) -> Period:
    days: Period = {"from": period.starts, "to": period.ends}
    return days if type(period) is _Period else {**days, "value": period.content()}


def _geometry(raw: Mapping[str, object] | list[_ValuePeriod] | None) -> Writing:
    try:
        match writing := _writing(raw):
            case Always(value=value):
                return Always(from_geojson(value))
            case History(periods=periods):
                return History([{**period, "value": from_geojson(period["value"])} for period in periods])
            case _:
                return writing
    except BadInput as problem:
        raise _bad(f'"geometry": {problem.message}') from problem


def _bad(message: str) -> BadInput:
    return BadInput(
        message, code="bad-line", next_step="Correct the line and apply the file again; nothing was written."
    )
