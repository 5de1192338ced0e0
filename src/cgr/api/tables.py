"""Geo-Objects of one day as files for spreadsheets and maps: what `cgr objects export --format` writes."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Final

from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router

from cgr.api.answers import CSV, Stream
from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.parameters import Day, Text
from cgr.core.objects_table import SHEET
from cgr.files.geopackages import geopackage
from cgr.files.spreadsheets import CSV_TYPE, XLSX_TYPE, csv_lines, xlsx_pieces
from cgr.registry import queries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

router = Router()

AsOf = Annotated[Day | None, Query(description="The day whose state is given; default today.")]

_GEOPACKAGE: Final = "application/geopackage+sqlite3"
_BINARY: Final[dict[str, Any]] = {"type": "string", "format": "binary"}
_PIECE: Final = 1_024  # an answer joins small pieces into large ones


@operation(router, "GET", "/objects.csv", gives={"type": "string"}, media_type=CSV)
def export_csv(request: ApiRequest, type: Text | None = None, as_of: AsOf = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Stream Geo-Objects as a table; no cell is a formula to a spreadsheet."""
    table, objects = queries.export_table(request.auth, type=type, as_of=as_of or timezone.localdate())
    return Stream(csv_lines(table.titles, map(table.cells, objects)), content_type=CSV_TYPE)


@operation(router, "GET", "/objects.xlsx", gives=_BINARY, media_type=XLSX_TYPE)
def export_xlsx(request: ApiRequest, type: Text | None = None, as_of: AsOf = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Stream the same table as a workbook."""
    table, objects = queries.export_table(request.auth, type=type, as_of=as_of or timezone.localdate())
    return Stream(xlsx_pieces(table.titles, map(table.cells, objects), sheet=SHEET), content_type=XLSX_TYPE)


@operation(router, "GET", "/objects.gpkg", gives=_BINARY, media_type=_GEOPACKAGE)
def export_geopackage(request: ApiRequest, type: Text | None = None, as_of: AsOf = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Give Geo-Objects as a GeoPackage with a layer for each type, which is made as a whole before it is sent."""
    layers = queries.export_layers(request.auth, type=type, as_of=as_of or timezone.localdate())

    def made() -> Iterator[bytes]:
        with geopackage(layers) as file:
            yield from _pieces(file)

    return Stream(_whole(made()), content_type=_GEOPACKAGE)


def _whole(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Have a file made before it is answered, so that what goes wrong with it is said, not cut off."""
    return chain((next(pieces),), pieces)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, _PIECE), b"")
