"""The smallest box around a geometry, by which the database finds what lies where."""

from __future__ import annotations

from itertools import chain
from typing import TypeAlias

from cgr.core.geometry.shapes import POINT, POINT_SIZE, read_wkb

Box: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""


def bounds(wkb: bytes) -> Box:
    """Give the box around a geometry that was checked."""
    if len(wkb) == POINT_SIZE:
        _, x, y = POINT.unpack(wkb)
        return x, y, x, y
    runs = list(chain.from_iterable(read_wkb(wkb).parts))
    return (
        min(min(run[::2]) for run in runs),
        min(min(run[1::2]) for run in runs),
        max(max(run[::2]) for run in runs),
        max(max(run[1::2]) for run in runs),
    )


def around(boxes: list[Box]) -> Box | None:
    """Give the box around all of these, or None for none."""
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
