"""Errors that the servlet container answers itself, before or after DHIS2: HTML of Tomcat, JSON or HTML of Jetty.

The recorded 2.38 and 2.40 ran in a Jetty without the web front end, all others in a Tomcat; 2.37 to 2.41 follow them.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from cgr.sandbox.http import PLAIN_JSON, Request, Response, json_response
from cgr.sandbox.messages import container_page

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_JETTY_404 = "org.eclipse.jetty.servlet.ServletHandler$Default404Servlet-00000000"


def container_error(world: World, request: Request, status: int, message: str = "") -> Response:
    """Give the container's reply for an error; `message` is what Tomcat shows when there is something to tell."""
    if not (2, 37) <= world.version < (2, 42):
        return container_page(status, message)
    told = message or HTTPStatus(status).phrase
    accepted = request.headers.get("accept", "json")
    if "json" not in accepted and not any(kind in accepted for kind in ("html", "*/*")):
        return Response(status, b"", "")
    if "json" not in accepted:
        page = f"<html>\n<head>\n<title>Error {status} {told}</title>\n</head>\n<body></body>\n</html>\n"
        return Response(status, page.encode(), "text/html;charset=iso-8859-1")
    body = {
        "servlet": "dispatcher" if request.path.startswith(("/api", "/uaa")) else _JETTY_404,
        "message": told.replace("'", "&apos;"),
        "url": request.path,
        "status": str(status),
    }
    response = json_response(body, status)
    response.content_type = PLAIN_JSON
    return response
