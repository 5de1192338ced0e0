"""Layers of geographic files (GeoJSON, GeoPackage, Shapefile), read by GDAL in degrees (EPSG:4326).

GDAL opens far more than files: databases, addresses on the web, files inside others. So the kind is told from the
content first, the file lies in a folder of ours under a name of ours, and what GDAL then says it is must be that kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyogrio.raw import read

from cgr.core.rows import Row
from cgr.files.limits import MOST_COLUMNS, MOST_ROWS, too_large, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

DRIVERS: Final = {"geojson": "GeoJSON", "gpkg": "GPKG", "shp": "ESRI Shapefile"}
"""Our kind of file → GDAL's driver, the only one that may open it."""

_AT_A_TIME: Final = 5_000
_DEGREES: Final = frozenset({"EPSG:4326", "OGC:CRS84"})
_TROUBLE = (DataSourceError, DataLayerError, FeatureError, RuntimeError, ValueError)

pyogrio.set_gdal_config_options(
    {
        "GDAL_HTTP_MAX_RETRY": "0",
        "CPL_CURL_ENABLE_VSIMEM": "NO",
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "none",  # nothing of a file may make GDAL ask the network
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "OGR_SQLITE_LOAD_EXTENSIONS": "NO",
        "OGR_GEOJSON_MAX_OBJ_SIZE": "100",  # MB
        "SHAPE_RESTORE_SHX": "YES",
        "CPL_LOG": "/dev/null",
    }
)


def layers_of(path: Path) -> list[str]:
    """Give the names of a file's layers, in order."""
    try:
        return [str(name) for name, _ in pyogrio.list_layers(path)]
    except _TROUBLE as error:
        raise _damaged(error) from error


def describe(path: Path, kind: str, layer: str) -> dict[str, Any]:
    """Give what GDAL says about a layer; BadInput unless it opened the file as the kind that it is."""
    try:
        found: dict[str, Any] = pyogrio.read_info(path, layer=layer)
    except _TROUBLE as error:
        raise _damaged(error) from error
    if found["driver"] != DRIVERS[kind]:
        raise unreadable(f"The file isn't a {DRIVERS[kind]}, it is a {found['driver']}.", "Give it in another format.")
    if found["features"] > MOST_ROWS:
        raise too_large(f'layer "{layer}" has {found["features"]:,} features')
    if len(found["fields"]) > MOST_COLUMNS:
        raise too_large(f'layer "{layer}" has {len(found["fields"]):,} fields')
    if found["geometry_type"] is not None and not found["crs"]:
        raise unreadable(
            f'Layer "{layer}" doesn\'t say in which coordinate system it is (a Shapefile needs its .prj).',
            "Export it again with its coordinate system, best EPSG:4326.",
        )
    return found


def read_layer(path: Path, layer: str, described: dict[str, Any], *, folder: Path) -> Iterator[Row]:
    """Yield the features of a layer, the names of the fields first as row 0; features are counted from 1."""
    fields = [str(name) for name in described["fields"]]
    yield Row(0, tuple(fields))
    source, layer_read = path, layer
    if described["crs"] and described["crs"] not in _DEGREES:
        source, layer_read = _in_degrees(path, layer, folder), layer
    number = 0
    while True:
        try:
            _, _, shapes, columns = read(source, layer=layer_read, skip_features=number, max_features=_AT_A_TIME)
        except _TROUBLE as error:
            raise _damaged(error) from error
        count = len(columns[0]) if columns else len(shapes if shapes is not None else ())
        for place in range(count):
            number += 1
            cells = tuple(_text(column[place]) for column in columns)
            wkb = shapes[place] if shapes is not None else None
            yield Row(number, cells, None if wkb is None else bytes(wkb))
        if count < _AT_A_TIME:
            return


def _in_degrees(path: Path, layer: str, folder: Path) -> Path:
    """Describe the layer to GDAL as one to be turned into degrees while it is read."""
    name = quoteattr(layer)
    description = folder / "in-degrees.vrt"
    description.write_text(
        "<OGRVRTDataSource><OGRVRTWarpedLayer>"
        f"<OGRVRTLayer name={name}><SrcDataSource>{escape(str(path))}</SrcDataSource>"
        f"<SrcLayer>{escape(layer)}</SrcLayer></OGRVRTLayer>"
        "<TargetSRS>OGC:CRS84</TargetSRS></OGRVRTWarpedLayer></OGRVRTDataSource>",
        encoding="utf-8",
    )
    return description


def _text(value: object) -> str | None:
    if value is None or value != value or str(value) in {"", "NaT"}:  # noqa: PLR0124 - not a number
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _damaged(error: Exception) -> Exception:
    said = " ".join(str(error).split())[:200]
    return unreadable(f"The file can't be read: {said}.", "Export it again, or give it in another format.")
