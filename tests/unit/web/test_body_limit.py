"""A body that is too large is stopped while it arrives, announced or not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cgr.web.body_limit import BodyLimit

LIMIT = 1_000


async def _count(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads all of the body and answers with its size."""
    assert scope["type"] == "http"
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def send_in(pieces: list[bytes], *, announced: bytes | None = None) -> tuple[int, bytes, int]:
    """Send a body; give status, answer, and how many pieces were taken."""
    waiting = list(pieces)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if announced is None else [(b"content-length", announced)]
    asyncio.run(BodyLimit(_count, limit=LIMIT)({"type": "http", "headers": headers}, receive, send))
    return sent[0]["status"], sent[1]["body"], len(pieces) - len(waiting)


@pytest.mark.parametrize("announced", [None, b"1000"])
def test_a_body_up_to_the_limit_arrives_whole(announced: bytes | None) -> None:
    assert send_in([b"x" * 500, b"x" * 500], announced=announced) == (200, b"1000", 2)


def test_one_that_announces_too_much_isn_t_read_at_all() -> None:
    assert send_in([b"x"], announced=b"1001") == (413, b"The request is too large.\n", 0)


def test_one_that_announces_nothing_or_lies_is_stopped_at_the_limit() -> None:
    pieces = [b"x" * 400] * 100
    for announced in (None, b"10"):
        status, _, taken = send_in(pieces, announced=announced)
        assert (status, taken) == (413, 3)
