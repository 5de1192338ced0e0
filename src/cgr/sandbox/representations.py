"""What the server does to any reply: ETags, the accepted representation, origins that aren't listed (S2, S5)."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape, quoteattr

import msgspec

from cgr.sandbox.container import container_error
from cgr.sandbox.http import Request, Response
from cgr.sandbox.messages import web_message

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_READ: Final = "application/json, application/json+gzip, application/json+zip, application/*+json"
_WRITTEN: Final = "application/json"
_DXF: Final = "http://dhis2.org/schema/dxf/2.0"


def foreign_origin(world: World, request: Request) -> Response | None:
    """Give the empty reply that a request with an unlisted Origin gets from 2.41 on; nothing is done then."""
    if world.version < (2, 41) or request.headers.get("origin") in (None, request.origin):
        return None
    return Response(200, b"", "")


def represented(world: World, request: Request, response: Response) -> Response:
    """Give a reply in the representation that was asked for, with an ETag where the version makes one."""
    readable = request.method in {"GET", "HEAD"} and request.path.startswith("/api/")
    if not readable or response.status != HTTPStatus.OK or "json" not in response.content_type:
        return response
    accepted = request.headers.get("accept", "*/*")
    if not any(kind in accepted for kind in ("json", "*/*", "application/*")):
        return _other_representation(world, request, response, accepted)
    if world.version >= (2, 37) or not isinstance(response.body, bytes):
        return response
    etag = f'"0{hashlib.md5(response.body, usedforsecurity=False).hexdigest()}"'
    response.headers["etag"] = etag
    if request.headers.get("if-none-match") == etag:
        return Response(304, b"", "", response.headers, response.cookies)
    return response


def not_acceptable(world: World, request: Request) -> Response:
    """Give the refusal of a representation that isn't on offer."""
    if world.version < (2, 37):
        return web_message(406, "Could not find acceptable representation")
    offered = _WRITTEN if request.method == "POST" else _READ
    told = f"Acceptable representations: [{offered}]." if world.version >= (2, 42) else ""
    return container_error(world, request, 406, told)


def as_xml(response: Response) -> Response:
    """Turn a JSON reply into the XML of the versions that had it."""
    rows = msgspec.json.decode(_content(response))
    inner = "".join(_element(name, value) for name, value in rows.items() if name != "pager")
    page = f"<?xml version='1.0' encoding='UTF-8'?><metadata xmlns=\"{_DXF}\">{inner}</metadata>"
    return Response(200, page.encode(), "application/xml;charset=UTF-8")


def as_csv(world: World, response: Response, columns: list[str]) -> Response:
    """Turn a list into the server's comma-separated values."""
    rows = next((value for value in msgspec.json.decode(_content(response)).values() if isinstance(value, list)), [])
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    kind = "text/csv" if world.version >= (2, 41) else "application/csv"
    return Response(200, ("\n".join(lines) + "\n").encode(), f"{kind};charset=UTF-8")


def _other_representation(world: World, request: Request, response: Response, accepted: str) -> Response:
    if "xml" in accepted and world.version < (2, 39):
        page = as_xml(response)
        page.cookies = response.cookies
        return page
    refusal = not_acceptable(world, request)
    refusal.cookies = response.cookies
    return refusal


def _element(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write a list as its name around entries in the singular, plain values of an entry as attributes."""
    if isinstance(value, list):
        return f"<{name}>{''.join(_element(name.removesuffix('s'), entry) for entry in value)}</{name}>"
    if not isinstance(value, dict):
        return f"<{name}>{escape(str(value))}</{name}>"
    nested = {key: inner for key, inner in value.items() if isinstance(inner, list | dict)}
    plain = "".join(f" {key}={quoteattr(str(inner))}" for key, inner in value.items() if key not in nested)
    inner = "".join(_element(key, one) for key, one in nested.items())
    return f"<{name}{plain}>{inner}</{name}>" if inner else f"<{name}{plain}/>"


def _content(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)
