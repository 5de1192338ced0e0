"""What can go wrong between a client and a server, on demand: cut connections, error pages, delays, other writers."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from cgr.sandbox.http import Request, Response
from cgr.sandbox.messages import unauthorized, web_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.sandbox.world import World

Kind: TypeAlias = Literal[
    "cut-before",
    "cut-after",
    "status",
    "slow",
    "truncated",
    "redirect",
    "html",
    "hang",
    "refuse-auth",
    "call",
    "call-after",
    "status-after",
    "bend",
]

_PAGE = "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
_HTML_STATUSES = frozenset({502, 504})


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, for the requests that match, after `after` of them went well, `times` times.

    `only`: of the requests with this method and path just those that it says yes to.

    `status`, `retry_after` belong to kind "status", and to "status-after", which is said although DHIS2 has done what
    was asked; `seconds` to "slow"; `location` to "redirect"; `call` to "call", which runs before the request is
    handled, and to "call-after", which runs before the reply is sent; `bend` to "bend", which alters the reply.
    `times=0`: for ever. 502 and 504 come with a proxy's HTML page.
    """

    kind: Kind
    method: str = ".*"
    path: str = ".*"
    after: int = 0
    times: int = 1
    status: int = 503
    retry_after: str = ""
    seconds: float = 0.0
    location: str = "/dhis-web-login/"
    call: Callable[[World, Request], None] | None = None
    bend: Callable[[World, Request, Response], None] | None = None
    only: Callable[[Request], bool] | None = None
    seen: int = 0
    done: int = 0

    def strikes(self, request: Request) -> bool:
        """Count this request and say whether the fault happens to it."""
        if self.times and self.done >= self.times:
            return False
        if not re.fullmatch(self.method, request.method) or not re.search(self.path, request.path):
            return False
        if self.only is not None and not self.only(request):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.done += 1
        return True


@dataclass(slots=True)
class Faults:
    """The faults of a world, in the order in which they were added."""

    planned: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Plan a fault; gives it back, so that a test can look at `done`."""
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all faults."""
        self.planned.clear()

    def striking(self, request: Request) -> list[Fault]:
        """Give the faults that happen to this request."""
        return [fault for fault in self.planned if fault.strikes(request)] if self.planned else []


def before(world: World, request: Request, fault: Fault) -> Response | None:
    """Let a fault act before the request is handled; a response ends it there."""
    if fault.kind == "slow":
        time.sleep(fault.seconds)
    elif fault.kind == "call" and fault.call is not None:
        fault.call(world, request)
    answer = _ANSWERS.get(fault.kind)
    return answer(world, fault) if answer is not None else None


def after(world: World, request: Request, response: Response, fault: Fault) -> Response:
    """Let a fault act on the reply; what the request did stays done."""
    if fault.kind == "call-after" and fault.call is not None:
        fault.call(world, request)
    if fault.kind == "bend" and fault.bend is not None:
        fault.bend(world, request, response)
    if fault.kind == "status-after":
        return _refusal(fault)
    if fault.kind == "cut-after":
        return Response(response.status, close=True)
    if fault.kind == "truncated":
        response.body = response.body if isinstance(response.body, bytes) else b"".join(_drained(response.body))
        response.sent_bytes = len(response.body) // 2
    return response


def _drained(body: Iterator[bytes]) -> Iterator[bytes]:
    yield from body


def _refusal(fault: Fault) -> Response:
    headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
    if fault.status in _HTML_STATUSES:
        page = _PAGE.format(title=f"{fault.status} from the proxy")
        return Response(fault.status, page.encode(), "text/html", headers)
    response = web_message(fault.status, "Refused on demand")
    response.headers.update(headers)
    return response


_ANSWERS: Final[dict[str, Callable[[World, Fault], Response]]] = {
    "cut-before": lambda *_: Response(close=True),
    "hang": lambda *_: Response(hang=True),
    "status": lambda _, fault: _refusal(fault),
    "redirect": lambda _, fault: Response(302, b"", "", {"location": fault.location}),
    "html": lambda *_: Response(200, _PAGE.format(title="Welcome").encode(), "text/html;charset=utf-8"),
    "refuse-auth": lambda world, _: unauthorized(world),
}
