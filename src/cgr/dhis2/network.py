"""The way to the server: which addresses may be reached at all, and how long everything may take.

A registered URL is typed by a user, so it must not become a way into the machine's own network (R1.3). The name is
resolved once and the connection goes to exactly the addresses that were checked; a second look-up could answer
differently. Environment proxies are not used, because a proxy would resolve the name again on its own.

A time-out per read lets a server that drips single bytes hold a request for ever, hence the total one, which holds
for the thread that makes the request.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

import httpcore2
import httpx2

from cgr.dhis2.errors import ADDRESS_NOT_ALLOWED, fault

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_KEEP_ALIVE_S = 15.0  # below Tomcat's 20 s, so that we seldom write into a connection that the server is about to close
_ALWAYS_REFUSED = tuple(
    ipaddress.ip_network(block)
    for block in (
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "fe80::/10",
        "fd00:ec2::/32",  # metadata over IPv6 (AWS)
        "fd20:ce::254/128",  # metadata over IPv6 (Google)
        "100.100.100.200/32",  # metadata (Alibaba)
        "192.0.0.192/32",  # metadata (Oracle)
        "168.63.129.16/32",  # platform service (Azure)
        "224.0.0.0/4",
        "ff00::/8",
        "255.255.255.255/32",
    )
)
_IN_LAST_BITS = tuple(
    ipaddress.ip_network(block)
    for block in (
        "::/96",  # IPv4-compatible (RFC 4291, 2.5.5.1)
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a network's own (RFC 8215)
    )
)
_ISATAP = 0x5EFE  # RFC 5214: the middle of the interface identifier, before the IPv4 address
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")  # given up by RFC 3879, and not private to Python
_deadline: ContextVar[float | None] = ContextVar("dhis2_deadline", default=None)


def _meant(address: Address) -> Iterator[Address]:
    """Give an address, and every IPv4 address that it may be a way to: mapped, translated, tunnelled."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    number = int(address)
    last = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if any(address in block for block in _IN_LAST_BITS) and number > 1:  # :: and ::1 are what they are
        yield last
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if number >> 32 & 0xFFFF == _ISATAP:
        yield last


def check_address(text: str, *, host: str, allow_private: bool) -> None:
    """Refuse an address that a registered URL may not lead to; NeedsPerson. `host` is the name as typed."""
    address = ipaddress.ip_address(text.partition("%")[0])
    meant = tuple(_meant(address))
    if any(one in block for one in meant for block in _ALWAYS_REFUSED):
        message = f"{host} leads to a link-local, metadata or multicast address; such addresses are never contacted."
        raise fault(ADDRESS_NOT_ALLOWED, message)
    if not allow_private and not all(map(_is_public, meant[1:] if _is_only_a_form(address) else meant)):
        message = f"{host} leads into a private network, which this installation doesn't allow."
        raise fault(ADDRESS_NOT_ALLOWED, message)


def _is_public(address: Address) -> bool:
    return address.is_global and address not in _SITE_LOCAL


def _is_only_a_form(address: Address) -> bool:
    """Say whether an address is an IPv4 one in other clothes; whether it is public is that one's affair alone.

    6to4 is one of them by itself: Python counts it as public up to 3.12 and as private from 3.13 on.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return False
    return address.sixtofour is not None or any(address in block for block in _IN_LAST_BITS[1:4])


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound everything that this thread reads and writes inside the block."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    end = _deadline.get()
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        message = "the total time for this request is used up"
        raise error(message)
    return left if timeout is None else min(left, timeout)


class _BoundedStream(httpcore2.NetworkStream):
    """A network stream under the deadline of the thread that uses it."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _BoundedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


class _CheckedBackend(httpcore2.NetworkBackend):
    """Resolves a name, checks every address it has, and connects to those."""

    def __init__(self, *, allow_private: bool, resolve: Callable[[str, int], list[str]]) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label over 63 characters
            raise httpcore2.ConnectError(str(error)) from error
        for address in addresses:
            check_address(address, host=host, allow_private=self._allow_private)
        failure: Exception | None = None
        for address in addresses:
            try:
                left = _left(timeout, httpcore2.ConnectTimeout)
                return _BoundedStream(self._sockets.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError(f"{host} has no address")


def addresses_of(host: str, port: int) -> list[str]:
    """Give the addresses of a name in the system's order of preference; OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedTransport(httpx2.HTTPTransport):
    """httpx2's own transport over the checked way."""

    def __init__(self, *, allow_private: bool, resolve: Callable[[str, int], list[str]] = addresses_of) -> None:
        """Take whether private and loopback addresses may be reached, and how names become addresses."""
        context = httpx2.create_ssl_context()
        super().__init__(verify=context)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=4,
            max_keepalive_connections=4,
            keepalive_expiry=_KEEP_ALIVE_S,
            network_backend=_CheckedBackend(allow_private=allow_private, resolve=resolve),
        )
