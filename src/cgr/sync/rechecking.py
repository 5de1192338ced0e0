"""The live check once more, just before something is written: a plan may be days old (R4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.mapping_rules import usable
from cgr.registry.queries import types_by_code
from cgr.runs.actions import add_finding, known_findings
from cgr.systems.shapes import read_and_keep

if TYPE_CHECKING:
    from cgr.core.mapping import SyncMapping
    from cgr.dhis2.client import Dhis2
    from cgr.runs.models import Run


def what_is_left(run: Run, client: Dhis2, planned: SyncMapping) -> SyncMapping:
    """Give what DHIS2 still offers of the mapping that was planned with; what vanished is named with the run."""
    shape = read_and_keep(client, run.dhis2).shape
    left, findings = usable(planned, types_by_code(level.type for level in planned.levels), shape)
    known = known_findings(run)
    for finding in findings:
        if finding not in known:
            add_finding(run, finding)
    return left
