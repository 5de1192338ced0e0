"""How many units go into one request, and which of them may travel together.

Sizes come from measurements on real servers (verified facts, section 7): 2,000 to 4,000 units a request cost no more
per unit, the fixed part of a request grows with the units of the server, and a proxy in front usually gives up after
60 seconds. So a batch is as large as what the server does in some seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.changes import Change, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SMALLEST = 1
FIRST = 1_000
LARGEST = 4_000
MOST_BYTES = 8_000_000
"""Uncompressed: a server's heap holds the whole body, and proxies commonly refuse 10 MB."""

COMFORTABLE_SECONDS = 14.0
SLOW_SECONDS = 20.0
_FASTER_AT_MOST = 2.0
"""How many times as large the next batch may be: one answer that came quickly says little about the next."""


class BatchSize(Struct, frozen=True):
    """How many units the next request may hold."""

    units: int = FIRST

    def after(self, seconds: float, *, sent: int) -> BatchSize:
        """Grow, after a full batch, towards what takes as long as is comfortable; shrink when it was slow."""
        if seconds > SLOW_SECONDS:
            return self.halved()
        if sent < self.units or seconds >= COMFORTABLE_SECONDS:
            return self
        growth = min(_FASTER_AT_MOST, COMFORTABLE_SECONDS / seconds) if seconds > 0 else _FASTER_AT_MOST
        return BatchSize(min(int(self.units * growth), LARGEST))

    def halved(self) -> BatchSize:
        """Shrink, as after 413, 502, 504 or a time-out."""
        return BatchSize(max(self.units // 2, SMALLEST))


def next_batch(changes: Sequence[Change], size: BatchSize) -> list[Change]:
    """Take the changes that go first: in the order given, all creations or none, moves of one resulting depth only.

    Creations and updates need different import strategies: an update that would create brings back units deleted in
    DHIS2 (verified fact H16). Moves at one depth can't be above one another in the resulting tree, and all above them
    are already in place; otherwise two of them could close a circle for the moment between the two writes, and DHIS2,
    which walks parents while it writes, ends with a server error (H5).
    """
    batch: list[Change] = []
    depth_of_moves: int | None = None
    for change in changes:
        if len(batch) == size.units or (batch and is_creation(change) != is_creation(batch[0])):
            break
        if Kind.MOVE in change.kinds:
            if depth_of_moves not in {None, change.depth}:
                break
            depth_of_moves = change.depth
        batch.append(change)
    return batch


def fitting(changes: Sequence[Change], size: BatchSize, weigh: Callable[[Change], int]) -> int:
    """Say how many of the changes fit one request, at least one; `weigh`: bytes that a unit adds to the body."""
    weight = 0
    for count, change in enumerate(changes[: size.units]):
        weight += weigh(change)
        if count and weight > MOST_BYTES:
            return count
    return min(len(changes), size.units)


def is_creation(change: Change) -> bool:
    """Say whether the unit doesn't exist in DHIS2 yet."""
    return Kind.CREATE in change.kinds


def writes_unit(change: Change) -> bool:
    """Say whether the unit itself is written, not only its memberships."""
    return bool(change.fields)


def halves(changes: Sequence[Change]) -> tuple[Sequence[Change], Sequence[Change]]:
    """Split a refused batch whose report blames nobody, to find the guilty one."""
    middle = len(changes) // 2
    return changes[:middle], changes[middle:]
