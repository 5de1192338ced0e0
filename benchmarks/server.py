"""The DHIS2 that is measured against, the sandbox in a process of its own or a real one, and a bare session with it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx2
import msgspec

from cgr.dhis2.reports import parse_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = "2.42"
LATENCY_SECONDS = 0.2
"""Of one unit in a POST of its own, with 20,000 units there: the one figure of the latency model that is assumed."""

_PATIENCE_SECONDS = 600


@dataclass(frozen=True)
class Server:
    """Where a DHIS2 is and who we are there; a password is never shown."""

    url: str
    user: str = "admin"
    password: str = field(default="district", repr=False)


@contextmanager
def sandbox(content: Path, *, latency: float = 0.0, version: str = VERSION) -> Iterator[Server]:
    """Serve a file from another process; `latency`: as `cgr sandbox serve --latency`."""
    command = [sys.executable, "-m", "cgr.sandbox", "--port", "0", "--version", version, "--load", str(content)]
    command += ["--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own sandbox
        line = process.stdout.readline() if process.stdout else ""
        try:
            yield Server(next(word for word in line.split() if word.startswith("http")))
        finally:
            process.terminate()


class Session:
    """Requests with nothing around: what any client of this DHIS2 needs at least."""

    def __init__(self, server: Server) -> None:
        """Open the session."""
        headers = {"x-requested-with": "XMLHttpRequest", "accept": "application/json"}
        self._url = server.url.rstrip("/")
        self._http = httpx2.Client(auth=(server.user, server.password), timeout=_PATIENCE_SECONDS, headers=headers)

    def __enter__(self) -> Self:
        """Give the session."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._http.close()

    def get(self, path: str, **params: str) -> Any:  # noqa: ANN401 - JSON
        """Read and decode."""
        return msgspec.json.decode(self.read(path, **params))

    def read(self, path: str, **params: str) -> bytes:
        """Read and leave undecoded."""
        reply = self._http.get(f"{self._url}/api/{path}", params=params)
        reply.raise_for_status()
        return reply.content

    def send(self, units: Sequence[dict[str, Any]], *, strategy: str = "CREATE_AND_UPDATE") -> None:
        """Import whole units; raises when DHIS2 doesn't take all of them."""
        reply = self._http.post(
            f"{self._url}/api/metadata",
            params={"importStrategy": strategy, "atomicMode": "ALL"},
            content=msgspec.json.encode({"organisationUnits": list(units)}),
            headers={"content-type": "application/json"},
        )
        report = parse_report(reply.content)
        if report is None or not report.ok:
            message = f"DHIS2 didn't take {len(units)} units: HTTP {reply.status_code} {reply.text[:500]}"
            raise SystemExit(message)
