"""What differs between two values of a setting, as short lines that a person can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Difference: TypeAlias = tuple[str, object, object]
"""Where (`levels[facility].groups`), before, after. None: nothing was there, or nothing is any more."""

_NAMED_BY: Final = ("code", "type", "from", "to")
"""The keys by which people tell the entries of a list from each other, the best first."""


def differences(before: object, after: object, *, where: str) -> Iterator[Difference]:
    """Give the smallest parts that differ; entries of a list are found again by what they are called."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_parts(before, after, where=f"{where}." if where else "")
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, where=where)
    else:
        yield where, before, after


def words(difference: Difference) -> str:
    """Give a difference as one line; a label that is a text alone is written as one."""
    where, before, after = difference
    if before is None:
        return f"{where}: + {_written(after)}"
    if after is None:
        return f"{where}: - {_written(before)}"
    return f"{where}: {_written(before)} → {_written(after)}"


def _of_parts(before: Mapping[str, object], after: Mapping[str, object], *, where: str) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        yield from differences(before.get(name), after.get(name), where=f"{where}{name}")


def _of_lists(before: Sequence[object], after: Sequence[object], *, where: str) -> Iterator[Difference]:
    name = next((name for name in _NAMED_BY if _names_all(name, before) and _names_all(name, after)), None)
    if name is None:
        gone, new = ([one for one in left if one not in right] for left, right in ((before, after), (after, before)))
        if not gone and not new:  # the same entries in another order, or one of them more often
            yield where, before, after
        yield from ((where, one, None) for one in gone)
        yield from ((where, None, one) for one in new)
        return
    ours, theirs = ({str(one[name]): one for one in side if isinstance(one, dict)} for side in (before, after))
    for called in dict.fromkeys([*ours, *theirs]):
        yield from differences(ours.get(called), theirs.get(called), where=f"{where}[{called}]")
    if list(ours) != list(theirs) and ours.keys() == theirs.keys():
        yield f"{where} (order)", list(ours), list(theirs)


def _names_all(name: str, entries: Sequence[object]) -> bool:
    called = [one.get(name) for one in entries if isinstance(one, dict)]
    return len(called) == len(entries) and None not in called and len(set(map(str, called))) == len(called)


def _written(value: object) -> str:
    if isinstance(value, str):
        return value or '""'
    if isinstance(value, dict) and set(value) == {"default"}:
        return str(value["default"])
    return json.dumps(value, ensure_ascii=False)
