"""Geo-Objects as a GeoJSON FeatureCollection (RFC 7946), for maps: a line of the Geo-Objects file at a day each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Line(Struct, frozen=True, gc=False):
    type: str
    code: str
    label: Raw | UnsetType = UNSET
    exists: Raw | UnsetType = UNSET
    values: Raw | UnsetType = UNSET
    parents: Raw | UnsetType = UNSET
    external_ids: Raw | UnsetType = UNSET
    invalid: bool = False
    geometry: Raw | UnsetType = UNSET


class _Properties(Struct, frozen=True, gc=False):
    type: str
    code: str
    label: Raw | UnsetType
    exists: Raw | UnsetType
    values: Raw | UnsetType
    parents: Raw | UnsetType
    external_ids: Raw | UnsetType
    invalid: bool


class _Feature(Struct, frozen=True, gc=False):
    type: str
    id: str
    geometry: Raw | None
    properties: _Properties


_decode = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder().encode


def feature_collection(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Give the lines, which must hold bare values (as at a day), as one document, piece by piece.

    The id of a feature is `TYPE:CODE`; one without a geometry has null, as RFC 7946 asks.
    """
    before = b'{"type":"FeatureCollection","features":['
    for line in lines:
        yield before + _feature(_decode(line))
        before = b",\n"
    yield b"]}\n" if before == b",\n" else before + b"]}\n"


def _feature(line: _Line) -> bytes:
    properties = _Properties(
        line.type, line.code, line.label, line.exists, line.values, line.parents, line.external_ids, line.invalid
    )
    geometry = None if line.geometry is UNSET else line.geometry
    return _encode(_Feature("Feature", f"{line.type}:{line.code}", geometry, properties))
