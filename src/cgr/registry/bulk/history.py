"""How a Geo-Object's change reads in the audit log: the fields that differ, with large geometries in a few words.

A creation is logged without its content, which the object holds, and the later changes of it what it held before:
writing all of it twice would double what a large import costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cgr.audit.actions import Entry
from cgr.audit.saving import difference
from cgr.core.geometry import to_geojson
from cgr.core.object_states import bare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.core.drafts import Period
    from cgr.core.object_states import ObjectState

KIND: Final = "geo-object"
_WRITTEN_OUT: Final = 200
"""WKB bytes up to which a geometry is written out: points and small outlines; the log must not outgrow the data."""


def creation(state: ObjectState, *, organization: str) -> Entry:
    """Give the entry for a new object."""
    return Entry("create", KIND, f"{state.type}:{state.code}", organization)


def change(before: ObjectState, state: ObjectState, *, organization: str, parent_codes: Mapping[int, str]) -> Entry:
    """Give the entry for a changed object, under the code that it had."""
    was, now = fields_of(before, parent_codes), fields_of(state, parent_codes)
    fields = difference(was, now)
    return Entry(
        "change",
        KIND,
        f"{before.type}:{before.code}",
        organization,
        before={name: was.get(name) for name in fields},
        after={name: now.get(name) for name in fields},
    )


def fields_of(state: ObjectState, parent_codes: Mapping[int, str]) -> dict[str, object]:
    """Give an object's fields as the log writes them."""
    fields: dict[str, object] = {"code": state.code, "invalid": state.invalid, "exists": state.exists}
    if state.label:
        fields["label"] = _short(state.label, state)
    if state.geometry:
        fields["geometry"] = _short([_drawn(period) for period in state.geometry], state)
    for code, periods in state.values.items():
        fields[f"values.{code}"] = _short(periods, state)
    for code, edges in state.parents.items():
        fields[f"parents.{code}"] = _short([_named(edge, parent_codes) for edge in edges], state)
    for system, value in state.external_ids.items():
        fields[f"external_ids.{system}"] = value
    return fields


def _short(periods: list[Period], state: ObjectState) -> object:
    return periods[0]["value"] if bare(periods, state.exists) else periods


def _drawn(period: Period) -> Period:
    wkb = period["value"]
    if not isinstance(wkb, bytes):
        return period
    return {**period, "value": to_geojson(wkb) if len(wkb) <= _WRITTEN_OUT else f"{len(wkb)} bytes"}


def _named(edge: Period, parent_codes: Mapping[int, str]) -> Period:
    parent = edge["value"]
    return {**edge, "value": parent_codes.get(parent, parent)} if isinstance(parent, int) else edge
