"""Stops a request whose body is too large while it arrives: by the time Django counts, it has filled the disk."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Message: TypeAlias = Mapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Application: TypeAlias = Callable[[Any, Receive, Send], Awaitable[None]]


class _TooLargeError(Exception):
    """More arrived than the limit."""


class BodyLimit:
    """An ASGI application around another one. `limit`: bytes, whether announced by Content-Length or not."""

    def __init__(self, application: Application, *, limit: int) -> None:
        """Take the application and the limit."""
        self._application = application
        self._limit = limit

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer 413."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise _TooLargeError
            return message

        if _announced(scope) > self._limit:
            await _refuse(send)
            return
        try:
            await self._application(scope, counted, send)
        except _TooLargeError:
            await _refuse(send)


def _announced(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send) -> None:
    text = b"The request is too large.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    start = {"type": "http.response.start", "status": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": text})
