"""After moves: DHIS2's stored paths and levels of the descendants are stale until somebody rebuilds them (fact H7)."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from cgr.core.changes import Change, ObjectRef
from cgr.core.errors import NeedsPerson, ProtocolBroken
from cgr.core.mapping_rules import Finding, Severity
from cgr.dhis2.errors import FORBIDDEN, NOT_FOUND, REQUEST_REFUSED
from cgr.runs.actions import add_finding, runs_with_stale_paths
from cgr.runs.items import moved_units
from cgr.sync.delivery import deliver
from cgr.sync.patience import patiently
from cgr.sync.sending import send_units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.dhis2.client import Dhis2
    from cgr.dhis2.reports import ImportReport
    from cgr.sync.applying import Job

_NOT_FOR_US = frozenset({FORBIDDEN, NOT_FOUND, REQUEST_REFUSED})
"""We lack the authority, or a proxy before DHIS2 lets nobody from outside to its maintenance."""

_UNITS_PER_REQUEST = 500
_NAMED = 3


def rebuild_paths(job: Job) -> None:
    """Have DHIS2 rebuild its paths if a unit with children was moved; without that right import the descendants again.

    Importing a unit as it is recomputes its stored path; nothing else of it changes (verified fact H7). Moves of
    earlier runs that had to stop before this count too. What stays stale is written down with the run.
    """
    moved = moved_units(runs_with_stale_paths(job.run))
    if not moved or not patiently(lambda: job.client.features, job.wait).moves_leave_paths_stale:
        return
    job.progress.step("rebuild paths")
    below = patiently(partial(_descendants, job.client, moved), job.wait)
    if not below:
        return
    try:
        patiently(job.client.rebuild_paths, job.wait)
    except (NeedsPerson, ProtocolBroken) as error:
        if error.code not in _NOT_FOR_US:
            raise
        _import_again(job, below)


def _descendants(client: Dhis2, moved: set[str]) -> list[str]:
    """Give the ids of all units below the moved ones, parents first."""
    children: dict[str, list[str]] = defaultdict(list)
    for page in client.stream_units(()):
        for unit in page:
            if unit.parent is not None:
                children[unit.parent].append(unit.uid)
    seen = set(moved)
    below: list[str] = []
    level = sorted(moved)
    while level:
        level = [child for uid in level for child in children[uid] if child not in seen]
        seen.update(level)
        below += level
    return below


def _import_again(job: Job, uids: Sequence[str]) -> None:
    stale: list[str] = []
    for start in range(0, len(uids), _UNITS_PER_REQUEST):
        piece = uids[start : start + _UNITS_PER_REQUEST]
        stale += patiently(partial(_import_piece, job.client, piece), job.wait)
        job.progress.advance(len(piece))
    if stale:
        add_finding(job.run, _stale(stale))


def _import_piece(client: Dhis2, uids: Sequence[str]) -> list[str]:
    """Import units as they are; give those that DHIS2 refuses. Safe to repeat."""
    owners = client.owners(uids)

    def send(changes: Sequence[Change]) -> ImportReport:
        return send_units(client, changes, owners, strategy="UPDATE", validate=False)

    return list(deliver([_unchanged(uid) for uid in uids if uid in owners], send).refused)


def _unchanged(uid: str) -> Change:
    return Change(
        kinds=(),
        object=ObjectRef("", ""),
        uid=uid,
        level=0,
        fields={},
        groups=(),
        key=0,
        version=0,
        depth=0,
        basis="",
    )


def _stale(uids: Sequence[str]) -> Finding:
    named = ", ".join(uids[:_NAMED]) + (" …" if len(uids) > _NAMED else "")
    return Finding(
        Severity.WARNING,
        "paths",
        f"{len(uids)} units below moved ones keep an old path and level in DHIS2's tables ({named}).",
        "Have somebody with the authority F_PERFORM_MAINTENANCE run Data Administration → Maintenance → "
        "Update organisation unit paths in DHIS2.",
    )
