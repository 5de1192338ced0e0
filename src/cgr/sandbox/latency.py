"""How long a real DHIS2 takes, as far as it was measured: a sandbox without it answers sooner than any server could.

What was measured are ratios, inside one run, on servers with 20,000 units (verified facts, section 7); `MEASURED` keeps
them as they were. Absolute seconds follow from one figure that whoever starts the sandbox chooses: what one unit in a
POST of its own takes on a server of that size. Times on real servers varied two- to threefold between runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Final


@dataclass(frozen=True, slots=True)
class Ratios:
    """One version's rows of the table, each with one figure per run. "Cheaper" is a quotient of costs."""

    bulk_create: tuple[float, ...]
    """Bulk of 500, 1,000, 2,000, 4,000, create: cheaper per unit than one unit per POST by."""
    bulk_update: tuple[float, ...]
    """Bulk of 1,000, update: cheaper per unit by."""
    validate_update: tuple[float, ...]
    """VALIDATE against COMMIT, 4,000 updates: cheaper by."""
    validate_create: tuple[float, ...]
    """VALIDATE against COMMIT, 4,000 creates: cheaper by."""
    read_all: tuple[float, ...]
    """Read all 24,000 units `:owner` in one reply against updating 4,000: times the cost."""
    read_in_pages: tuple[float, ...]
    """The same in pages of 1,000 against one reply: times the cost."""
    member: tuple[float, ...]
    """Group additions, 2,000 at once, per member, against bulk update of 2,000: cheaper by."""
    one_member_of_10_000: tuple[float, ...]
    """One addition to a group of 10,000 members against one single unit POST: times the cost."""
    bulk_create_when_small: float | None
    """What `bulk_create` is with a few thousand units on the server; None: the fixed part hardly grows with them."""


MEASURED: Final = {
    (2, 42): Ratios(
        bulk_create=(57, 50, 54, 81, 66, 79, 66, 87),
        bulk_update=(49, 68),
        validate_update=(7.1, 5.9),
        validate_create=(15, 22),
        read_all=(0.8, 2.3),
        read_in_pages=(1.5, 0.7),
        member=(3.9, 6.4),
        one_member_of_10_000=(19, 10),
        bulk_create_when_small=30,
    ),
    (2, 43): Ratios(
        bulk_create=(19, 12, 20, 13),
        bulk_update=(12,),
        validate_update=(6.9,),
        validate_create=(34,),
        read_all=(0.4,),
        read_in_pages=(1.1,),
        member=(5.6,),
        one_member_of_10_000=(70,),
        bulk_create_when_small=None,
    ),
}
"""Older versions weren't measured; they are taken to behave like 2.42."""

_UNITS: Final = 20_000
_UNITS_WHEN_SMALL: Final = 3_000
"""Our reading of "a few thousand"."""
_BULK: Final = 1_000
_UPDATED: Final = 4_000
_READ: Final = 24_000
_PAGES: Final = 24
_ADDED: Final = 2_000
_MEMBERS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Latency:
    """Modelled seconds; the default costs nothing.

    `request`, `row`: a reading request, each object it lists. `imported`, `per_unit_there`: the fixed part of an
    import, and what each unit of the server adds to it. `created`, `updated`: each object of an import.
    `validate_create`, `validate_update`: how many times cheaper VALIDATE is. `member_there`, `member_added`: each
    member that a group has before an addition, each that is added.
    """

    request: float = 0.0
    row: float = 0.0
    imported: float = 0.0
    per_unit_there: float = 0.0
    created: float = 0.0
    updated: float = 0.0
    validate_create: float = 1.0
    validate_update: float = 1.0
    member_there: float = 0.0
    member_added: float = 0.0

    def listing(self, rows: int) -> float:
        """Give the seconds of a list."""
        return self.request + self.row * rows

    def importing(self, there: int, *, created: int, updated: int, validate: bool = False) -> float:
        """Give the seconds of an import; `there`: units on the server before it."""
        fixed = self.imported + self.per_unit_there * there
        creating, updating = self.created * created, self.updated * updated
        if not validate:
            return fixed + creating + updating
        mostly = self.validate_create if creating > updating else self.validate_update
        return fixed / mostly + creating / self.validate_create + updating / self.validate_update

    def adding(self, members: int, *, added: int) -> float:
        """Give the seconds of an addition to a group; `members`: those it has before."""
        return self.request + self.member_there * members + self.member_added * added


def measured(version: tuple[int, ...], *, single: float) -> Latency:
    """Give the model of a version; `single`: seconds of one unit in a POST of its own, on a server of 20,000 units."""
    ratios = MEASURED[2, 43] if version >= (2, 43) else MEASURED[2, 42]
    bulk = fmean(ratios.bulk_create)
    # One POST is fixed + created = single; a thousand are fixed + 1,000 created = 1,000 single / bulk.
    created = single * (_BULK / bulk - 1) / (_BULK - 1)
    fixed = single - created
    updated = (single * _BULK / fmean(ratios.bulk_update) - fixed) / _BULK
    growth = 0.0
    if ratios.bulk_create_when_small is not None:
        # Straight through the two sizes measured, and on: beyond 20,000 units nothing was.
        small = created * (ratios.bulk_create_when_small - 1)
        growth = (fixed - small) / (_UNITS - _UNITS_WHEN_SMALL)
    read_all = fmean(ratios.read_all) * (fixed + _UPDATED * updated)
    # In one reply: request + rows = read_all. In pages: 24 requests + rows = read_all times the ratio.
    request = read_all * (fmean(ratios.read_in_pages) - 1) / (_PAGES - 1)
    return Latency(
        request=request,
        row=(read_all - request) / _READ,
        imported=fixed - growth * _UNITS,
        per_unit_there=growth,
        created=created,
        updated=updated,
        validate_create=fmean(ratios.validate_create),
        validate_update=fmean(ratios.validate_update),
        member_there=single * fmean(ratios.one_member_of_10_000) / _MEMBERS,
        member_added=(fixed / _ADDED + updated) / fmean(ratios.member),
    )
