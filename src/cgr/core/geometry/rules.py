"""Which geometries a Geo-Object Type takes, and which a DHIS2 version can be given.

DHIS2 looks at little of this itself: a latitude of 95 is stored, a third coordinate or an open ring stops the whole
batch without a name (verified facts H19, H23), and 2.31 stores anything (O4). Outlines that cross themselves are stored
and drawn, so they pass.
"""

from __future__ import annotations

import math

from cgr.core.geometry.shapes import (
    AREAS,
    LINES,
    POINT,
    POINT_HEADER,
    POINT_SIZE,
    POINTS,
    Run,
    Shape,
    UnusableGeometryError,
    read_wkb,
)

ALLOWED: dict[str, tuple[str, ...]] = {
    "none": (),
    "point": ("Point",),
    "multipoint": ("MultiPoint", "Point"),
    "line": ("LineString",),
    "multiline": ("MultiLineString", "LineString"),
    "polygon": ("Polygon",),
    "multipolygon": ("MultiPolygon", "Polygon"),
    "mixed": ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
}
"""Geometry type of a Geo-Object Type (contract.md) → kinds it takes; a multi type takes the single one."""

_LEGACY_KINDS = AREAS | {"Point"}

_FEWEST_OF_A_RING = 4
_FEWEST_OF_A_LINE = 2
_WIDEST, _HIGHEST = 180.0, 90.0


def check(wkb: bytes, allowed: str) -> str | None:
    """Say what is wrong with the geometry for a type whose geometry is `allowed` (contract.md), or None."""
    if len(wkb) == POINT_SIZE:
        header, x, y = POINT.unpack(wkb)
        if header == POINT_HEADER and takes_point(x, y, allowed):
            return None
    try:
        return shape_problem(read_wkb(wkb), allowed)
    except UnusableGeometryError as error:
        return str(error)


def takes_point(x: float, y: float, allowed: str) -> bool:
    """Say whether a type whose geometry is `allowed` takes a point there."""
    return -_WIDEST <= x <= _WIDEST and -_HIGHEST <= y <= _HIGHEST and "Point" in ALLOWED[allowed]


def writable(wkb: bytes, *, legacy: bool) -> str | None:
    """Say why DHIS2 can't be given this geometry, or None. `legacy`: 2.31, which knows points and areas only (O4)."""
    problem = check(wkb, "mixed")
    if problem or not legacy:
        return problem
    kind = read_wkb(wkb).kind
    return None if kind in _LEGACY_KINDS else f"DHIS2 2.31 can't store a {kind}, only points and areas"


def shape_problem(shape: Shape, allowed: str) -> str | None:
    """Do what `check` does for a geometry that is already read."""
    kinds = ALLOWED[allowed]
    if not kinds:
        return "the type has no geometry"
    if shape.kind not in kinds:
        return f"it is a {shape.kind}, the type takes {' or '.join(kinds)}"
    if not shape.parts or not all(shape.parts):
        return "it is empty"
    for part in shape.parts:
        for run in part:
            if problem := _run_problem(run, shape.kind):
                return problem
    return None


def _run_problem(run: Run, kind: str) -> str | None:
    if not run or (kind in POINTS and not all(map(math.isfinite, run))):
        # WKB has no other way to write a point without coordinates.
        return "it is empty"
    if not all(map(math.isfinite, run)):
        return "a coordinate is not a number"
    longitudes, latitudes = run[::2], run[1::2]
    if min(longitudes) < -_WIDEST or max(longitudes) > _WIDEST:
        return f"the longitude {_furthest(longitudes)} is outside of -180 to 180 (first longitude, then latitude)"
    if min(latitudes) < -_HIGHEST or max(latitudes) > _HIGHEST:
        return f"the latitude {_furthest(latitudes)} is outside of -90 to 90 (first longitude, then latitude)"
    if kind in LINES and len(longitudes) < _FEWEST_OF_A_LINE:
        return "a line needs at least two positions"
    return _ring_problem(run) if kind in AREAS else None


def _ring_problem(ring: Run) -> str | None:
    positions = len(ring) // 2
    if positions < _FEWEST_OF_A_RING:
        return f"an outline needs at least four positions, the last equal to the first; it has {positions}"
    if ring[:2] != ring[-2:]:
        return "an outline isn't closed: its last position must equal its first"
    return None


def _furthest(numbers: Run) -> float:
    return max(numbers, key=abs)
