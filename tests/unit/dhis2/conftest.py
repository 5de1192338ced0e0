"""A stage on which a test says what a DHIS2 answers, and the recorded exchanges where they are at hand."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import stamina

from cgr.dhis2 import Basic, Dhis2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.dhis2.auth import Credentials

RECORDINGS = Path(__file__).parents[3].parent / "shared" / "dhis2" / "recordings"


@dataclass
class Stage:
    """A DHIS2 that answers what a test lays down by method and path, and remembers what it was asked."""

    version: str = "2.42.5.2"
    replies: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[httpx2.Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    def on(self, method: str, path: str, reply: object) -> None:
        """Lay down a reply: JSON for 200, a Response, a list of them in order, or a function of the request."""
        self.replies[method, path] = reply

    def client(self, url: str = "https://hmis.example.org", auth: Credentials | None = None, **options: Any) -> Dhis2:
        """Connect to it."""
        transport = httpx2.MockTransport(self._answer)
        auth = auth or Basic("cgr", "Sesame-Street-9")
        return Dhis2(url, auth, transport=transport, on_wait=self.waits.append, **options)

    def bodies(self, method: str, path: str) -> list[Any]:
        """Give the JSON bodies sent there."""
        return [
            json.loads(_unpacked(request))
            for request in self.asked
            if (request.method, _path(request)) == (method, path)
        ]

    def queries(self, method: str, path: str) -> list[dict[str, str]]:
        """Give the query parameters sent there."""
        return [dict(r.url.params) for r in self.asked if (r.method, _path(r)) == (method, path)]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.asked.append(request)
        reply = self.replies.get((request.method, _path(request)))
        if isinstance(reply, list) and reply and isinstance(reply[0], httpx2.Response):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            reply = reply(request)
        if isinstance(reply, Exception):
            raise reply
        if reply is None and request.url.path.endswith("/api/system/info"):
            reply = {"version": self.version}
        if reply is None:
            return httpx2.Response(404, json={"httpStatusCode": 404, "status": "ERROR", "message": "not on this stage"})
        return reply if isinstance(reply, httpx2.Response) else httpx2.Response(200, json=reply)


def _unpacked(request: httpx2.Request) -> bytes:
    return gzip.decompress(request.content) if "content-encoding" in request.headers else request.content


def _path(request: httpx2.Request) -> str:
    return request.url.path.partition("/api/")[2]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def recorded() -> Callable[[str, str], dict[str, Any]]:
    """Read a recorded scenario of a version, or skip where the recordings or that scenario aren't there."""

    def read(version: str, scenario: str) -> dict[str, Any]:
        path = RECORDINGS / version / f"{scenario}.json"
        if not RECORDINGS.is_dir():
            pytest.skip("the recordings in ../shared are not at hand")
        if not path.is_file():
            pytest.skip(f"{scenario} does not exist in {version}")
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    return read
