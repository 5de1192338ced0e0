"""Steps of one member in a tree, as the buttons of the pages take them: up, down, out of its parent, into a sibling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Children: TypeAlias = "Mapping[str | None, Sequence[str]]"
"""Code → the codes directly below it, in order; None: those at the top."""

UP: Final = "up"
DOWN: Final = "down"
OUT: Final = "out"
IN: Final = "in"
WAYS: Final = (UP, DOWN, OUT, IN)


class Spot(Struct, frozen=True):
    """A place in a tree: below `parent` (None: at the top), and before a sibling there (None: the last)."""

    parent: str | None
    before: str | None = None


def step(children: Children, code: str, way: str) -> Spot | None:
    """Give where a step leads; None where there is no such step, or no such member.

    `out`: after its parent; `in`: the last below the sibling before it.
    """
    parent = parent_of(children, code)
    siblings = list(children.get(parent, ()))
    if code not in siblings:
        return None
    here = siblings.index(code)
    if way == UP and here > 0:
        return Spot(parent, siblings[here - 1])
    if way == DOWN and here + 1 < len(siblings):
        return Spot(parent, _at(siblings, here + 2))
    if way == IN and here > 0:
        return Spot(siblings[here - 1])
    if way == OUT and parent is not None:
        above = parent_of(children, parent)
        aunts = list(children.get(above, ()))
        return Spot(above, _at(aunts, aunts.index(parent) + 1))
    return None


def parent_of(children: Children, code: str) -> str | None:
    """Give what a member is below; None at the top, or when it isn't there."""
    return next((parent for parent, below in children.items() if code in below), None)


def descendants(children: Children, code: str) -> Iterator[str]:
    """Give all that is below a member, however deep."""
    for child in children.get(code, ()):
        yield child
        yield from descendants(children, child)


def _at(codes: Sequence[str], place: int) -> str | None:
    return codes[place] if place < len(codes) else None
