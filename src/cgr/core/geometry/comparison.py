"""Whether our geometry and DHIS2's are the same place and outline, however each is written (R5.9).

What never makes a difference: less than a millionth of a degree in any coordinate, a ring's direction, the position it
starts with, the closing position, the order of holes, of parts and of the points of a MultiPoint, a height, and whether
one area (or one line) is written as the single kind or as a multi kind of one part: 2.31 may hold either for an area.

What does: a position more or less, a line the other way round, a Point against a MultiPoint of one (maps in DHIS2 draw
only the former).
"""

from __future__ import annotations

from bisect import bisect_left
from operator import sub
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from cgr.core.geometry.geojson import flat
from cgr.core.geometry.shapes import (
    AREAS,
    LINES,
    POINT,
    POINT_HEADER,
    POINT_SIZE,
    Run,
    Shape,
    UnusableGeometryError,
    read_wkb,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Just under one unit of the sixth decimal (≈ 0.11 m): what rounding or cutting to six decimals can make of a coordinate
# is the same, one unit more or less is a move. A distance, not rounding on both sides, which would tell apart two
# neighbours of a rounding boundary.
TOLERANCE = 0.999e-6

_Positions: TypeAlias = list[list[float]]
_Part = TypeVar("_Part")


class _Point(msgspec.Struct, tag_field="type", tag="Point"):
    coordinates: list[float]


class _MultiPoint(msgspec.Struct, tag_field="type", tag="MultiPoint"):
    coordinates: _Positions


class _LineString(msgspec.Struct, tag_field="type", tag="LineString"):
    coordinates: _Positions


class _MultiLineString(msgspec.Struct, tag_field="type", tag="MultiLineString"):
    coordinates: list[_Positions]


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: list[_Positions]


class _MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[_Positions]]


_Theirs: TypeAlias = _Point | _MultiPoint | _LineString | _MultiLineString | _Polygon | _MultiPolygon
_DECODER: msgspec.json.Decoder[_Theirs] = msgspec.json.Decoder(_Theirs)


def same_geometry(ours: bytes | None, theirs: bytes | None) -> bool:
    """Compare our WKB with their GeoJSON geometry as JSON bytes; what can't be read is the same as nothing else."""
    if ours is None or theirs is None:
        return ours is theirs
    try:
        decoded = _DECODER.decode(theirs)
        if type(decoded) is _Point and len(ours) == POINT_SIZE and ours.startswith(POINT_HEADER):
            x: float
            y: float
            _, x, y = POINT.unpack(ours)
            their_x, their_y = decoded.coordinates[:2]
            return abs(x - their_x) <= TOLERANCE and abs(y - their_y) <= TOLERANCE
        # 2.31 hands out whatever text was stored as coordinates (O4); it is then simply not ours.
        return _same_shape(read_wkb(ours), _shape(decoded))
    except (msgspec.DecodeError, UnusableGeometryError, ValueError):
        return False


def _shape(theirs: _Theirs) -> Shape:
    match theirs:
        case _Point(coordinates=position):
            return Shape("Point", [[flat([position])]])
        case _MultiPoint(coordinates=positions):
            return Shape("MultiPoint", [[flat([position])] for position in positions])
        case _LineString(coordinates=positions):
            return Shape("LineString", [[flat(positions)]])
        case _MultiLineString(coordinates=lines):
            return Shape("MultiLineString", [[flat(line)] for line in lines])
        case _Polygon(coordinates=rings):
            return Shape("Polygon", [[flat(ring) for ring in rings]])
        case _MultiPolygon(coordinates=areas):
            return Shape("MultiPolygon", [[flat(ring) for ring in rings] for rings in areas])


def _same_shape(ours: Shape, theirs: Shape) -> bool:
    for family, same in ((AREAS, _same_area), (LINES, _same_run_of_part)):
        if ours.kind in family:
            return theirs.kind in family and (ours.parts == theirs.parts or _matched(ours.parts, theirs.parts, same))
    return ours.kind == theirs.kind and _matched(ours.parts, theirs.parts, _same_run_of_part)


def _matched(ours: Sequence[_Part], theirs: Sequence[_Part], same: Callable[[_Part, _Part], bool]) -> bool:
    """Say whether each of ours has a counterpart of its own among theirs, in whatever order."""
    if len(ours) != len(theirs):
        return False
    if all(map(same, ours, theirs)):
        return True
    # Counterparts have their western edge within the tolerance, so only neighbours in that order are looked at.
    waiting = sorted(((_western_edge(part), place) for place, part in enumerate(theirs)))
    for part in ours:
        edge = _western_edge(part)
        position = bisect_left(waiting, (edge - TOLERANCE, -1))
        while position < len(waiting) and waiting[position][0] <= edge + TOLERANCE:
            if same(part, theirs[waiting[position][1]]):
                break
            position += 1
        else:
            return False
        del waiting[position]
    return True


def _western_edge(part: object) -> float:
    # A part is a run or a list of runs, and DHIS2's may be empty.
    run = next(iter(part), ()) if isinstance(part, list) else part
    return min(run[::2]) if isinstance(run, tuple) and run else 0.0


def _same_area(ours: list[Run], theirs: list[Run]) -> bool:
    if len(ours) != len(theirs) or not ours:
        return False
    return _same_ring(ours[0], theirs[0]) and _matched(ours[1:], theirs[1:], _same_ring)


def _same_run_of_part(ours: list[Run], theirs: list[Run]) -> bool:
    return _close(ours[0], theirs[0])


def _same_ring(ours: Run, theirs: Run) -> bool:
    left, right = _opened(ours), _opened(theirs)
    if len(left) != len(right):
        return False
    if _close(left, right):
        return True
    x, y, xs, ys = left[0], left[1], right[::2], right[1::2]
    for start, (their_x, their_y) in enumerate(zip(xs, ys, strict=True)):
        if abs(their_x - x) > TOLERANCE or abs(their_y - y) > TOLERANCE:
            continue
        if _close(left[::2], xs[start:] + xs[:start]) and _close(left[1::2], ys[start:] + ys[:start]):
            return True
        # The other way round: from the start back to the first position, then from the last one on.
        back_xs, back_ys = xs[start::-1] + xs[:start:-1], ys[start::-1] + ys[:start:-1]
        if _close(left[::2], back_xs) and _close(left[1::2], back_ys):
            return True
    return False


def _opened(ring: Run) -> Run:
    """Leave the closing position off, where there is one."""
    fewest = 4
    return ring[:-2] if len(ring) >= fewest and _close(ring[:2], ring[-2:]) else ring


def _close(ours: Run, theirs: Run) -> bool:
    if len(ours) != len(theirs):
        return False
    return ours == theirs or max(map(abs, map(sub, ours, theirs)), default=0.0) <= TOLERANCE
