"""2.31 keeps a geometry as `featureType` and a text of coordinates that nobody ever reads (verified fact O4).

So any nonsense can be stored there: what can't be read as a point or an area counts as no geometry, and the kind is
told by how deep the coordinates are nested, because featureType POLYGON is found with both polygons and
multipolygons. We write areas as MULTI_POLYGON: 2.31 itself calls every area one, and shows a POLYGON as broken
GeoJSON.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from cgr.dhis2 import errors as e
from cgr.dhis2.errors import fault

_Position = Annotated[list[float], msgspec.Meta(min_length=2)]
_Ring = Annotated[list[_Position], msgspec.Meta(min_length=4)]
_Rings = Annotated[list[_Ring], msgspec.Meta(min_length=1)]
_KINDS: dict[int, tuple[bytes, msgspec.json.Decoder[object]]] = {
    1: (b"Point", msgspec.json.Decoder(_Position)),
    3: (b"Polygon", msgspec.json.Decoder(_Rings)),
    4: (b"MultiPolygon", msgspec.json.Decoder(list[_Rings])),
}


def to_geojson(feature_type: str | None, coordinates: str | None) -> bytes | None:
    """Give the GeoJSON geometry that the pair means; None when it means none."""
    if not coordinates or feature_type in {None, "NONE"}:
        return None
    text = coordinates.strip().encode()
    packed = text[:64].translate(None, b" \t\r\n")
    kind = _KINDS.get(len(packed) - len(packed.lstrip(b"[")))
    if kind is None:
        return None
    name, decoder = kind
    try:
        decoder.decode(text)
    except msgspec.DecodeError:
        return None
    return b'{"type":"%s","coordinates":%s}' % (name, text)


def from_geojson(geometry: object) -> dict[str, object]:
    """Give `featureType` and `coordinates` for a GeoJSON geometry or None; BadInput for kinds 2.31 can't store."""
    match geometry:
        case None:
            return {"featureType": "NONE", "coordinates": None}
        case {"type": "Point", "coordinates": coordinates}:
            return {"featureType": "POINT", "coordinates": _text(coordinates)}
        case {"type": "Polygon", "coordinates": coordinates}:
            return {"featureType": "MULTI_POLYGON", "coordinates": _text([coordinates])}
        case {"type": "MultiPolygon", "coordinates": coordinates}:
            return {"featureType": "MULTI_POLYGON", "coordinates": _text(coordinates)}
        case _:
            message = "DHIS2 2.31 can store only points and areas as geometry."
            raise fault(e.GEOMETRY_UNSUPPORTED, message)


def _text(coordinates: object) -> str:
    return msgspec.json.encode(coordinates).decode()
