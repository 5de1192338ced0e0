"""Vector tiles (Mapbox Vector Tile 2): what of our geometries lies in a square of the map, as coarse as it is drawn.

Tiles are squares of the Web Mercator map, `z` times halved; `x` counts from the west, `y` from the north.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import mapbox_vector_tile
import numpy as np
import shapely
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgr.core.geometry.bounds import Box

DEEPEST: Final = 22
_EXTENT: Final = 4096
_MARGIN: Final = 256
"""Units beyond the edges, so that outlines and circles don't end there."""
_FINEST: Final = 4.0
"""Units that an outline may be off by: a quarter of a pixel."""
_HIGHEST: Final = 85.0511
"""The latitude at which the map ends."""


class Feature(Struct, frozen=True):
    """A geometry (WKB, longitude and latitude) with what a map has to know of it."""

    wkb: bytes
    properties: dict[str, str]


def tile_box(z: int, x: int, y: int) -> Box:
    """Give the box of a tile with its margin."""
    margin = _MARGIN / _EXTENT
    west, south = _degrees(z, x - margin, y + 1 + margin)
    east, north = _degrees(z, x + 1 + margin, y - margin)
    return max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0)


def is_tile(z: int, x: int, y: int) -> bool:
    """Say whether there is such a tile."""
    return 0 <= z <= DEEPEST and 0 <= x < 2**z and 0 <= y < 2**z


def vector_tile(layers: Mapping[str, Sequence[Feature]], z: int, x: int, y: int) -> bytes:
    """Write a tile with these layers."""
    encoded: bytes = bytes(
        mapbox_vector_tile.encode(
            [{"name": name, "features": _drawn(features, z, x, y)} for name, features in layers.items()],
            default_options={"extents": _EXTENT, "y_coord_down": True},
        )
    )
    return encoded


def simplified(wkb: bytes, tolerance: float) -> bytes:
    """Give a geometry that may be off by some degrees, without ever losing an area."""
    made: bytes = shapely.to_wkb(shapely.simplify(shapely.from_wkb(wkb), tolerance))
    return made


def _drawn(features: Sequence[Feature], z: int, x: int, y: int) -> list[dict[str, object]]:
    if not features:
        return []
    shapes = shapely.transform(shapely.from_wkb([one.wkb for one in features]), lambda points: _units(points, z, x, y))
    # Outlines may cross themselves (`rules`), and cutting needs ones that don't.
    areas = shapely.get_dimensions(shapes) > 1
    shapes[areas] = shapely.make_valid(shapely.simplify(shapes[areas], _FINEST), method="structure")
    lines = shapely.get_dimensions(shapes) == 1
    shapes[lines] = shapely.simplify(shapes[lines], _FINEST)
    cut = shapely.clip_by_rect(shapes, -_MARGIN, -_MARGIN, _EXTENT + _MARGIN, _EXTENT + _MARGIN)
    return [
        {"geometry": shape, "properties": feature.properties}
        for shape, feature in zip(cut, features, strict=True)
        if not shapely.is_empty(shape)
    ]


def _units(points: np.ndarray, z: int, x: int, y: int) -> np.ndarray:
    """Turn degrees into units of a tile, downwards."""
    latitudes = np.radians(np.clip(points[:, 1], -_HIGHEST, _HIGHEST))
    across = (points[:, 0] / 360 + 0.5) * 2**z - x
    down = (0.5 - np.arcsinh(np.tan(latitudes)) / (2 * math.pi)) * 2**z - y
    return np.column_stack((across, down)) * _EXTENT


def _degrees(z: int, x: float, y: float) -> tuple[float, float]:
    longitude = (x / 2**z - 0.5) * 360
    return longitude, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / 2**z))))
