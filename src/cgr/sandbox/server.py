"""The socket side: HTTP/1.1 with keep-alive, a thread per connection, quick enough not to hide a client's own cost."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import urllib.parse
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from cgr.sandbox.http import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from cgr.sandbox.world import World

_LOG = logging.getLogger(__name__)
_CHUNK = 1 << 18
_IDLE_S = 60.0
_HEAD_LIMIT = 1 << 16


class SandboxServer:
    """A running server; `url` says where. Close it, or use it in a `with`."""

    def __init__(self, world: World, host: str, port: int) -> None:
        """Bind and begin to accept; OSError when the port is taken."""
        self.world = world
        self._listener = socket.create_server((host, port), backlog=64)
        self._stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        bound = self._listener.getsockname()
        self.url = f"http://{host}:{bound[1]}"
        self.port: int = bound[1]
        self._thread = threading.Thread(target=self._accept, name="sandbox", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Give the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Stop accepting and end all connections."""
        self._stopping.set()
        with contextlib.suppress(OSError):  # a listener nobody ever connected to can't be shut down on every system
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        with self._guard:
            for connection in self._connections:
                with contextlib.suppress(OSError):  # the client may have gone first
                    connection.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Block until the server is closed."""
        self._stopping.wait()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed by `close`
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_IDLE_S)
            with self._guard:
                self._connections.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while not self._stopping.is_set():
                    request = _read_request(stream, connection)
                    if request is None or not self._answer(connection, request):
                        return
        except OSError as gone:
            _LOG.debug("a client went away: %s", gone)
        except _Unreadable as unreadable:
            _LOG.debug("not HTTP: %s", unreadable)
        finally:
            with self._guard:
                self._connections.discard(connection)

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Handle one request; False: the connection is over."""
        response = self.world.dispatch(request)
        if response.hang:
            self._stopping.wait()
            return False
        if response.close:
            return False
        keep = request.headers.get("connection", "").lower() != "close" and response.sent_bytes is None
        bodyless = request.method == "HEAD" or response.status == HTTPStatus.NO_CONTENT
        if isinstance(response.body, bytes):
            head = _head(response, len(response.body), keep=keep)
            body = b"" if bodyless else response.body[: response.sent_bytes]
            connection.sendall(head + body)
        else:
            connection.sendall(_head(response, None, keep=keep))
            if not bodyless:
                for chunk in _chunks(response.body):
                    connection.sendall(chunk)
        return keep


class _Unreadable(Exception):
    """What came in isn't a request."""


def serve(world: World, *, host: str = "127.0.0.1", port: int = 0) -> SandboxServer:
    """Serve a world on a real socket, in a thread; port 0 takes a free one."""
    return SandboxServer(world, host, port)


def _read_request(stream: BufferedReader, connection: socket.socket) -> Request | None:
    line = stream.readline(_HEAD_LIMIT)
    if not line:
        return None
    try:
        method, target, _ = line.decode("latin-1").split(" ", 2)
    except ValueError as broken:
        raise _Unreadable(line[:100]) from broken
    headers = _read_headers(stream)
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join(_read_chunks(stream))
    else:
        length = int(headers.get("content-length", "0"))
        body = stream.read(length) if length else b""
    path, _, query = target.partition("?")
    return Request(
        method=method,
        path=urllib.parse.unquote(path),
        query=urllib.parse.parse_qs(query, keep_blank_values=True),
        headers=headers,
        body=body,
        origin="http://" + headers.get("host", "localhost"),
    )


def _read_headers(stream: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while (line := stream.readline(_HEAD_LIMIT)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers


def _read_chunks(stream: BufferedReader) -> Iterator[bytes]:
    while size := int(stream.readline(_HEAD_LIMIT).split(b";")[0] or b"0", 16):
        yield stream.read(size)
        stream.readline(_HEAD_LIMIT)
    while stream.readline(_HEAD_LIMIT) not in (b"\r\n", b"\n", b""):
        pass


def _head(response: Response, length: int | None, *, keep: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    if response.content_type:
        lines.append(f"content-type: {response.content_type}")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"set-cookie: {cookie}" for cookie in response.cookies]
    if length is None:
        lines.append("transfer-encoding: chunked")
    elif response.status != HTTPStatus.NO_CONTENT:
        lines.append(f"content-length: {length}")
    if not keep:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(body: Iterator[bytes]) -> Iterator[bytes]:
    """Frame the pieces for chunked transfer, gathered into pieces worth a system call."""
    waiting: list[bytes] = []
    size = 0
    for piece in body:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"%x\r\n%b\r\n" % (size, b"".join(waiting))
            waiting, size = [], 0
    if size:
        yield b"%x\r\n%b\r\n" % (size, b"".join(waiting))
    yield b"0\r\n\r\n"
