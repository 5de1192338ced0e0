"""GeoJSON in and out: what users and DHIS2 write, turned into our WKB and back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TypeGuard, cast

from cgr.core.errors import BadInput
from cgr.core.geometry.rules import shape_problem, takes_point
from cgr.core.geometry.shapes import KINDS, POINT, POINT_HEADER, Run, Shape, UnusableGeometryError, read_wkb, write_wkb


def from_geojson(obj: object, allowed: str = "mixed") -> bytes:
    """Turn a GeoJSON geometry into WKB; raise BadInput with words when it isn't one that the type `allowed` takes."""
    try:
        return wkb_of(obj, allowed)
    except UnusableGeometryError as error:
        raise _bad(str(error)) from error


def wkb_of(obj: object, allowed: str) -> bytes:
    """Do what `from_geojson` does; raise UnusableGeometryError with the mere reason, to be told in other words."""
    match obj:
        case {"type": "Point", "coordinates": [float() as x, float() as y]} if takes_point(x, y, allowed):
            return POINT.pack(POINT_HEADER, x, y)
    shape = _read(obj)
    if problem := shape_problem(shape, allowed):
        raise UnusableGeometryError(problem)
    return write_wkb(shape)


def to_geojson(wkb: bytes) -> dict[str, object]:
    """Turn WKB into a GeoJSON geometry; raise BadInput when it isn't a geometry that we keep."""
    try:
        shape = read_wkb(wkb)
    except UnusableGeometryError as error:
        raise _bad(str(error)) from error
    return {"type": shape.kind, "coordinates": _coordinates(shape)}


def flat(positions: list[list[float]]) -> Run:
    """Put positions into one run; a height is left off."""
    longitude_and_latitude = 2
    if set(map(len, positions)) == {longitude_and_latitude}:
        return tuple(chain.from_iterable(positions))
    return tuple(chain.from_iterable(position[:longitude_and_latitude] for position in positions))


def _bad(problem: str) -> BadInput:
    return BadInput(
        f"The geometry can't be used: {problem}.",
        code="bad-geometry",
        next_step="Give a GeoJSON geometry in longitude and latitude (EPSG:4326) of the kind that the type takes.",
    )


def _read(obj: object) -> Shape:
    if not isinstance(obj, Mapping):
        raise UnusableGeometryError("it is not an object with `type` and `coordinates`")
    kind, coordinates = obj.get("type"), obj.get("coordinates")
    if kind == "GeometryCollection":
        raise UnusableGeometryError("it is a GeometryCollection; give one kind of geometry")
    if kind not in KINDS:
        raise UnusableGeometryError(f"`type` is {kind!r}, expected one of {', '.join(KINDS)}")
    match kind:
        case "Point":
            return Shape(kind, [[_position(coordinates)]])
        case "LineString":
            return Shape(kind, [[_run(coordinates)]])
        case "MultiPoint":
            return Shape(kind, [[_position(position)] for position in _list(coordinates)])
        case "MultiLineString":
            return Shape(kind, [[_run(line)] for line in _list(coordinates)])
        case "Polygon":
            return Shape(kind, [[_run(ring) for ring in _list(coordinates)]])
        case _:
            return Shape("MultiPolygon", [[_run(ring) for ring in _list(area)] for area in _list(coordinates)])


def _list(value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        raise UnusableGeometryError("`coordinates` isn't nested as its type demands")
    return list(value)


def _run(value: object) -> Run:
    positions = _list(value)
    if _are_plain(positions):
        return tuple(chain.from_iterable(positions))
    return tuple(chain.from_iterable(map(_position, positions)))


def _are_plain(positions: list[object]) -> TypeGuard[list[list[float]]]:
    """Say whether these are pairs of decimals, which outlines of thousands of positions nearly always are."""
    if set(map(type, positions)) != {list}:
        return False
    lists = cast("list[list[object]]", positions)
    return set(map(len, lists)) == {2} and set(map(type, chain.from_iterable(lists))) == {float}


def _position(value: object) -> Run:
    match value:
        case [int() | float() as x, int() | float() as y]:
            if isinstance(x, bool) or isinstance(y, bool):
                raise UnusableGeometryError("a coordinate is not a number")
            return _number(x), _number(y)
        case []:
            raise UnusableGeometryError("it is empty")
        case [_, _]:
            raise UnusableGeometryError(
                "a coordinate is not a number, or `coordinates` isn't nested as its type demands"
            )
        case [int() | float(), int() | float(), *_]:
            raise UnusableGeometryError(
                "it has a third coordinate (height); DHIS2 stores longitude and latitude only, so leave it off"
            )
        case _:
            raise UnusableGeometryError("`coordinates` isn't nested as its type demands")


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise UnusableGeometryError("a coordinate is not a usable number") from error


def _coordinates(shape: Shape) -> object:
    match shape.kind:
        case "Point":
            return list(shape.parts[0][0])
        case "LineString":
            return _positions(shape.parts[0][0])
        case "MultiPoint":
            return [list(part[0]) for part in shape.parts]
        case "MultiLineString":
            return [_positions(part[0]) for part in shape.parts]
        case "Polygon":
            return [_positions(ring) for ring in shape.parts[0]]
        case _:
            return [[_positions(ring) for ring in part] for part in shape.parts]


def _positions(run: Run) -> list[list[float]]:
    return [[x, y] for x, y in zip(run[::2], run[1::2], strict=True)]
