"""Codes that change hands: units renamed in DHIS2 may take each other's codes, and one refusal can cause the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Renaming(Struct, frozen=True):
    """A unit whose object is to have another code."""

    uid: str
    before: str
    after: str


def refused_codes(renamings: Iterable[Renaming], codes: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give the ids of those that can't have their new code, each with the id of the object that keeps it.

    `codes`: code → external id, or None, of all objects of the type as they are. A code may be taken from an object
    that gives it up in the same import; when that one is refused its own, it keeps it, and so on.
    """
    given_up: dict[str, Renaming] = {}
    wanting: dict[str, list[Renaming]] = {}
    for renaming in renamings:
        given_up[renaming.before] = renaming
        wanting.setdefault(renaming.after, []).append(renaming)
    refused: dict[str, str | None] = {}
    kept = [(codes[after], wanting[after]) for after in wanting if after in codes and after not in given_up]
    kept += [(first.uid, others) for first, *others in wanting.values() if others]
    while kept:
        holder, losers = kept.pop()
        for loser in losers:
            if loser.uid not in refused:
                refused[loser.uid] = holder
                kept.append((loser.uid, wanting.get(loser.before, [])))
    return refused
