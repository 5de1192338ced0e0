"""A QR code as the path of an inline SVG: no picture to load, no style, nothing for the content security policy."""

from __future__ import annotations

from dataclasses import dataclass

from qrcode.main import QRCode

_QUIET_ZONE = 4  # modules; readers need that much white around the code (ISO/IEC 18004)


@dataclass(frozen=True, slots=True)
class Qr:
    """`size`: modules on each side, the quiet zone included. `path`: the dark modules, for `<path d="…">`."""

    size: int
    path: str


def qr_of(text: str) -> Qr:
    """Draw a text."""
    code: QRCode[object] = QRCode(border=_QUIET_ZONE)
    code.add_data(text)
    matrix = code.get_matrix()
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, module in enumerate(row) if module)
    return Qr(size=len(matrix), path="".join(dark))
