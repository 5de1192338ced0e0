"""Fill the groups, after the units exist: one additions call per group with only the members that are missing (R6, R8).

DHIS2 skips unknown ids in silence (verified fact H10), so the client verifies what arrived. All of it is safe to
repeat: additions never remove anybody, and every try reads the members first.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from cgr.core.batches import writes_unit
from cgr.core.errors import NeedsPerson
from cgr.core.evidence import Answer, evidence
from cgr.dhis2.errors import FORBIDDEN, NOT_FOUND
from cgr.registry.snapshot import versions
from cgr.runs.items import PlannedItem, Settled, read_changes, settle
from cgr.sync import outcomes
from cgr.sync.applying import has_to_stop
from cgr.sync.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.sync.applying import Job

_A_GROUPS_OWN = frozenset({FORBIDDEN, NOT_FOUND})
"""Rights and existence are a matter of each group: the other groups go on (R6)."""


def fill_groups(job: Job) -> bool:
    """Add every unit to its planned groups. False: the run has to stop between two groups."""
    items = {item.pk: item for item in _still_as_planned(_waiting(job))}
    by_group: dict[str, list[int]] = defaultdict(list)
    for pk, item in items.items():
        for group in item.change.groups:
            by_group[group].append(pk)
    if by_group:
        job.progress.step("fill groups", sum(len(pks) for pks in by_group.values()))
    open_groups = {pk: len(item.change.groups) for pk, item in items.items()}
    outcome = {pk: outcomes.in_all_groups(item) for pk, item in items.items()}
    for group, pks in sorted(by_group.items()):
        if has_to_stop(job):
            return False
        members = [items[pk] for pk in pks]
        outcome.update(patiently(partial(_fill, job, group, members), job.wait))
        for pk in pks:
            open_groups[pk] -= 1
        settle([outcome[pk] for pk in pks if open_groups[pk] == 0])
        job.progress.advance(len(pks))
    return True


def _waiting(job: Job) -> list[PlannedItem]:
    return [
        item
        for item in read_changes(job.run.pk, unsettled=True)
        if item.change.groups and (item.unit_written or not writes_unit(item.change))
    ]


def _still_as_planned(items: Sequence[PlannedItem]) -> list[PlannedItem]:
    """Leave out objects edited here since the plan: they may belong to other groups now (contract.md)."""
    ours = versions([item.change.key for item in items])
    stale = {
        item.pk for item in items if not writes_unit(item.change) and ours.get(item.change.key) != item.change.version
    }
    settle([outcomes.changed_in_registry(item) for item in items if item.pk in stale])
    return [item for item in items if item.pk not in stale]


def _fill(job: Job, group: str, items: Sequence[PlannedItem]) -> dict[int, Settled]:
    """Add units to one group; give the items that aren't members afterwards, with the reason. Safe to repeat."""
    members: set[str] = set()
    try:
        members = job.client.group_members(group)
        missing = sorted({item.change.uid for item in items} - members)
        added = job.client.add_to_group(group, missing) if missing else None
    except NeedsPerson as error:
        if error.code not in _A_GROUPS_OWN:
            raise
        outside = [item for item in items if item.change.uid not in members]
        return {item.pk: _refused(job, item, group, reason=error.message) for item in outside}
    absent = added.missing if added is not None else ()
    known = job.client.owners(absent) if absent else {}
    why = (added.message if added is not None else "") or "DHIS2 doesn't say why."
    return {
        item.pk: _refused(job, item, group, reason=why) if item.change.uid in known else outcomes.gone(item)
        for item in items
        if item.change.uid in absent
    }


def _refused(job: Job, item: PlannedItem, group: str, *, reason: str) -> Settled:
    body = {"organisationUnitGroup": group, "additions": [{"id": item.change.uid}]}
    kept = evidence(body, Answer(reason), conceal=job.client.conceal)
    return outcomes.not_in_group(item, group, reason=reason, evidence=kept)
