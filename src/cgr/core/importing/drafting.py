"""How what is imported is written over what an object has: since when values hold, which lives stay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from cgr.core.drafts import Always, Period, Since, Writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cgr.core.changes import FieldChange
    from cgr.core.records import OurObject


def writing(
    known: OurObject | None, *, start: str | None, today: str, until: str | None = None
) -> Callable[[object], Writing]:
    """Give how values are written: from the day asked for; else a new one always, a changed one from today on.

    `until`: the day asked for as the first on which they don't hold any more; only with `start`.
    """
    if start is not None:
        return partial(Since, start, until=until)
    is_begun = known is not None and (known.starts is None or known.starts <= today)
    return partial(Since, today) if is_begun else Always


def existence(
    known: OurObject | None, fields: Mapping[str, FieldChange], lives: Sequence[Period]
) -> list[Period] | UnsetType:
    """Give the periods: what is imported takes the place of the latest one, earlier lives stay.

    `lives`: all periods of an object that has several.
    """
    begins, ends = fields.get("exists.start"), fields.get("exists.end")
    if known is None:
        return [{"from": begins.after if begins else None, "to": ends.after if ends else None}]
    if begins is None and ends is None:
        return UNSET
    latest: Period = {"from": begins.after if begins else known.starts, "to": ends.after if ends else known.ends}
    return [*(life for life in lives if (life["from"], life["to"]) != (known.starts, known.ends)), latest]
