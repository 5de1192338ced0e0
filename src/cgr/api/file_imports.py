"""Imports of files: sent with a mapping of columns, checked, and handed to the workers; refused rows come back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from django.http.response import HttpResponseBase
from ninja import Query, Router

from cgr.api import shapes
from cgr.api.answers import CSV, Stream
from cgr.api.authentication import ApiRequest
from cgr.api.operations import Body, operation, schema_of
from cgr.api.parameters import Flag, Text
from cgr.api.sent_files import MULTIPART, sent_file
from cgr.api.starting import address_told, started
from cgr.configuration.yaml_reading import read_yaml
from cgr.core.rows import RowMapping, parse_row_mapping
from cgr.files.spreadsheets import CSV_TYPE
from cgr.imports.background import queue_file_import
from cgr.imports.files import FileRequest, check_columns, check_file_request
from cgr.imports.reports import import_run, rejected_rows

if TYPE_CHECKING:
    from cgr.runs.models import Run

router = Router()

_FORM = Body(
    MULTIPART,
    {
        "type": "object",
        "properties": {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "CSV, XLSX, GeoJSON, GeoPackage, or a Shapefile in a ZIP archive.",
            },
            "mapping": {
                "type": "string",
                "description": "The mapping of columns, as JSON or YAML: docs/reference/files.md.",
                "contentMediaType": "application/json",
                "contentSchema": schema_of(RowMapping),
            },
        },
        "required": ["file", "mapping"],
        "additionalProperties": False,
    },
    explains=(RowMapping,),
)


@operation(
    router,
    "POST",
    "/imports/files",
    takes=_FORM,
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def start_file_import(
    request: ApiRequest,
    type: Annotated[Text, Query(description="Code of the type that the rows are objects of.")],  # noqa: A002 - the domain's word
    system: Annotated[Text | None, Query(description="The external system that the external ids belong to.")] = None,
    preview: Flag = False,  # noqa: FBT002 - ninja gives it by name
    notify: Flag = False,  # noqa: FBT002 - as above
) -> HttpResponseBase:
    """Have a worker import the rows of a file; those that can't be imported are listed and left out.

    The file has up to 200 MiB. One that can't be read, or hasn't the columns that the mapping names, is refused at
    once. With `preview` the worker only finds out what the import would do, and keeps it: its state is then `new`, and
    resuming it carries it out. With `notify` an e-mail says to who asks how the import ended.
    """
    told = address_told(request, asked=notify)
    with sent_file(request) as given:
        mapping = parse_row_mapping(read_yaml(given.mapping).value, origin="The part mapping")
        asked = FileRequest(file=given.name, type=type, mapping=mapping, system=system)

        def start() -> Run:
            check_file_request(request.auth, asked)
            check_columns(given.path, asked)
            return queue_file_import(request.auth, given.path, asked, preview=preview, notify=told)

        return started(request, start, sent=given.digest)


@operation(router, "GET", "/imports/{run}/rejected.csv", gives={"type": "string"}, media_type=CSV)
def list_rejected_rows(request: ApiRequest, run: Text) -> HttpResponseBase:
    """Give the rows of a file that were not imported, or of a preview those that would not be, as CSV.

    They have the columns of the file, then `line`, `problem` and `what to do`. Corrected, they can be imported by
    themselves with the same mapping.
    """
    return Stream(rejected_rows(import_run(request.auth, run)), content_type=CSV_TYPE)
