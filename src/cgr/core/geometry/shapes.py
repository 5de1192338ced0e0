"""The one form in which geometries are looked at here: a kind and its parts, read from and written to WKB.

A part is a list of runs of coordinates (a polygon's rings, else one run); a run is flat, x and y in turn, because WKB
unpacks to that in one step. WKB is two-dimensional and EPSG:4326; an extended header that says 4326 is read over.
"""

from __future__ import annotations

import struct
from typing import TypeAlias

from msgspec import Struct

Run: TypeAlias = tuple[float, ...]

KINDS = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
"""The kinds that are kept, in the order of their WKB numbers 1 to 6."""

AREAS = frozenset(("Polygon", "MultiPolygon"))
LINES = frozenset(("LineString", "MultiLineString"))
POINTS = frozenset(("Point", "MultiPoint"))

POINT_HEADER = b"\x01\x01\x00\x00\x00"
POINT_SIZE = 21
POINT = struct.Struct("<5s2d")

_COLLECTION = 7
_WGS84 = 4326
_HAS_Z, _HAS_M, _HAS_SRID = 0x80000000, 0x40000000, 0x20000000
_ISO_DIMENSION = 1000
_POSITION_SIZE = 16


class Shape(Struct, frozen=True):
    """A geometry by its kind and parts; single kinds have one part."""

    kind: str
    parts: list[list[Run]]


class UnusableGeometryError(ValueError):
    """What is wrong with a geometry, in words; the callers say to whom it belongs."""


def read_wkb(wkb: bytes) -> Shape:
    """Read WKB; raise UnusableGeometryError for what isn't whole, two-dimensional and of a kept kind."""
    try:
        shape, end = _read(wkb, 0)
    except (struct.error, IndexError) as error:
        raise UnusableGeometryError("the stored geometry is cut short or not WKB") from error
    if end != len(wkb):
        raise UnusableGeometryError("the stored geometry has bytes after its end")
    return shape


def write_wkb(shape: Shape) -> bytes:
    """Write little-endian WKB."""
    number = KINDS.index(shape.kind) + 1
    if not shape.kind.startswith("Multi"):
        return _write_single(number, shape.parts[0])
    parts = [_write_single(number - 3, part) for part in shape.parts]
    return b"".join((struct.pack("<BII", 1, number, len(parts)), *parts))


def _read(wkb: bytes, offset: int) -> tuple[Shape, int]:
    order, number, offset = _read_header(wkb, offset)
    kind = KINDS[number - 1]
    if kind == "Point":
        return Shape(kind, [[struct.unpack_from(f"{order}2d", wkb, offset)]]), offset + _POSITION_SIZE
    if kind == "LineString":
        run, offset = _read_run(wkb, offset, order)
        return Shape(kind, [[run]]), offset
    (count,) = struct.unpack_from(f"{order}I", wkb, offset)
    offset += 4
    if kind == "Polygon":
        rings = []
        for _ in range(count):
            ring, offset = _read_run(wkb, offset, order)
            rings.append(ring)
        return Shape(kind, [rings]), offset
    parts = []
    for _ in range(count):
        part, offset = _read(wkb, offset)
        if f"Multi{part.kind}" != kind:
            raise UnusableGeometryError(f"a {kind} can't have a {part.kind} as a part")
        parts.append(part.parts[0])
    return Shape(kind, parts), offset


def _read_header(wkb: bytes, offset: int) -> tuple[str, int, int]:
    order = "<" if wkb[offset] == 1 else ">"
    (number,) = struct.unpack_from(f"{order}I", wkb, offset + 1)
    offset += 5
    if number & _HAS_SRID:
        (srid,) = struct.unpack_from(f"{order}I", wkb, offset)
        if srid != _WGS84:
            raise UnusableGeometryError(
                f"its coordinates are of system {srid}; only longitude and latitude (EPSG:4326) work"
            )
        offset += 4
        number &= ~_HAS_SRID
    if number & (_HAS_Z | _HAS_M) or number > _ISO_DIMENSION:
        raise UnusableGeometryError("it has a third coordinate (height); DHIS2 stores longitude and latitude only")
    if number == _COLLECTION:
        raise UnusableGeometryError("it is a GeometryCollection; give one kind of geometry")
    if not 1 <= number <= len(KINDS):
        raise UnusableGeometryError(f"it is of a kind that can't be kept (WKB number {number})")
    return order, number, offset


def _read_run(wkb: bytes, offset: int, order: str) -> tuple[Run, int]:
    (count,) = struct.unpack_from(f"{order}I", wkb, offset)
    offset += 4
    # Looked at before unpacking: a broken count would ask for gigabytes.
    end = offset + count * _POSITION_SIZE
    if end > len(wkb):
        raise UnusableGeometryError("the stored geometry is cut short or not WKB")
    return struct.unpack_from(f"{order}{2 * count}d", wkb, offset), end


def _write_single(number: int, runs: list[Run]) -> bytes:
    header = struct.pack("<BI", 1, number)
    match KINDS[number - 1]:
        case "Point":
            return header + struct.pack("<2d", *runs[0])
        case "LineString":
            return header + _write_run(runs[0])
        case _:
            return b"".join((header, struct.pack("<I", len(runs)), *map(_write_run, runs)))


def _write_run(run: Run) -> bytes:
    return struct.pack(f"<I{len(run)}d", len(run) // 2, *run)
