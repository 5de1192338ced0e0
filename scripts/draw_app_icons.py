"""Draws the icons of the DHIS2 app: the globe of the registry's own icon.svg, as PNG, which older DHIS2s need."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src" / "cgr" / "dhis2" / "app"
SIZES = (16, 48, 128)
_BLUE = (0x0B, 0x5F, 0xA5)
_FINENESS = 8  # samples of a pixel in each direction
# In the units of icon.svg: a disc of radius 14 in the middle of 32 × 32, lines 2 wide.
_MIDDLE, _RADIUS, _HALF_LINE = 16.0, 14.0, 1.0
_BULGE = 6.0  # how far a meridian bends away from the middle: three quarters of its control points' distance


def _colour(x: float, y: float) -> tuple[int, int, int, int]:
    if math.hypot(x - _MIDDLE, y - _MIDDLE) > _RADIUS:
        return (0, 0, 0, 0)
    # A Bézier curve with both control points 8 aside: x = ±3·8·t(1-t), and y runs from pole to pole.
    t = (y - (_MIDDLE - _RADIUS)) / (2 * _RADIUS)
    meridian = 4 * _BULGE * t * (1 - t)
    on_line = abs(y - _MIDDLE) <= _HALF_LINE or abs(abs(x - _MIDDLE) - meridian) <= _HALF_LINE
    return (255, 255, 255, 255) if on_line else (*_BLUE, 255)


def _pixel(column: int, row: int, size: int) -> bytes:
    steps = [(step + 0.5) / _FINENESS for step in range(_FINENESS)]
    samples = [_colour((column + a) * 32 / size, (row + b) * 32 / size) for a in steps for b in steps]
    opaque = [sample for sample in samples if sample[3]]
    if not opaque:
        return bytes(4)
    shown = [round(sum(sample[channel] for sample in opaque) / len(opaque)) for channel in range(3)]
    return bytes([*shown, round(255 * len(opaque) / len(samples))])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(size: int) -> bytes:
    """Give the icon as a PNG of that many pixels in each direction."""
    rows = b"".join(b"\0" + b"".join(_pixel(column, row, size) for column in range(size)) for row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)  # 8 bits a channel, colour with transparency
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    for size in SIZES:
        (FOLDER / f"icon-{size}.png").write_bytes(png(size))
