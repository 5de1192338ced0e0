"""The recorded exchanges as they lie on disk, a file per scenario and version."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

UID: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9]{10}(?![A-Za-z0-9])")
_ID_KEYS: Final = frozenset({"id", "uid", "mainId", "owner", "codes", "systemId"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the reply of the real server. `status` None: the connection was closed without a reply."""

    method: str
    path: str
    query: dict[str, str | list[str]]
    headers: dict[str, str]
    auth: str
    sent: Json
    status: int | None
    reply_headers: dict[str, Json]
    received: Json

    @property
    def request_text(self) -> str:
        """Everything that was sent, to look ids up in."""
        return json.dumps([self.path, self.query, self.sent], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A scenario on one version: from an empty server (`setup`) through `exchanges` to what GET shows at the end."""

    scenario: str
    release: str
    setup: tuple[Exchange, ...]
    exchanges: tuple[Exchange, ...]
    state_after: dict[str, Json]
    generated_ids: frozenset[str] = field(default=frozenset())

    @property
    def all_exchanges(self) -> Iterator[tuple[str, Exchange]]:
        """Give every exchange with its name: "setup 0", …, "0", "1" and so on."""
        for number, exchange in enumerate(self.setup):
            yield f"setup {number}", exchange
        for number, exchange in enumerate(self.exchanges):
            yield str(number), exchange


def load(path: Path) -> Recording:
    """Read one recorded scenario."""
    document = json.loads(path.read_text(encoding="utf-8"))
    setup = tuple(_exchange(entry) for entry in document["setup"])
    exchanges = tuple(_exchange(entry) for entry in document["exchanges"])
    return Recording(
        scenario=document["scenario"],
        release=document["dhis2"],
        setup=setup,
        exchanges=exchanges,
        state_after=document["state_after"],
        generated_ids=_generated_ids((*setup, *exchanges)),
    )


def _exchange(entry: dict[str, Any]) -> Exchange:
    request, response = entry["request"], entry["response"]
    return Exchange(
        method=request["method"],
        path=request["path"],
        query=request.get("query") or {},
        headers={name.lower(): value for name, value in request["headers"].items()},
        auth=request["auth"],
        sent=request.get("body"),
        status=response["status"],
        reply_headers=response["headers"],
        received=response["body"],
    )


def _generated_ids(exchanges: tuple[Exchange, ...]) -> frozenset[str]:
    """Give the ids that the server made: seen in a reply before any request used them."""
    seen = ""
    found: set[str] = set()
    for exchange in exchanges:
        seen += exchange.request_text
        replied = set(_ids_in(exchange.received, key=""))
        location = exchange.reply_headers.get("location")
        if isinstance(location, str):
            replied.update(UID.findall(location.rpartition("/")[2]))
        found.update(uid for uid in replied if uid not in seen)
    return frozenset(found)


def _ids_in(value: Json, *, key: str) -> Iterator[str]:
    if isinstance(value, str):
        if key in _ID_KEYS and UID.fullmatch(value):
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _ids_in(item, key=key)
    elif isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, list) and UID.fullmatch(name):
                yield name
            yield from _ids_in(item, key=name)
