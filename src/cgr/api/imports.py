"""Imports: the organisation units of a DHIS2 become Geo-Objects."""

from __future__ import annotations

from http import HTTPStatus

from django.http.response import HttpResponseBase
from msgspec import Struct, field
from ninja import Router

from cgr.api import shapes
from cgr.api.answers import json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import read_day
from cgr.api.operations import operation
from cgr.api.starting import started
from cgr.core.errors import BadInput
from cgr.core.importing import ImportMapping
from cgr.imports.actions import Request, import_units
from cgr.imports.background import queue_import
from cgr.imports.reports import document_of

router = Router()


class ImportAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What to import. `levels`: DHIS2 level → type; or `propose`, to make types and hierarchy from the levels' names.

    `root`: only this organisation unit and what is below it. `from`: the day from which values hold, or `opening`.
    """

    system: str
    hierarchy: str
    levels: dict[int, str] | None = None
    propose: bool = False
    root: str | None = None
    start: str = field(name="from", default="opening")
    mapping: ImportMapping = ImportMapping()

    def request(self) -> Request:
        """Give what the import goes by; BadInput when neither or both of levels and proposal are asked for."""
        if bool(self.levels) == self.propose:
            raise BadInput(
                "Say which level is which type, or have them proposed.",
                code="import-settings",
                next_step="Give either levels or propose.",
            )
        return Request(
            system=self.system,
            hierarchy=self.hierarchy,
            levels=dict(sorted(self.levels.items())) if self.levels else None,
            root=self.root,
            start=None if self.start == "opening" else read_day(self.start, field="from").isoformat(),
            mapping=self.mapping,
        )


@operation(
    router,
    "POST",
    "/imports",
    takes=ImportAsked,
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def start_import(request: ApiRequest, body: ImportAsked) -> HttpResponseBase:
    """Have a worker import organisation units, live; what conflicts is listed and left out."""
    asked = body.request()
    return started(request, lambda: queue_import(request.auth, asked))


@operation(router, "POST", "/imports/preview", takes=ImportAsked, gives=shapes.Imported, asks_dhis2=True)
def preview_import(request: ApiRequest, body: ImportAsked) -> HttpResponseBase:
    """Say what an import would do, and write nothing. It reads that DHIS2 while the request waits."""
    return json_answer(document_of(import_units(request.auth, body.request(), preview=True)))
