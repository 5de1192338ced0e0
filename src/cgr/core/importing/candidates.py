"""Which objects without an id might be a unit that has none here: to be looked at by a person, never a match (R3.2).

Not every object is compared with every unit: only with those below the same parent, those that share a rare word of the
name, and those nearby. So 100,000 units against 100,000 objects are some dozens of comparisons each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.changes import ObjectRef
from cgr.core.errors import BadInput
from cgr.core.geometry import to_geojson
from cgr.core.resemblance import Place, may_resemble, own_words, place, resemblance

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from cgr.core.records import OurObject, TheirUnit
    from cgr.core.resemblance import Resemblance

LEAST = 0.55
LEAST_NAME = 0.6
"""Below these a resemblance is no help: neighbours of any name come near them."""

_SHOWN = 3
_MOST_SHARING = 100
"""A word, or a cell of the grid, that more objects share than this tells nothing about one of them."""

_CELL = 0.05
_KM = 1_000


class Candidate(Struct, frozen=True, gc=False):
    """An object that might be the unit; `same_code`: it has the unit's code, which is why the unit can't have it."""

    object: ObjectRef
    score: float
    name: float
    same_parent: bool | None = None
    metres: int | None = None
    same_code: bool = False


def reasons(candidate: Candidate) -> str:
    """Say why a candidate is one, as in "0.91 name, same parent, 120 m"."""
    parent = {True: ["same parent"], False: ["another parent"], None: []}[candidate.same_parent]
    code = ["same code"] if candidate.same_code else []
    distance = [] if candidate.metres is None else [distance_in_words(candidate.metres)]
    return ", ".join([f"{candidate.name:.2f} name", *code, *parent, *distance])


def distance_in_words(metres: int) -> str:
    """Write a distance as people read it: 120 m, 3.4 km, 56 km."""
    if metres < _KM:
        return f"{metres} m"
    return f"{metres / _KM:.1f} km" if metres < 10 * _KM else f"{metres / _KM:,.0f} km"


class Unlinked:
    """The objects of one type that have no id in the system."""

    def __init__(self) -> None:
        """Begin without any."""
        self._objects: list[tuple[ObjectRef, Place]] = []
        self._near: dict[Hashable, list[int]] = {}
        self._by_code: dict[str, int] = {}

    def add(self, known: OurObject) -> None:
        """Take one in; what is compared of it is prepared once."""
        one = place((known.label or {}).values(), parents=known.parents, point=_middle_of(known.geometry))
        number = len(self._objects)
        self._objects.append((ObjectRef(known.type, known.code), one))
        self._by_code[known.code] = number
        for key in (*one.parents, *own_words(one), *_cells(one, 0)):
            self._near.setdefault(key, []).append(number)

    def candidates(self, unit: TheirUnit, *, parent: int | None, code: str | None = None) -> tuple[Candidate, ...]:
        """Give the objects that resemble a unit most, the best first. `parent`: key of its parent's object.

        The object that has the code which the unit would have is among them, however little it resembles.
        """
        if not self._objects:
            return ()
        names = {unit.name or "", *(text for kind, _, text in unit.translations if kind == "NAME")}
        one = place(names, parents=() if parent is None else (parent,), point=middle(unit.geometry))
        keys = (*one.parents, *own_words(one), *_cells(one, 1))
        numbers = {number for key in keys for number in self._shared(key)}
        near = (self._objects[number] for number in numbers)
        found = [_candidate(each, one) for each in near if may_resemble(one, each[1])]
        found = [each for each in found if each.score >= LEAST and each.name >= LEAST_NAME]
        found = sorted(found, key=_order)[:_SHOWN]
        holder = self._by_code.get(code) if code is not None else None
        if holder is None:
            return tuple(found)
        ref, held = self._objects[holder]
        others = [each for each in found if each.object != ref]
        return tuple(sorted([_candidate((ref, held), one, same_code=True), *others], key=_order))

    def _shared(self, key: Hashable) -> list[int]:
        numbers = self._near.get(key, [])
        # Below one parent there may be many; they are what a person would look through.
        return numbers if isinstance(key, int) or len(numbers) <= _MOST_SHARING else []


def _candidate(known: tuple[ObjectRef, Place], unit: Place, *, same_code: bool = False) -> Candidate:
    ref, one = known
    found: Resemblance = resemblance(one, unit)
    return Candidate(ref, found.score, found.name, found.same_parent, found.metres, same_code)


def _order(candidate: Candidate) -> tuple[float, str]:
    return (-candidate.score, candidate.object.code)


def _cells(one: Place, around: int) -> Iterator[Hashable]:
    """Give the cell of the grid that a place is in, with those that many steps around it."""
    if one.point is not None:
        x, y = (int(degrees // _CELL) for degrees in one.point)
        steps = range(-around, around + 1)
        yield from ((x + column, y + row) for column in steps for row in steps)


def _middle_of(wkb: bytes | None) -> tuple[float, float] | None:
    if wkb is None:
        return None
    try:
        return _middle_of_shape(to_geojson(wkb))
    except BadInput:
        return None


def middle(geometry: bytes | None) -> tuple[float, float] | None:
    """Give the middle of a unit's geometry; None for one that can't be read, which the import itself names."""
    if geometry is None:
        return None
    try:
        return _middle_of_shape(msgspec.json.decode(geometry))
    except msgspec.DecodeError:
        return None


def _middle_of_shape(shape: object) -> tuple[float, float] | None:
    if not isinstance(shape, dict):
        return None
    positions = list(_positions(shape.get("coordinates")))
    if not positions:
        return None
    xs, ys = zip(*positions, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _positions(coordinates: object) -> Iterator[tuple[float, float]]:
    match coordinates:
        case [int() | float() as x, int() | float() as y, *_]:
            yield float(x), float(y)
        case [*parts]:
            for part in parts:
                yield from _positions(part)
