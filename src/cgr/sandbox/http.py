"""Requests, responses and the table of routes; the socket side is in `server`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.world import User, World

JSON = "application/json;charset=UTF-8"
PLAIN_JSON = "application/json"


@dataclass(slots=True)
class Request:
    """One request as the server read it. `headers` have lower-case names; `query` keeps repeated parameters in order.

    A handler says through `delay` (seconds) what the modelled cost is, through `importing` that it is an import's, and
    through `written` that it changed the world.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    user: User | None = None
    args: dict[str, str] = field(default_factory=dict)
    api_version: int | None = None
    origin: str = "http://localhost"
    delay: float = 0.0
    importing: bool = False
    written: bool = False

    def first(self, name: str, default: str = "") -> str:
        """Give the first value of a query parameter."""
        return self.query.get(name, [default])[0]

    @property
    def actor(self) -> User:
        """The signed-in user; only anonymous routes may find none."""
        if self.user is None:
            raise LookupError(self.path)
        return self.user


@dataclass(slots=True)
class Response:
    """One reply.

    `close`: end the connection without sending anything, as a real server does in verified fact H5. `hang`: never
    reply. `sent_bytes`: promise the whole body, send only so much of it and end the connection.
    """

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    close: bool = False
    hang: bool = False
    sent_bytes: int | None = None


def json_response(value: object, status: int = 200, **headers: str) -> Response:
    """Encode a JSON reply."""
    return Response(status, msgspec.json.encode(value), headers=headers)


Handler: TypeAlias = "Callable[[World, Request], Response]"
Authenticator: TypeAlias = "Callable[[World, Request, str], User | Response]"


@dataclass(slots=True, frozen=True)
class Route:
    """A handler and where it stands: `{name}` matches one segment, `{name*}` the rest of the path."""

    methods: frozenset[str]
    pattern: re.Pattern[str]
    specificity: tuple[int, ...]
    handler: Handler
    anonymous: bool


@dataclass(slots=True)
class Router:
    """Finds the handler of a request: the pattern with literal segments wins over one with placeholders."""

    routes: list[Route] = field(default_factory=list)
    schemes: dict[str, Authenticator] = field(default_factory=dict)

    def route(self, methods: str, pattern: str, *, anonymous: bool = False) -> Callable[[Handler], Handler]:
        """Register a handler: `methods` are separated by blanks."""
        compiled = re.compile("^" + re.sub(r"\{(\w+)(\*?)\}", _placeholder, pattern) + "$")
        specificity = tuple(_rank(segment) for segment in pattern.strip("/").split("/"))

        def register(handler: Handler) -> Handler:
            self.routes.append(Route(frozenset(methods.split()), compiled, specificity, handler, anonymous))
            self.routes.sort(key=lambda known: known.specificity)
            return handler

        return register

    def scheme(self, name: str) -> Callable[[Authenticator], Authenticator]:
        """Register who understands `Authorization: <name> …`: gives the user, or the refusal to send."""

        def register(authenticator: Authenticator) -> Authenticator:
            self.schemes[name.lower()] = authenticator
            return authenticator

        return register

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], bool]:
        """Give (route, path arguments, path known with another method)."""
        known = False
        for route in self.routes:
            if match := route.pattern.match(path):
                if method in route.methods:
                    return route, match.groupdict(), True
                known = True
        return None, {}, known


def _placeholder(match: re.Match[str]) -> str:
    return f"(?P<{match[1]}>.*)" if match[2] else f"(?P<{match[1]}>[^/]+)"


def _rank(segment: str) -> int:
    if "{" not in segment:
        return 0
    return 2 if "*}" in segment else 1
