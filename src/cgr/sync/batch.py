"""The books on one batch: what is left of it, what DHIS2 may have got, and since when what it held is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from cgr.dhis2.errors import IMPORT_COUNT_DIFFERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cgr.core.changes import Change
    from cgr.core.errors import TryLater
    from cgr.runs.items import PlannedItem

_MISCOUNTS = 2
"""So often may DHIS2 say OK and count others than it was sent before we believe what it holds, and not what it says."""


@dataclass(slots=True)
class Batch:
    """Items that travel together. `remaining`: those without an outcome yet, by unit id.

    `doubtful`: ids that DHIS2 may have got, in this process or before a crash, without our knowing what it did.
    `answered`: ids at which it said that it failed or refused, in a way that doesn't exclude that all was stored.
    `read_at`: when a unit was read, for those that were read before the last request that wrote.
    """

    remaining: dict[str, PlannedItem]
    doubtful: set[str]
    answered: set[str] = field(default_factory=set)
    read_at: dict[str, float] = field(default_factory=dict)
    failures: int = 0
    miscounts: int = 0

    def may_be_there(self, uid: str) -> bool:
        """Say whether DHIS2 may have stored what we sent for this unit."""
        return uid in self.doubtful or uid in self.answered

    def sending(self, changes: Sequence[Change]) -> set[str]:
        """Note what is about to be sent; gives the ids about which there was no doubt before."""
        fresh = {change.uid for change in changes} - self.doubtful
        self.doubtful |= fresh
        return fresh

    def not_stored(self, fresh: set[str], *, certain: bool = True) -> None:
        """Note that DHIS2 didn't take what was sent; `certain`: that it stored nothing of it can be relied on."""
        self.doubtful -= fresh
        if not certain:
            self.answered |= fresh

    def note_read(self, uids: Iterable[str]) -> None:
        """Note that these units were read just now."""
        self.read_at |= dict.fromkeys(uids, monotonic())

    def outdated(self, changes: Sequence[Change], *, seconds: float) -> list[str]:
        """Give the units among these that were read longer ago."""
        now = monotonic()
        return [change.uid for change in changes if now - self.read_at.get(change.uid, now) > seconds]

    def failed(self, error: TryLater, *, left_before: int) -> None:
        """Count failures in a row; those in which some unit got its outcome begin a new row."""
        if len(self.remaining) < left_before:
            self.failures = self.miscounts = 0
        self.failures += 1
        if error.code == IMPORT_COUNT_DIFFERS:
            self.miscounts += 1

    @property
    def is_left_alone(self) -> bool:
        """Whether DHIS2 said OK to what remains, again and again, and none of it arrived."""
        return self.miscounts >= _MISCOUNTS
