"""Declaring an operation: its address, the records it takes and gives, and what its description says of them.

Bodies and answers are the records of the other rooms (msgspec), so that the description is made from what is really
read and written; ninja brings addresses, parameters, authentication and the document around it.
"""

from __future__ import annotations

import inspect
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

import msgspec
from django.http.response import HttpResponseBase
from msgspec import Struct

from cgr.api import problems
from cgr.api.answers import JSON, json_answer
from cgr.api.bodies import read_json
from cgr.api.editing import IF_MATCH
from cgr.api.problems import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from django.http import HttpRequest
    from ninja import Router

View = TypeVar("View", bound="Callable[..., Any]")

DESCRIBED: Final[set[Any]] = {problems.Problem}
"""The records that the description has to explain; each operation adds its own."""

REFERENCE = "#/components/schemas/{name}"

_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag of the state that the edit was made from.",
    "schema": {"type": "string", "pattern": f"^{IF_MATCH}$"},
}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "The same key again, by the same token or person, gives the run that the first request started.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}
_ALWAYS = (400, 401, 403, 422, 429)
_WITH_BODY = (413, 415)
_EDITING = (404, 409, 412, 428)
_ASKING_DHIS2 = (409, 502, 503)


class Body(Struct, frozen=True):
    """A body that isn't one JSON document, and that the operation reads itself. `explains`: records of the schema."""

    media_type: str
    schema: dict[str, object]
    explains: tuple[type, ...] = ()


def operation(  # noqa: PLR0913 - what can be said of an operation
    router: Router,
    method: str,
    path: str,
    *,
    gives: Any = None,  # noqa: ANN401 - any type that msgspec can describe
    takes: Any = None,  # noqa: ANN401 - the same
    status: HTTPStatus = HTTPStatus.OK,
    also: tuple[HTTPStatus, ...] = (),
    media_type: str = JSON,
    edits: bool = False,
    starts_run: bool = False,
    asks_dhis2: bool = False,
    etag: bool = False,
) -> Callable[[View], View]:
    """Have a view answer an address. What it returns becomes JSON, unless it is an answer already.

    `takes`: the record of the body, given to the view as `body`, or a `Body` that it reads itself. `gives`: what the
    description says of the answer; None: an answer without content. `also`: other statuses with the same content.
    """
    explained = takes.explains if isinstance(takes, Body) else (takes,)
    DESCRIBED.update(kind for kind in (gives, *explained) if kind is not None and not isinstance(kind, dict))

    def declare(view: View) -> View:
        signature = _without_body(view)
        known = signature.parameters.keys() - {"request"}

        @wraps(view)
        def answer(request: HttpRequest, **values: Any) -> HttpResponseBase:  # noqa: ANN401 - the parameters of the view
            _refuse_unknown(request, known)
            if takes is not None and not isinstance(takes, Body):
                values["body"] = read_json(request, takes)
            result = view(request, **values)
            return result if isinstance(result, HttpResponseBase) else json_answer(result, status=status)

        answer.__signature__ = signature  # type: ignore[attr-defined]
        wrong = {
            *_ALWAYS,
            *(_WITH_BODY if takes is not None else ()),
            *(_EDITING if edits else ()),
            *((404,) if known or takes is not None else ()),
            *(_ASKING_DHIS2 if asks_dhis2 else ()),
            *((404, 409) if starts_run or method in {"POST", "DELETE"} else ()),
        }
        details: dict[str, Any] = {
            "responses": {
                **{one.value: _described(one, gives, media_type, etag=etag) for one in (status, *also)},
                **{code: {"$ref": f"#/components/responses/Problem{code}"} for code in sorted(wrong)},
            }
        }
        if takes is not None:
            details["requestBody"] = _body(takes)
        parameters = [*([{**_IF_MATCH, "required": method != "PUT"}] if edits else []), *([_KEY] if starts_run else [])]
        if parameters:
            details["parameters"] = parameters
        summary, _, more = inspect.cleandoc(view.__doc__ or "").partition("\n")
        answer.__doc__ = " ".join(more.split())  # ninja describes an operation by it
        router.api_operation(
            [method],
            path,
            response={status.value: None},
            operation_id=view.__name__,
            summary=summary.rstrip("."),
            openapi_extra=details,
        )(answer)
        return view

    return declare


def _without_body(view: Callable[..., Any]) -> inspect.Signature:
    """Give the parameters of a view that ninja reads, with what their annotations mean."""
    hints = get_type_hints(view, include_extras=True)
    signature = inspect.signature(view)
    read = [
        one.replace(annotation=hints.get(name, one.annotation))
        for name, one in signature.parameters.items()
        if name != "body"
    ]
    return signature.replace(parameters=read, return_annotation=inspect.Signature.empty)


def _described(status: HTTPStatus, gives: Any, media_type: str, *, etag: bool) -> dict[str, Any]:  # noqa: ANN401 - any type
    described: dict[str, Any] = {"description": status.phrase}
    if gives is not None:
        described["content"] = {media_type: {"schema": schema_of(gives)}}
    headers = {}
    if etag:
        headers["ETag"] = {"description": "The state that is shown; send it back as If-Match.", "schema": _TEXT}
    if status == HTTPStatus.ACCEPTED:
        headers["Location"] = {"description": "Where the run is.", "schema": _TEXT}
    return {**described, **({"headers": headers} if headers else {})}


_TEXT = {"type": "string"}


def _body(takes: Any) -> dict[str, Any]:  # noqa: ANN401 - any type
    if isinstance(takes, Body):
        return {"required": True, "content": {takes.media_type: {"schema": takes.schema}}}
    return {"required": True, "content": {JSON: {"schema": schema_of(takes)}}}


def schema_of(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any type
    """Give the schema of a record, by reference; a schema that is given as such stays."""
    if isinstance(kind, dict):
        return kind
    (schema,), _ = msgspec.json.schema_components([kind], schema_hook=_anything, ref_template=REFERENCE)
    return schema


def components() -> dict[str, Any]:
    """Give the schemas of all records that operations take or give."""
    kinds = sorted(DESCRIBED, key=str)
    _, found = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=REFERENCE)
    return dict(sorted(found.items()))


def _anything(_kind: type) -> dict[str, Any]:
    return {"type": ["object", "array", "string", "number", "boolean", "null"]}  # msgspec takes {} for no answer


def _refuse_unknown(request: HttpRequest, known: AbstractSet[str]) -> None:
    """Refuse a parameter that isn't there: a filter with a slip of the pen would else give everything."""
    unknown = sorted(request.GET.keys() - known)
    if unknown:
        raise problems.bad_parameters(
            tuple(Trouble(message="there is no such parameter here.", field=name) for name in unknown)
        )
