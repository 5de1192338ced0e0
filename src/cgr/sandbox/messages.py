"""Replies of the HTTP layer that many routes share: web messages, refusals, the servlet container's own pages."""

from __future__ import annotations

import html
from http import HTTPStatus
from typing import TYPE_CHECKING

from cgr.sandbox.http import JSON, PLAIN_JSON, Request, Response, json_response

if TYPE_CHECKING:
    from cgr.sandbox.world import World


class Refused(Exception):
    """Ends the handling of a request with this reply; nothing is written."""

    def __init__(self, response: Response) -> None:
        """Keep the reply."""
        super().__init__(response.status)
        self.response = response


def web_message(status: int, message: str | None = None, /, **more: object) -> Response:
    """Give DHIS2's envelope with its state ERROR or OK; `more` may overwrite `status`."""
    body: dict[str, object] = {
        "httpStatus": _phrase(status),
        "httpStatusCode": status,
        "status": "OK" if status < HTTPStatus.BAD_REQUEST else "ERROR",
    }
    if message is not None:
        body["message"] = message
    return json_response(body | more, status)


def problem(
    world: World, status: int, message: str | None, code: str = "", *, code_since: tuple[int, ...] = (2, 40)
) -> Response:
    """Give an error in the envelope; most error codes are shown from 2.40 on."""
    more = {"errorCode": code} if code and world.version >= code_since else {}
    response = web_message(status, message, **more)
    response.content_type = PLAIN_JSON if world.version >= (2, 38) else JSON
    return response


def not_found(world: World, klass: str, uid: str) -> Response:
    """Give the reply for an object that isn't there."""
    return problem(world, 404, f"{klass} with id {uid} could not be found.", "E1005")


def forbidden(world: World, message: str = "Access is denied") -> Response:
    """Give the reply for something this user may not do."""
    return problem(world, 403, message, "E1006")


def container_page(status: int, message: str = "") -> Response:
    """Give the servlet container's HTML page for an error that DHIS2 doesn't handle itself."""
    phrase = _phrase(status)
    told = f"<p><b>Message</b> {html.escape(message)}</p>" if message else ""
    page = (
        f'<!doctype html><html lang="en"><head><title>HTTP Status {status} – {phrase}</title></head>'
        f"<body><h1>HTTP Status {status} – {phrase}</h1><p><b>Type</b> Status Report</p>{told}</body></html>"
    )
    return Response(status, page.encode(), "text/html;charset=utf-8")


def sign_in_wanted(world: World, request: Request) -> Response:
    """Give the reply to a request without credentials: a redirect for browsers, 401 for scripts (verified fact S1)."""
    if request.headers.get("x-requested-with") == "XMLHttpRequest" or world.version[:2] == (2, 38):
        return unauthorized(world)
    if world.version >= (2, 43):
        page = "/login/"
    elif world.version >= (2, 41):
        page = "/dhis-web-login/"
    else:
        page = "/dhis-web-commons/security/login.action"
    browser = "text/html" in request.headers.get("accept", "") or request.path == "/"
    if world.version[:2] == (2, 40) and browser:
        page = "/index.html"
    return Response(302, b"", "", {"location": request.origin + page})


def unauthorized(world: World, message: str = "Unauthorized") -> Response:
    """Give the reply to wrong credentials."""
    response = web_message(401, message)
    if world.version[:2] in {(2, 37), (2, 38), (2, 39)}:
        response.headers["www-authenticate"] = 'Basic realm="DHIS2_API"'
    if (2, 37) <= world.version < (2, 42):
        response.content_type = PLAIN_JSON
    return response


def _phrase(status: int) -> str:
    return "Request Entity Too Large" if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else HTTPStatus(status).phrase
