"""The one place where HTTP happens: headers, size and time bounds, redirects, few retries, a sentence per failure.

Facts behind the rules: without X-Requested-With a failed sign-in is a redirect to a login page (verified fact S1); an
Origin header gets an empty reply (S2); DHIS2 keeps ten sessions per user, so one cookie jar serves a whole run
(api.md §1.1).
"""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import urllib.parse
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING, Self

import httpx2
import stamina
from msgspec import Struct

from cgr.core.errors import CgrError, TryLater
from cgr.dhis2 import errors as e
from cgr.dhis2.auth import Credentials, Nobody
from cgr.dhis2.errors import fault
from cgr.dhis2.network import CheckedTransport, deadline
from cgr.dhis2.redirects import Base, follow
from cgr.dhis2.replies import Reply, concealing, error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MEGABYTE = 1 << 20
_ATTEMPTS = 3
_LONGEST_WAIT_S = 60.0  # longer waits belong to whoever runs the job, which can be cancelled meanwhile
_HOPS = 3
_LOGGED_OUT = re.compile(r"log(in|out)", re.IGNORECASE)
_ENDED = b"This session has been expired"  # what Spring Security says by itself where no page is set
_REPEATABLE = frozenset({e.BUSY, e.SERVER_AWAY, e.CONNECTION_REFUSED, e.CONNECTION_CUT, e.NAME_SERVICE_AWAY})


class Timeouts(Struct, frozen=True):
    """Seconds. `read` is the silence allowed, `total` the whole request; `slow_…` for lists, imports and maintenance.

    DHIS2 is silent until an import is done and goes on working after a client gave up (api.md §5.5), hence the long
    ones.
    """

    connect: float = 10.0
    read: float = 30.0
    write: float = 60.0
    pool: float = 10.0
    total: float = 90.0
    slow_read: float = 900.0
    slow_total: float = 3600.0


class _Asked(Struct, frozen=True):
    """One request, apart from where the server is."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    doing: str
    slow: bool
    credentials: Credentials
    headers: dict[str, str] = {}
    body: bytes | None = None


class Connection:
    """Requests to one DHIS2 under one session. Safe to use from two threads, as reading ahead does."""

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        allow_private_networks: bool,
        timeouts: Timeouts,
        max_reply_bytes: int,
        transport: httpx2.BaseTransport | None,
        on_wait: Callable[[float], None] | None,
    ) -> None:
        """Check the address; nothing is sent yet. BadInput when it can't be one."""
        self._base = Base.parse(url)
        self._encrypted = self._base.scheme == "https"
        self._credentials = credentials
        self._timeouts = timeouts
        self._max_reply_bytes = max_reply_bytes
        self._on_wait = on_wait
        self.before_post: Callable[[], None] | None = None
        self._lock = threading.Lock()
        self.requests = 0
        self.seconds_waited = 0.0
        self.seconds_in_requests = 0.0
        self._http = httpx2.Client(
            transport=transport or CheckedTransport(allow_private=allow_private_networks),
            headers={"Accept": "application/json", "X-Requested-With": "XMLHttpRequest", "Accept-Encoding": "gzip"},
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def base(self) -> Base:
        """Where the server is, after the redirects that were followed."""
        return self._base

    @property
    def host(self) -> str:
        """The server's name, for messages."""
        return self._base.host

    @property
    def encrypted(self) -> bool:
        """Whether what we send can't be read on the way: not even the request that is redirected to https."""
        return self._encrypted

    def conceal(self, text: str) -> str:
        """Give a text, one that is to be kept, without our secrets."""
        return concealing(self._credentials, text)

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def __enter__(self) -> Self:
        """Give the connection."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def get(self, path: str, params: Sequence[tuple[str, str]] = (), *, doing: str, slow: bool = False) -> Reply:
        """Read, repeating what failed in passing; any status but 200 is an error. `path` follows `/api/`."""
        asked = _Asked("GET", f"api/{path}", tuple(params), doing, slow=slow, credentials=self._credentials)
        failures = 0

        def wait(error: Exception) -> bool | float:
            nonlocal failures
            failures += 1
            seconds = _wait_before_repeating(error, failures)
            if seconds is None:
                return False
            self._note_wait(seconds)
            return seconds

        for attempt in stamina.retry_context(on=wait, attempts=_ATTEMPTS, timeout=None):
            with attempt:
                reply = self._send(asked)
                if reply.status != httpx2.codes.OK:
                    raise error_of(reply, doing=doing)
                return reply
        raise AssertionError  # the loop returns or raises

    def post(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        doing: str,
        body: bytes | None = None,
        packed: bool = False,
    ) -> Reply:
        """Write once, never twice by itself; every status is returned, since some refusals mean "stored" (O3).

        `packed`: send the body gzipped; only /api/metadata unpacks one (api.md §5.1), Tomcat itself doesn't.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if body is not None and packed:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=1, mtime=0)
        asked = _Asked(
            "POST",
            f"api/{path}",
            tuple(params),
            doing,
            slow=True,
            credentials=self._credentials,
            headers=headers,
            body=body,
        )
        return self._send(asked)

    def get_public(self, path: str, *, doing: str) -> Reply:
        """Read what the server tells everybody, beside the Web API and without our credentials; any status returns."""
        return self._send(_Asked("GET", path, (), doing, slow=False, credentials=Nobody()))

    def post_form(self, path: str, fields: Sequence[tuple[str, str]], *, doing: str, credentials: Credentials) -> Reply:
        """Send a form beside the Web API with credentials of its own, once; every status is returned."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(fields).encode()
        asked = _Asked("POST", path, (), doing, slow=False, credentials=credentials, headers=headers, body=body)
        return self._send(asked)

    def _note_wait(self, seconds: float) -> None:
        with self._lock:
            self.seconds_waited += seconds
        if self._on_wait is not None:
            self._on_wait(seconds)

    def _send(self, asked: _Asked) -> Reply:
        for _ in range(_HOPS):
            reply = self._renewing(asked)
            if not httpx2.codes.is_redirect(reply.status):
                return reply
            location = reply.headers.get("location", "")
            self._base = follow(location, base=self._base, path=asked.path, doing=asked.doing)
        message = f"{self.host} redirects in a circle when asked to {asked.doing}."
        raise fault(e.REDIRECT_ELSEWHERE, message)

    def _renewing(self, asked: _Asked) -> Reply:
        """Ask, and once more where a 401 may be mended: what was refused for its credentials wasn't carried out."""
        authorization = asked.credentials.authorization()
        reply = self._in_session(asked, authorization)
        if reply.status != httpx2.codes.UNAUTHORIZED or not asked.credentials.renew(authorization):
            return reply
        return self._in_session(asked, asked.credentials.authorization())

    def _in_session(self, asked: _Asked, authorization: str) -> Reply:
        """Ask, and once more in a session of its own where ours was ended for younger ones of the same account.

        DHIS2 answers for such a session before it looks at the request, so nothing was carried out.
        """
        begun = len(self._http.cookies) > 0
        reply = self._exchange(asked, authorization)
        if not begun or not _is_of_ended_session(reply):
            return reply
        self._http.cookies.clear()
        return self._exchange(asked, authorization)

    def _exchange(self, asked: _Asked, authorization: str) -> Reply:
        t = self._timeouts
        read = t.slow_read if asked.slow else t.read
        request = self._http.build_request(
            asked.method,
            self._base.url(asked.path),
            params=list(asked.params),
            headers={**({"Authorization": authorization} if authorization else {}), **asked.headers},
            content=asked.body,
            timeout=httpx2.Timeout(read, connect=t.connect, write=t.write, pool=t.pool),
        )
        if asked.method == "POST" and self.before_post is not None:
            self.before_post()
        with self._lock:
            self.requests += 1
        began = monotonic()
        try:
            with deadline(t.slow_total if asked.slow else t.total):
                response = self._http.send(request, stream=True)
                try:
                    content = self._read(response, asked.doing)
                finally:
                    response.close()
        except httpx2.HTTPError as error:
            raise _network_fault(error, host=self.host, doing=asked.doing) from error
        finally:
            with self._lock:
                self.seconds_in_requests += monotonic() - began
        return Reply(response.status_code, response.headers, content, self.host, asked.credentials)

    def _read(self, response: httpx2.Response, doing: str) -> bytes:
        """Take the body in, unpacked, up to the bound: neither a huge page nor a packed bomb may fill the memory."""
        bound = self._max_reply_bytes
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > bound:
            raise self._too_large(doing)
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > bound:
                raise self._too_large(doing)
            parts.append(part)
        return b"".join(parts)

    def _too_large(self, doing: str) -> CgrError:
        megabytes = max(1, self._max_reply_bytes // MEGABYTE)
        return fault(
            e.REPLY_TOO_LARGE, f"{self.host} sent more than {megabytes} MB when asked to {doing}; reading stopped."
        )


def _is_of_ended_session(reply: Reply) -> bool:
    if httpx2.codes.is_redirect(reply.status):
        return _LOGGED_OUT.search(reply.headers.get("location", "")) is not None
    return reply.body.startswith(_ENDED)


def _wait_before_repeating(error: Exception, failures: int) -> float | None:
    """Give the seconds to wait, or None when it isn't repeated: only what failed quickly and in passing is."""
    if not isinstance(error, TryLater) or error.code not in _REPEATABLE or failures >= _ATTEMPTS:
        return None
    seconds = 0.5 * 4 ** (failures - 1)
    if error.retry_after is not None:
        seconds = max(seconds, error.retry_after / timedelta(seconds=1))
    return seconds if seconds <= _LONGEST_WAIT_S else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__


def _network_fault(error: httpx2.HTTPError, *, host: str, doing: str) -> CgrError:
    """Name what happened on the way; `sent` says whether the request may have reached DHIS2."""
    match error:
        case httpx2.ConnectTimeout() | httpx2.PoolTimeout():
            return fault(e.CONNECT_TIME_OUT, f"{host} could not be reached in time.")
        case httpx2.TimeoutException():
            return fault(e.TIME_OUT, f"{host} did not answer in time when asked to {doing}.", sent=True)
        case httpx2.ConnectError():
            return _why_not_connected(error, host)
        case httpx2.DecodingError():
            return fault(e.NOT_JSON, f"{host} sent a reply that can't be unpacked when asked to {doing}.")
        case _:
            return fault(e.CONNECTION_CUT, f"{host} ended the connection when asked to {doing}.", sent=True)


def _why_not_connected(error: httpx2.ConnectError, host: str) -> CgrError:
    for cause in _causes(error):
        match cause:
            case ssl.SSLError():
                why = getattr(cause, "verify_message", "") or cause.reason or "handshake failed"
                return fault(e.TLS_FAILED, f"No secure connection to {host} could be made: {why}.")
            case socket.gaierror(errno=socket.EAI_AGAIN):
                return fault(e.NAME_SERVICE_AWAY, f"The name {host} could not be resolved now.")
            case socket.gaierror() | UnicodeError():
                return fault(e.NAME_NOT_RESOLVED, f"The name {host} could not be resolved.")
            case ConnectionRefusedError():
                return fault(e.CONNECTION_REFUSED, f"{host} refuses the connection.")
    return fault(e.NO_CONNECTION, f"{host} could not be reached: {error}.")
