"""Short names that follow from names: DHIS2 demands one of at most 50 characters, the registry has none (R5.8)."""

from __future__ import annotations

import re
import unicodedata
from itertools import count
from typing import TYPE_CHECKING

from cgr.core.texts import length, normal

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

LIMIT = 50

_LOOSE_END = " ,;:-/(&\N{EN DASH}\N{EM DASH}"
_NUMBERED = re.compile(r".*( [1-9][0-9]{0,5})", re.DOTALL | re.ASCII)
_FIRST_NUMBER = 2


def sibling_key(short_name: str) -> str:
    """Give the form in which siblings' short names are compared: blanks normalised, case ignored."""
    return " ".join(short_name.split()).casefold()


def shorten(text: str, limit: int = LIMIT) -> str:
    """Cut at the last word that fits (inside a word only when the first one is too long)."""
    whole = normal(text) or ""
    if length(whole) <= limit:
        return whole
    room = _prefix(whole, limit)
    words = room if whole[len(room)] == " " else room[: room.rfind(" ") + 1]
    return words.rstrip(_LOOSE_END) or _whole_characters(whole, room)


def derive(
    label: str,
    taken: Container[str],
    limit: int = LIMIT,
    *,
    present: str | None = None,
    numbers: Iterator[int] | None = None,
) -> str:
    """Make the short name of a label, numbered (` 2`, ` 3`, …) where a sibling has it.

    `taken`: `sibling_key` of the siblings' short names, the unit's own left out. `present`: the unit's short name now;
    it stays when the rule can make it of this label and no sibling has it, so that numbers don't wander between runs.
    `numbers`: those that are still to be tried where many siblings of one `stem` are named, one after the other.
    """
    if present is not None and is_derived(present, label, limit) and sibling_key(present) not in taken:
        return present
    plain = shorten(label, limit)
    if not plain or sibling_key(plain) not in taken:
        return plain
    return next(
        numbered
        for number in numbers or numbering()
        if sibling_key(numbered := _with_suffix(label, f" {number}", limit)) not in taken
    )


def numbering() -> Iterator[int]:
    """Count the numbers that are put behind short names."""
    return count(_FIRST_NUMBER)


def stem(label: str, limit: int = LIMIT) -> str:
    """Give what of a label decides its numbered short names: labels of one stem get the same ones."""
    return _prefix(normal(label) or "", limit)


def is_derived(short_name: str | None, name: str | None, limit: int = LIMIT) -> bool:
    """Say whether the short name is what the rule makes of the name, numbered or not; a hand-made one isn't."""
    present, label = normal(short_name), normal(name)
    if present is None or label is None:
        return False
    if present == shorten(label, limit):
        return True
    numbered = _NUMBERED.fullmatch(present)
    if numbered is None or int(numbered[1]) < _FIRST_NUMBER:
        return False
    return present == _with_suffix(label, numbered[1], limit)


def _with_suffix(label: str, suffix: str, limit: int) -> str:
    return shorten(label, limit - len(suffix)) + suffix


def _prefix(text: str, limit: int) -> str:
    """Give the most leading characters that take at most `limit` UTF-16 units."""
    prefix = text[:limit]
    while length(prefix) > limit:
        prefix = prefix[:-1]
    return prefix


def _whole_characters(text: str, prefix: str) -> str:
    """Take a letter off when the cut would leave it without its combining marks."""
    end = len(prefix)
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end] if end > 1 else prefix
