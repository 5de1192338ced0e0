"""Geometries: our WKB (EPSG:4326, two dimensions), DHIS2's GeoJSON, what is allowed, what counts as the same (R5.9)."""

from __future__ import annotations

from cgr.core.geometry.bounds import Box, around, bounds
from cgr.core.geometry.comparison import same_geometry
from cgr.core.geometry.geojson import from_geojson, to_geojson, wkb_of
from cgr.core.geometry.rules import check, writable
from cgr.core.geometry.shapes import UnusableGeometryError

__all__ = [
    "Box",
    "UnusableGeometryError",
    "around",
    "bounds",
    "check",
    "from_geojson",
    "same_geometry",
    "to_geojson",
    "wkb_of",
    "writable",
]
