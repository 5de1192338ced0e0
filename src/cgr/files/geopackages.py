"""GeoPackages for people's maps (R3.4): a layer for each type, written some thousand features at a time.

A layer holds one kind of geometry, as programs for maps expect it, and the values of its type as numbers and truth
values where they are such. The file is a database, so it is whole before the first byte of it can be sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from pyogrio.raw import write

from cgr.core.geometry import from_geojson
from cgr.core.objects_table import SHEET
from cgr.files.layers import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.core.objects_table import Cell, ObjectsTable
    from cgr.core.records import OurType

_AT_A_TIME: Final = 5_000
_GEOMETRIES: Final = {
    "point": "Point",
    "multipoint": "MultiPoint",
    "line": "LineString",
    "multiline": "MultiLineString",
    "polygon": "Polygon",
    "multipolygon": "MultiPolygon",
    "mixed": "Unknown",
}
"""Geometry of a Geo-Object Type (contract.md) → of its layer; `Unknown` takes every kind."""
_NUMBERS: Final = {"integer": np.int64, "decimal": np.float64}
_KEY, _SHAPE = "fid", "geom"
_RESERVED: Final = ("gpkg_", "sqlite_", "rtree_")


@contextmanager
def geopackage(layers: Iterable[tuple[OurType, ObjectsTable, Iterator[dict[str, Any]]]]) -> Iterator[BinaryIO]:
    """Give decoded lines of the Geo-Objects file, as of a day and type by type, as a file that is gone afterwards."""
    with TemporaryDirectory(prefix="cgr-geopackage-") as folder:
        path = Path(folder) / "objects.gpkg"
        _write(path, layers)
        with path.open("rb") as file:
            yield file


def _write(path: Path, layers: Iterable[tuple[OurType, ObjectsTable, Iterator[dict[str, Any]]]]) -> None:
    taken: set[str] = set()
    for shape, table, objects in layers:
        named = f"type-{shape.code}" if shape.code.lower().startswith(_RESERVED) else shape.code
        layer = _Layer(path, _free(named, taken), shape, table)
        layer.write(list(islice(objects, _AT_A_TIME)), append=False)  # a type without an object has a layer, too
        while piece := list(islice(objects, _AT_A_TIME)):
            layer.write(piece, append=True)
    if not taken:  # GDAL makes no file without a layer
        write(path, None, [np.empty(0, dtype=object)], ["code"], layer=SHEET, driver=DRIVERS["gpkg"])


class _Layer:
    """One layer, which grows piece by piece."""

    def __init__(self, path: Path, name: str, shape: OurType, table: ObjectsTable) -> None:
        taken = {_KEY, _SHAPE}
        self._path, self._name, self._geometry, self._table = path, name, shape.geometry, table
        self._fields = [_free(title, taken) for title in table.beside_geometry(table.titles)]
        self._kinds = table.beside_geometry(table.kinds)

    def write(self, objects: Sequence[dict[str, Any]], *, append: bool) -> None:
        """Add objects to the layer; it is made unless `append`."""
        rows = [self._table.beside_geometry(self._table.cells(one)) for one in objects]
        columns = [_column([row[place] for row in rows], kind) for place, kind in enumerate(self._kinds)]
        has_shapes = self._geometry in _GEOMETRIES
        write(
            self._path,
            _shapes(objects) if has_shapes else None,
            [values for values, _ in columns],
            self._fields,
            [absent for _, absent in columns],
            layer=self._name,
            driver=DRIVERS["gpkg"],
            geometry_type=_GEOMETRIES.get(self._geometry),
            crs="EPSG:4326" if has_shapes else None,
            promote_to_multi=self._geometry.startswith("multi"),
            append=append,
            layer_options={} if append else {"FID": _KEY, **({"GEOMETRY_NAME": _SHAPE} if has_shapes else {})},
        )


def _free(name: str, taken: set[str]) -> str:
    """Give the name, with a number where another one is the same to SQLite, to which case is nothing."""
    found, number = name, 1
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found


def _shapes(objects: Sequence[dict[str, Any]]) -> np.ndarray:
    shapes = np.empty(len(objects), dtype=object)
    for place, one in enumerate(objects):
        geometry = one.get("geometry")
        shapes[place] = None if geometry is None else from_geojson(geometry)
    return shapes


def _column(cells: list[Cell], kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Give a column's values, and where there is none."""
    absent = np.array([cell == "" for cell in cells], dtype=bool)
    if kind in _NUMBERS:
        return np.array([0 if cell == "" else cell for cell in cells], dtype=_NUMBERS[kind]), absent
    if kind == "boolean":
        return np.array([cell == "true" for cell in cells], dtype=bool), absent
    values = np.empty(len(cells), dtype=object)
    values[:] = [None if cell == "" else str(cell) for cell in cells]
    return values, absent
