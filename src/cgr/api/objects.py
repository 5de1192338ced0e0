"""Geo-Objects: looked up, in pages, whole as NDJSON or GeoJSON, and written as the Geo-Objects file is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Query, Router

from cgr.accounts.policy import Permission, require_anywhere
from cgr.api import problems, shapes
from cgr.api.answers import GEOJSON, JSON, NDJSON, Stream
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import check_media_type, require_code
from cgr.api.editing import definitions_held, require_match
from cgr.api.operations import Body, operation
from cgr.api.parameters import Day, Flag, Limit, Moment, Text
from cgr.api.problems import Trouble, WrongRequest
from cgr.core.geojson_file import feature_collection
from cgr.core.objects_file import MAX_LINE_BYTES
from cgr.registry import actions, queries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.registry.actions import Applied

router = Router()

AsOf = Annotated[Day | None, Query(description="Values in force at this day, bare; else with their history.")]
_NDJSON = Body(NDJSON, {"type": "string", "description": "One JSON object a line: docs/reference/files.md."})


@operation(router, "GET", "/objects", gives=shapes.GeoObjects)
def list_objects(
    request: ApiRequest,
    type: Text | None = None,  # noqa: A002 - the domain's word
    code: Text | None = None,
    changed_since: Moment | None = None,
    parent: Annotated[Text | None, Query(description="HIERARCHY:TYPE:CODE, for the children of that object.")] = None,
    as_of: AsOf = None,
    after: Annotated[Text | None, Query(description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> HttpResponseBase:
    """List Geo-Objects in pages, by type and code.

    `parent` looks at the day of `as_of`, else today. `changed_since` goes by the moment of writing; external ids that a
    synchronization confirms are no change of the object.
    """
    lines, following = queries.page_of_objects(
        request.auth,
        most=limit,
        after=None if after is None else _two(after, "after"),
        type=type,
        code=code,
        changed_since=changed_since,
        below=None if parent is None else _below(parent, as_of),
        as_of=as_of,
    )
    last = None if following is None else ":".join(following)
    document = b'{"objects":[' + b",".join(line.rstrip() for line in lines) + b'],"next":'
    return HttpResponse(
        document + msgspec.json.encode(last) + b"}",
        content_type=JSON,
        headers={"Cache-Control": "no-store"},
    )


@operation(router, "GET", "/objects.ndjson", gives={"type": "string"}, media_type=NDJSON)
def export_objects(request: ApiRequest, type: Text | None = None, as_of: AsOf = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Stream Geo-Objects as the Geo-Objects file: what `cgr objects export` writes."""
    return Stream(queries.export_objects(request.auth, type=type, as_of=as_of), content_type=NDJSON)


@operation(router, "GET", "/objects.geojson", gives={"type": "object"}, media_type=GEOJSON)
def export_features(request: ApiRequest, type: Text | None = None, as_of: Day | None = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Stream Geo-Objects as a GeoJSON FeatureCollection, as they are at a day; default today."""
    lines = queries.export_objects(request.auth, type=type, as_of=as_of or timezone.localdate())
    return Stream(feature_collection(lines), content_type=GEOJSON)


@operation(router, "POST", "/objects", takes=_NDJSON, gives=shapes.Applied)
def apply_objects(request: ApiRequest, preview: Flag = False) -> dict[str, object]:  # noqa: FBT002 - ninja gives it by name
    """Create and change Geo-Objects: every line of the file or, when one is wrong, none.

    What a line names is set, the rest stays. Wrong lines are 422, with `errors` by line. With a token the body may be
    larger than elsewhere.
    """
    check_media_type(request, NDJSON)
    require_anywhere(request.auth, Permission.EDIT_OBJECTS)
    # A line is never read further than what is refused anyway.
    lines = iter(partial(request.readline, MAX_LINE_BYTES + 1), b"")
    return _written(request, lines, preview=preview)


@operation(router, "GET", "/objects/{type}/{path:code}", gives=shapes.GeoObject, etag=True)
def show_object(request: ApiRequest, type: Text, code: Text, as_of: AsOf = None) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Show one Geo-Object; the ETag is its version."""
    line, version = queries.geo_object(request.auth, type, code, as_of=as_of)
    headers = {"ETag": f'"{version}"', "Cache-Control": "no-store"}
    return HttpResponse(line, content_type=JSON, headers=headers)


@operation(
    router,
    "PATCH",
    "/objects/{type}/{path:code}",
    takes=dict[str, Any],
    gives=shapes.Applied,
    edits=True,
    etag=True,
)
def change_object(request: ApiRequest, type: Text, code: Text, body: dict[str, Any]) -> HttpResponseBase:  # noqa: A002 - the domain's word
    """Change one Geo-Object by a line of the Geo-Objects file: what it names is set, null removes, the rest stays."""
    require_code(str(body.setdefault("type", type)), type)
    require_code(str(body.setdefault("code", code)), code)
    with definitions_held():
        _, version = queries.geo_object(request.auth, type, code)
        require_anywhere(request.auth, Permission.EDIT_OBJECTS)
        require_match(request, f'"{version}"', what=(type, code))
        applied = _written(request, [msgspec.json.encode(body)], preview=False)
        _, version = queries.geo_object(request.auth, type, code)
    return HttpResponse(msgspec.json.encode(applied), content_type=JSON, headers={"ETag": f'"{version}"'})


def _written(request: ApiRequest, lines: Iterable[bytes], *, preview: bool) -> dict[str, object]:
    applied = actions.apply_objects(request.auth, lines, preview=preview, source="API")
    if applied.errors:
        raise _bad_lines(applied)
    return {"created": applied.created, "changed": applied.changed, "unchanged": applied.unchanged, "errors": []}


def _bad_lines(applied: Applied) -> WrongRequest:
    first = applied.errors[0]
    more = f" ({len(applied.errors) - 1} more are wrong, too)" if len(applied.errors) > 1 else ""
    return WrongRequest(
        f"Line {first.line}: {first.message}{more}.",
        code="bad-lines",
        next_step="Correct what is named and send the file again; nothing of it was written.",
        errors=tuple(Trouble(message=error.message, line=error.line) for error in applied.errors),
    )


def _two(text: str, field: str) -> tuple[str, str]:
    type_code, colon, code = text.partition(":")
    if not (type_code and colon and code):
        raise problems.bad_parameters((Trouble(message="write it as TYPE:CODE.", field=field),))
    return type_code, code


def _below(text: str, as_of: Day | None) -> queries.Below:
    hierarchy, _, one = text.partition(":")
    type_code, _, code = one.partition(":")
    if not (hierarchy and type_code and code):
        raise problems.bad_parameters((Trouble(message="write it as HIERARCHY:TYPE:CODE.", field="parent"),))
    return queries.Below(hierarchy=hierarchy, type=type_code, code=code, on=as_of or timezone.localdate())
