"""What DHIS2 would refuse about a unit as a whole, found before anything is sent (R5.8, R7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.planner import wording
from cgr.core.planner.rules import SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.planner.drafts import Draft

_REQUIRED = ("name", "shortName", "openingDate")


def check_units(drafts: Iterable[Draft]) -> None:
    """Check every unit that would be written."""
    for draft in drafts:
        if not draft.writes:
            continue
        _check_required(draft)
        _check_dates(draft)
        _check_mandatory(draft)


def resulting(draft: Draft, name: str) -> object:
    """Give the value that a plain field of the unit would have."""
    if name in draft.fields:
        return draft.fields[name].after
    return getattr(draft.unit, SLOTS[name]) if draft.unit is not None else None


def _check_required(draft: Draft) -> None:
    """Name what is missing; for existing units only what is mapped, the rest is DHIS2's own business."""
    mapped = {rule.property for rule in draft.rules.fields}
    if draft.rules.short_name is not None:
        mapped.add("shortName")
    if not draft.rules.exports_values:
        mapped = set()
    refused = {issue.about for issue in draft.issues}
    missing = [
        name
        for name in _REQUIRED
        if (draft.creates or name in mapped)
        and name not in refused
        and not resulting(draft, name)
        and not (name == "shortName" and draft.label is not None)
    ]
    if missing:
        draft.issues.append(wording.required_missing(missing))


def _check_dates(draft: Draft) -> None:
    """E4013 compares what results: an old closedDate that DHIS2 keeps can contradict our openingDate."""
    if not {"openingDate", "closedDate"} & draft.fields.keys():
        return
    opened, closed = resulting(draft, "openingDate"), resulting(draft, "closedDate")
    if isinstance(opened, str) and isinstance(closed, str) and closed[:10] < opened[:10]:
        draft.issues.append(wording.closed_before_opened(opened[:10], closed[:10]))


def _check_mandatory(draft: Draft) -> None:
    present = (draft.unit.attribute_values if draft.unit is not None else None) or {}
    refused = {issue.about for issue in draft.issues}
    missing = []
    for attribute in draft.rules.mandatory:
        key = f"attribute:{attribute.id}"
        value = draft.fields[key].after if key in draft.fields else present.get(attribute.id)
        if not value and key not in refused:
            missing.append(attribute.name)
    if missing:
        draft.issues.append(wording.mandatory_missing(missing))
