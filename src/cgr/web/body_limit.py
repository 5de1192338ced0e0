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


_TOO_LARGE = b"The request is too large.\n"


class _TooLargeError(Exception):
    """More arrived than the limit."""


class BodyLimit:
    """An ASGI application around another one. `limit`: bytes, whether announced by Content-Length or not.

    `more` gives the limit of a request that may bring more than others, else None; `refusal` the answer to one that is
    too large, as content type and body.
    """

    def __init__(
        self,
        application: Application,
        *,
        limit: int,
        more: Callable[[Message], Awaitable[int | None]] | None = None,
        refusal: Callable[[Message], tuple[str, bytes]] | None = None,
    ) -> None:
        """Take the application and the limits."""
        self._application = application
        self._limit = limit
        self._more = more
        self._refusal = refusal

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand the request on, or answer 413."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        limit = (await self._more(scope) if self._more else None) or self._limit
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _TooLargeError
            return message

        if _announced(scope) > limit:
            await _refuse(send, *self._answer(scope))
            return
        try:
            await self._application(scope, counted, send)
        except _TooLargeError:
            await _refuse(send, *self._answer(scope))

    def _answer(self, scope: Message) -> tuple[str, bytes]:
        return self._refusal(scope) if self._refusal else ("text/plain; charset=utf-8", _TOO_LARGE)


def _announced(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send, kind: str, text: bytes) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(text)), (b"connection", b"close")]
    start = {"type": "http.response.start", "status": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": text})
