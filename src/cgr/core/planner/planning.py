"""The way from what both sides hold to the plan: survey, settle, assemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.planner.assembling import assemble, untouched
from cgr.core.planner.checks import check_units
from cgr.core.planner.identity import give_ids, report_second_roots, report_shared_ids
from cgr.core.planner.naming import derive_short_names
from cgr.core.planner.parents import drop_parents_already_right, report_several_parents, settle_parents
from cgr.core.planner.rules import level_rules
from cgr.core.planner.surveying import survey
from cgr.core.planner.taken import report_taken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.changes import Plan
    from cgr.core.mapping import SyncMapping
    from cgr.core.planner.theirs import Theirs
    from cgr.core.records import OurObject, OurType, RemoteShape


def plan(
    ours: Iterable[OurObject],
    theirs: Theirs,
    mapping: SyncMapping,
    types: dict[str, OurType],
    shape: RemoteShape,
    *,
    system: str,
    as_of: str,
    agreeing: list[int] | None = None,
) -> Plan:
    """Decide what has to happen so that DHIS2 says what the registry says, as far as the mapping goes.

    `ours`: the objects of the mapped types, level by level from the top; they are read once and not kept. The mapping
    has passed `check_mapping` and `usable` against this `shape`. `system`: code of the external system.
    `agreeing`: is given the keys of the selected objects that need nothing.
    """
    levels = level_rules(mapping, types, shape)
    found = survey(ours, theirs, levels)
    drop_parents_already_right(found)
    report_shared_ids(found)
    found.sort()
    give_ids(found, theirs, system=system)
    report_several_parents(found)
    if not mapping.allow_new_root:
        report_second_roots(found, theirs)
    check_units(found.drafts.values())
    report_taken(found, theirs)
    settle_parents(found, theirs)
    derive_short_names(found, theirs)
    made = assemble(found, theirs, mapping, as_of=as_of)
    if agreeing is not None:
        agreeing += untouched(found, made)
    return made
