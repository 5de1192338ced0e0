"""Lists and metadata under a path that names a format: .xml, .csv, .json.gz (verified facts S5 and O14)."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from cgr.sandbox.catalogue import KLASSES
from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Response
from cgr.sandbox.listing import list_objects
from cgr.sandbox.representations import as_csv, as_xml, not_acceptable
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.metadata import export_metadata, import_metadata

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Klass
    from cgr.sandbox.http import Handler, Request
    from cgr.sandbox.world import World


def _listing_xml(klass: Klass) -> Handler:
    def listed(world: World, request: Request) -> Response:
        if world.version >= (2, 39):
            return not_acceptable(world, request)
        return as_xml(list_objects(world, request, klass))

    return listed


def _listing_csv(klass: Klass) -> Handler:
    def listed(world: World, request: Request) -> Response:
        columns = list(parse_fields(request.first("fields", "id,displayName")).wanted)
        return as_csv(world, list_objects(world, request, klass), columns)

    return listed


@ROUTER.route("GET", "/api/metadata.json.gz")
def export_compressed(world: World, request: Request) -> Response:
    """Export metadata as a gzip file."""
    plain = export_metadata(world, request)
    body = plain.body if isinstance(plain.body, bytes) else b"".join(plain.body)
    headers = {"content-disposition": "attachment; filename=metadata.json.gz"}
    return Response(200, gzip.compress(body, mtime=0), "application/json+gzip;charset=UTF-8", headers)


@ROUTER.route("POST", "/api/metadata.json.gz")
def import_compressed(world: World, request: Request) -> Response:
    """Import a compressed payload; from 2.37 on there is no such path for writing."""
    return import_metadata(world, request) if world.version < (2, 37) else not_acceptable(world, request)


for _klass in KLASSES.values():
    ROUTER.route("GET", f"/api/{_klass.plural}.xml")(_listing_xml(_klass))
    ROUTER.route("GET", f"/api/{_klass.plural}.csv")(_listing_csv(_klass))
