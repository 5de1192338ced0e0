"""Derived short names, unique among the siblings in the tree that results (R5.8)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from cgr.core.changes import FieldChange
from cgr.core.planner.parents import parent_uid
from cgr.core.short_names import derive, numbering, sibling_key, stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.planner.drafts import Draft, Survey
    from cgr.core.planner.theirs import Theirs


def derive_short_names(survey: Survey, theirs: Theirs) -> None:
    """Give every draft that asks for one its short name, in the order of level, type and code."""
    sent = [draft for draft in survey.drafts.values() if not draft.stopped]
    asking = [draft for draft in sent if draft.label is not None]
    if not asking:
        return
    below = _names_below({parent_uid(draft, survey) for draft in asking}, sent, survey, theirs)
    # Thousands of siblings may have one name: none tries the numbers again that those before it have.
    numbers: dict[tuple[str | None, str], Iterator[int]] = {}
    for draft in asking:
        parent, label = parent_uid(draft, survey), draft.label or ""
        taken = below[parent]
        present = draft.unit.short_name if draft.unit is not None else None
        short_name = derive(label, taken, numbers=numbers.setdefault((parent, stem(label)), numbering()))
        draft.fields["shortName"] = FieldChange(present, short_name)
        taken[sibling_key(short_name)] += 1


def _names_below(
    parents: set[str | None], sent: list[Draft], survey: Survey, theirs: Theirs
) -> dict[str | None, Counter[str]]:
    """Count the short names below each parent, as they will be; those still to be derived are left out."""
    drafted = {draft.uid: draft for draft in sent}
    below: dict[str | None, Counter[str]] = {parent: Counter() for parent in parents}
    for unit in theirs.units.values():
        if unit.short_name and unit.parent in below and unit.uid not in drafted:
            below[unit.parent][sibling_key(unit.short_name)] += 1
    for draft in sent:
        parent = parent_uid(draft, survey)
        if parent not in below or draft.label is not None:
            continue
        present = draft.unit.short_name if draft.unit is not None else None
        name = draft.fields["shortName"].after if "shortName" in draft.fields else present
        if isinstance(name, str):
            below[parent][sibling_key(name)] += 1
    return below
