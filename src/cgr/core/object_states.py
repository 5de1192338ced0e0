"""What a Geo-Object becomes when a draft is written onto it: one rule for files, imports and edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from cgr.core.drafts import Always, History, Period, Since
from cgr.core.periods import normalised, with_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cgr.core.drafts import ObjectDraft, Writing


class ObjectState(Struct, gc=False):
    """A Geo-Object with its whole history, as stored: lists of periods in order, without empty ones.

    `parents`: by hierarchy code; a period's value is the parent's key, or its code while the parent isn't known yet.
    `geometry`: a period's value is WKB. `reserved`: codes of the systems whose id isn't confirmed yet (R9.4).
    """

    type: str
    code: str
    invalid: bool
    exists: list[Period]
    label: list[Period]
    values: dict[str, list[Period]]
    geometry: list[Period]
    parents: dict[str, list[Period]]
    external_ids: dict[str, str]
    reserved: tuple[str, ...] = ()


def after(
    before: ObjectState | None, draft: ObjectDraft, *, parent_keys: Mapping[tuple[str, str], int] | None = None
) -> ObjectState:
    """Write the draft onto the object, or onto nothing.

    `parent_keys`: (hierarchy, code) → key of parents already known, so that a parent named by code equals itself.
    A new object about whose existence nothing is said exists without beginning and end.
    """
    if before is None:
        return _created(draft)
    state = before
    exists = state.exists if draft.exists is UNSET else normalised(draft.exists)
    beginning = exists[0]["from"] if exists else None
    return ObjectState(
        type=state.type,
        code=draft.code,
        invalid=state.invalid if draft.invalid is UNSET else draft.invalid,
        exists=exists,
        label=state.label if draft.label is UNSET else _written(state.label, draft.label, beginning),
        values=_all_written(state.values, draft.values, beginning),
        geometry=state.geometry if draft.geometry is UNSET else _written(state.geometry, draft.geometry, beginning),
        parents=_parents_written(state.parents, _with_keys(draft.parents, parent_keys), beginning),
        external_ids=_ids_written(state.external_ids, draft.external_ids),
        reserved=tuple(code for code in state.reserved if draft.external_ids.get(code, UNSET) is not None),
    )


def bare(periods: list[Period], exists: list[Period]) -> bool:
    """Say whether these are what a bare value stands for: one period from the object's beginning on, without end."""
    return len(periods) == 1 and periods[0]["to"] is None and bool(exists) and periods[0]["from"] == exists[0]["from"]


def _created(draft: ObjectDraft) -> ObjectState:
    # What `after` does, without a look at what isn't there: nearly all objects of a large file are new.
    exists: list[Period] = [{"from": None, "to": None}] if draft.exists is UNSET else normalised(draft.exists)
    beginning = exists[0]["from"] if exists else None
    label, geometry = draft.label, draft.geometry
    return ObjectState(
        draft.type,
        draft.code,
        draft.invalid is True,
        exists,
        [] if label is UNSET else _written([], label, beginning),
        _all_written({}, draft.values, beginning),
        [] if geometry is UNSET else _written([], geometry, beginning),
        _parents_written({}, draft.parents, beginning),
        _ids_written({}, draft.external_ids),
    )


def _all_written(
    before: dict[str, list[Period]], writings: Mapping[str, Writing], beginning: object
) -> dict[str, list[Period]]:
    if not writings:
        return before
    result = dict(before)
    for name, writing in writings.items():
        if periods := _written(before.get(name, []), writing, beginning):
            result[name] = periods
        else:
            result.pop(name, None)
    return result


def _parents_written(
    before: dict[str, list[Period]], writings: Mapping[str, Writing], beginning: object
) -> dict[str, list[Period]]:
    if not writings:
        return before
    result = _all_written(before, writings, beginning)
    for hierarchy in writings:
        if len(edges := result.get(hierarchy, ())) > 1:
            result[hierarchy] = _edges_in_order(edges)
    return result


def _edges_in_order(edges: Iterable[Period]) -> list[Period]:
    """Join the neighbouring edges of each parent, also where another parent's edge lies between or over them (R0.3)."""
    by_parent: dict[object, list[Period]] = {}
    for edge in edges:
        by_parent.setdefault(edge["value"], []).append(edge)
    joined = [edge for of_one in by_parent.values() for edge in normalised(of_one)]
    return sorted(
        joined, key=lambda edge: (edge["from"] or "", edge["to"] is None, edge["to"] or "", str(edge["value"]))
    )


def _written(before: list[Period], writing: Writing, beginning: object) -> list[Period]:
    if isinstance(writing, Always):  # first and without ado: nearly all values of a large file are written so
        return [{"from": beginning, "to": None, "value": writing.value}]
    match writing:
        case None:
            return []
        case Since(start=start, value=value, until=until):
            return with_value(before, value, start, until=until)
        case History(periods=periods):
            return normalised(periods)


def _ids_written(before: dict[str, str], ids: Mapping[str, str | None]) -> dict[str, str]:
    if not ids:
        return before
    return {system: value for system, value in {**before, **ids}.items() if value is not None}


def _with_keys(writings: Mapping[str, Writing], keys: Mapping[tuple[str, str], int] | None) -> Mapping[str, Writing]:
    if not keys:
        return writings
    return {hierarchy: _with_key(writing, hierarchy, keys) for hierarchy, writing in writings.items()}


def _with_key(writing: Writing, hierarchy: str, keys: Mapping[tuple[str, str], int]) -> Writing:
    def key(parent: object) -> object:
        return keys.get((hierarchy, parent), parent) if isinstance(parent, str) else parent

    match writing:
        case None:
            return None
        case Always(value=parent):
            return Always(key(parent))
        case Since(start=start, value=parent, until=until):
            return Since(start, key(parent), until)
        case History(periods=periods):
            return History([{**period, "value": key(period["value"])} for period in periods])
