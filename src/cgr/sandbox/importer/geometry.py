"""Geometry of payloads: kept number by number in its order, refused where the real reader fails (H23, R14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.messages import Refused, problem

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_DEPTHS: Final = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip
_PLANE: Final = 2
_ENCODE: Final = msgspec.json.Encoder().encode
_CHAIN: Final = ' (through reference chain: org.hisp.dhis.organisationunit.OrganisationUnit["geometry"])'


def read_geometry(world: World, value: object) -> tuple[bytes | None, bool]:
    """Give the encoded geometry and whether it has a third dimension; raises Refused for the whole request."""
    if value is None:
        return None, False
    if not isinstance(value, dict):
        raise _refused(world, "Invalid geometry: not an object")
    kind = value.get("type")
    if kind == "GeometryCollection":
        parts = [read_geometry(world, part) for part in value.get("geometries") or ()]
        encoded = b",".join(part for part, _ in parts if part is not None)
        return b'{"type":"GeometryCollection","geometries":[' + encoded + b"]}", any(deep for _, deep in parts)
    if kind not in _DEPTHS:
        raise _refused(world, f"Invalid geometry type: {kind}" + ("" if world.version >= (2, 43) else _CHAIN))
    coordinates = value.get("coordinates")
    if not isinstance(coordinates, list):
        told = 'Cannot invoke "com.fasterxml.jackson.databind.JsonNode.size()" because "array" is null'
        raise _refused(world, told if world.version >= (2, 39) else None)
    if not coordinates and kind == "MultiPolygon" and world.version < (2, 39):
        return b'{"type":"GeometryCollection","geometries":[]}', False
    try:
        numbers, deep = _numbers(coordinates, _DEPTHS[kind])
    except (TypeError, ValueError, IndexError) as broken:
        raise _refused(world, "Invalid coordinates") from broken
    if not _rings_closed(numbers, kind):
        raise _refused(world, "Points of LinearRing do not form a closed linestring")
    return _ENCODE({"type": kind, "coordinates": numbers}), deep


def _numbers(coordinates: list[Any], depth: int) -> tuple[list[Any], bool]:
    """Turn every number into a float, as the server's reader does; text that is a number counts as one."""
    if depth == 0:
        return [float(part) for part in coordinates], len(coordinates) > _PLANE
    if depth == 1:
        deep = any(len(point) > _PLANE for point in coordinates)
        return [[float(part) for part in point] for point in coordinates], deep
    parts = [_numbers(part, depth - 1) for part in coordinates]
    return [part for part, _ in parts], any(deep for _, deep in parts)


def _rings_closed(coordinates: list[Any], kind: str) -> bool:
    if kind == "Polygon":
        return all(not ring or ring[0] == ring[-1] for ring in coordinates)
    if kind == "MultiPolygon":
        return all(not ring or ring[0] == ring[-1] for polygon in coordinates for ring in polygon)
    return True


def _refused(world: World, told: str | None) -> Refused:
    if world.version >= (2, 43):
        return Refused(problem(world, 409, (told or "") + _CHAIN))
    return Refused(problem(world, 500, told))
