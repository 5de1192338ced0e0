"""The API as a whole: its operations, who may come in, and its description (OpenAPI 3.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ninja import NinjaAPI

from cgr.api import (
    audit,
    configuration,
    definitions,
    file_imports,
    imports,
    objects,
    organizations,
    problems,
    proposals,
    runs,
    syncs,
    systems,
    tables,
    whoami,
)
from cgr.api.authentication import BearerToken, Session
from cgr.api.operations import components

if TYPE_CHECKING:
    from ninja.openapi.schema import OpenAPISchema

_DESCRIPTION = """\
What `cgr` does on the command line, over HTTP: the same operations, with the same JSON and NDJSON.

Every request says who asks: a program sends a personal API token (`Authorization: Bearer …`), which narrows the rights
of its person by scopes; pages of the registry use their session. What somebody may not know of isn't there (404).

Errors are `application/problem+json`: `code` for programs, `detail` and `next_step` for people.

Things that can be edited have an ETag; an edit names the one it was made from (`If-Match`). Lists come in pages: `next`
is the value of `after` (or `before`) for the next one, null on the last. Runs go on in the background: 202, and
`Location` says where the run is.
"""

_ROUTERS: Final = (
    ("whoami", whoami.router),
    ("organizations", organizations.router),
    ("definitions", definitions.router),
    ("objects", objects.router),
    ("objects", tables.router),
    ("proposals", proposals.router),
    ("systems", systems.router),
    ("syncs", syncs.router),
    ("runs", runs.router),
    ("imports", imports.router),
    ("imports", file_imports.router),
    ("audit", audit.router),
    ("configuration", configuration.router),
)

_PROBLEMS: Final = (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 502, 503)


class RegistryApi(NinjaAPI):
    """The API with a description that explains the records it speaks in."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Add what every operation refers to."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for methods in schema["paths"].values():
            for described in methods.values():
                described["parameters"] = [_plain(one) for one in described["parameters"]]
        parts = schema["components"]
        parts["schemas"] = {**parts["schemas"], **components()}
        parts["responses"] = {f"Problem{code}": _problem(HTTPStatus(code)) for code in _PROBLEMS}
        return schema


def _plain(parameter: dict[str, Any]) -> dict[str, Any]:
    """Say what a parameter can be when it is there; that it may be absent, `required` says."""
    schema = {key: value for key, value in parameter["schema"].items() if key not in {"title", "description"}}
    present = [one for one in schema.pop("anyOf", []) if one != {"type": "null"}]
    return {**parameter, "schema": {**schema, **present[0]} if present else schema}


def _problem(status: HTTPStatus) -> dict[str, Any]:
    content = {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"headers": {"WWW-Authenticate": {"schema": {"type": "string"}}}}
    return {"description": status.phrase, "content": content, **headers}


api = RegistryApi(
    title="Common Geo-Registry",
    version="1",
    description=_DESCRIPTION,
    urls_namespace="api",
    docs_url=None,  # ninja's page loads scripts from elsewhere; docs/reference/api.md is made from the description
    auth=[BearerToken(), Session()],
    openapi_extra={"info": {"license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}}},
)
problems.register(api)
for _tag, _router in _ROUTERS:
    api.add_router("", _router, tags=[_tag])
