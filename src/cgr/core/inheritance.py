"""Hierarchies that continue another one (R4.2): where their types stand, and which of the two keeps whose parents.

A hierarchy of facilities below districts may inherit the administrative one, in which a district is in a region: the
districts' parents are then kept there once, and a level may be mapped to each type from the country to the facility.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Standing(Struct, frozen=True):
    """Where a type stands: its parent type (None at the top), and the code of the hierarchy that says so."""

    parent: str | None
    hierarchy: str


Standings: TypeAlias = "dict[str, Standing]"
"""Type → where it stands."""

T = TypeVar("T")


def continued(own: Mapping[str, Standing], inherited: Mapping[str, Standing]) -> Standings:
    """Give the places of a hierarchy with those above its top types, as the hierarchy that it continues has them."""
    places: Standings = {}
    for top in _tops(own):
        for code in _upwards(top, inherited):
            places[code] = inherited[code]
    return {**places, **{code: place for code, place in own.items() if place.parent is not None or code not in places}}


def inheritance_problem(own: Mapping[str, Standing], inherited: Mapping[str, Standing]) -> str | None:
    """Say why a hierarchy can't continue the other one, or None: its top types have to stand there, and only they."""
    for top in _tops(own):
        if top not in inherited:
            return f'its top type "{top}" has no place there'
        above = set(_upwards(top, inherited))
        for code, place in own.items():
            if place.parent is not None and code in above:
                return f'the type "{code}" is above "{top}" there and below another type here'
    return None


def inherited_first(hierarchies: Mapping[str, T], inherits: Mapping[str, str | None]) -> Sequence[T]:
    """Put hierarchies (by code) in an order in which each comes after the one that it inherits, as far as there is one.

    `inherits`: code → code of the inherited hierarchy.
    """
    placed: dict[str, T] = {}
    for code in hierarchies:
        for link in reversed(list(_chain(code, inherits))):
            if link in hierarchies:
                placed.setdefault(link, hierarchies[link])
    return list(placed.values())


def inherits_itself(code: str, inherits: Mapping[str, str | None]) -> bool:
    """Say whether a hierarchy continues, through however many others, itself."""
    return any(inherits.get(link) == code for link in _chain(code, inherits))


def _chain(code: str, inherits: Mapping[str, str | None]) -> Iterator[str]:
    seen: set[str] = set()
    link: str | None = code
    while link is not None and link not in seen:
        seen.add(link)
        yield link
        link = inherits.get(link)


def _tops(own: Mapping[str, Standing]) -> list[str]:
    return [code for code, place in own.items() if place.parent is None]


def _upwards(code: str, places: Mapping[str, Standing]) -> Iterator[str]:
    """Give the type and those above it, from below."""
    step: str | None = code
    while step is not None and step in places:
        yield step
        step = places[step].parent
