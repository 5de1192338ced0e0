"""Answers: records as JSON, long ones as a stream that nobody holds as a whole."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from asgiref.sync import sync_to_async
from django.http import HttpResponse, StreamingHttpResponse

from cgr.core.streamed_json import Lines, encoded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from django.http.response import HttpResponseBase

JSON = "application/json"
NDJSON = "application/x-ndjson"
GEOJSON = "application/geo+json"
CSV = "text/csv"

_PIECE_BYTES = 64 * 1024
_LINES_AT_ONCE = 1_000


class Stream(StreamingHttpResponse):
    """An answer that is made while it is sent, on a server that is asynchronous as on one that isn't.

    Django would read all of it first to send it asynchronously. Here a piece is made, in the thread that has the
    database connection, then sent, then the next.
    """

    def __init__(self, lines: Iterable[bytes], *, content_type: str, headers: dict[str, str] | None = None) -> None:
        """Take what gives the lines, or other pieces of any size."""
        super().__init__(_pieces(iter(lines)), content_type=content_type, headers=headers)
        self.setdefault("Cache-Control", "no-store")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give piece after piece."""
        pieces = iter(self)
        while (piece := await sync_to_async(_next)(pieces)) is not None:
            yield piece


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


def _pieces(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Join what is small: an answer of a million lines must not be a million messages."""
    while some := list(islice(lines, _LINES_AT_ONCE)):
        joined = b"".join(some)
        for start in range(0, len(joined), _PIECE_BYTES):
            yield joined[start : start + _PIECE_BYTES]


def json_answer(document: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponseBase:  # noqa: ANN401 - JSON
    """Give a record, or a document whose lists may be too long to hold, as JSON."""
    if isinstance(document, dict) and any(isinstance(part, Lines) for part in document.values()):
        return Stream(encoded(document), content_type=JSON, headers=headers)
    answer = HttpResponse(msgspec.json.encode(document), status=status, content_type=JSON, headers=headers)
    answer.setdefault("Cache-Control", "no-store")
    return answer


def etag_of(document: Any) -> str:  # noqa: ANN401 - JSON
    """Give what names one state of a thing: the same for the same content."""
    return f'"{sha256(msgspec.json.encode(document, order="deterministic")).hexdigest()[:32]}"'
