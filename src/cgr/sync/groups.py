"""Fill the groups, after the units exist: one additions call per group with only the members that are missing (R6, R8).

DHIS2 skips unknown ids in silence (verified fact H10), so the client verifies what arrived.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cgr.core.batches import writes_unit
from cgr.core.errors import NeedsPerson
from cgr.core.report import OutcomeState
from cgr.dhis2.errors import FORBIDDEN, NOT_FOUND
from cgr.runs.actions import is_cancelled
from cgr.runs.items import PlannedItem, Settled, read_changes, settle
from cgr.sync import outcomes

if TYPE_CHECKING:
    from cgr.sync.applying import Job


def fill_groups(job: Job) -> bool:
    """Add every unit to its planned groups. False: somebody cancelled the run between two groups."""
    items = {
        item.pk: item
        for item in read_changes(job.run.pk, unsettled=True)
        if item.change.groups and (item.unit_written or not writes_unit(item.change))
    }
    by_group: dict[str, list[int]] = defaultdict(list)
    for pk, item in items.items():
        for group in item.change.groups:
            by_group[group].append(pk)
    job.progress.step("fill groups", sum(len(pks) for pks in by_group.values()))
    open_groups = {pk: len(item.change.groups) for pk, item in items.items()}
    outcome = {pk: Settled(pk, OutcomeState.DONE.value, unit_written=True) for pk in items}
    for group, pks in sorted(by_group.items()):
        if is_cancelled(job.run):
            return False
        outcome.update(_fill(job, group, [items[pk] for pk in pks]))
        for pk in pks:
            open_groups[pk] -= 1
        settle([outcome[pk] for pk in pks if open_groups[pk] == 0])
        job.progress.advance(len(pks))
    return True


def _fill(job: Job, group: str, items: list[PlannedItem]) -> dict[int, Settled]:
    """Add units to one group; give the items that aren't members afterwards, with the reason."""
    try:
        members = job.client.group_members(group)
        missing = sorted({item.change.uid for item in items} - members)
        absent = set(job.client.add_to_group(group, missing).missing) if missing else set()
    except NeedsPerson as error:
        if error.code not in {FORBIDDEN, NOT_FOUND}:
            raise
        # Rights and existence are a matter of each group: the other groups go on (R6).
        return {item.pk: outcomes.not_in_group(item, group, reason=error.message) for item in items}
    reason = "DHIS2 doesn't know the unit any more."
    return {item.pk: outcomes.not_in_group(item, group, reason=reason) for item in items if item.change.uid in absent}
