"""One behaving DHIS2: its state, who is signed in, and the way a request takes through it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import logging
import secrets
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from cgr.sandbox import faults, messages, representations, versions
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.latency import Latency
from cgr.sandbox.people import User, founders
from cgr.sandbox.routes import all_routes
from cgr.sandbox.units import UnitStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["LoggedRequest", "User", "World"]

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_LOG_LENGTH = 1000
_MOST_SESSIONS = 10  # of one account (api.md §1.1)
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True, frozen=True)
class LoggedRequest:
    """What one request was and how it ended; `status` None: no reply."""

    method: str
    path: str
    query: dict[str, list[str]]
    status: int | None
    body: bytes


class World:
    """A DHIS2 of one version. Everything a test may look at or change is an attribute; `dispatch` is its door."""

    def __init__(self, version: str = "2.42") -> None:
        """Start an empty server of this version ("2.42", or a full release), with the user admin / district."""
        self.release = versions.release(version)
        self.version = versions.parse(self.release)
        self.revision = versions.REVISIONS.get(self.release, "0000000")
        self.system_id = str(uuid.uuid4())
        self.built = datetime(2026, 1, 5, 8, 0, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.000")
        self.lock = RLock()
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.units_store = UnitStore()
        self.objects: dict[str, dict[str, dict[str, Any]]] = founders(self.now())
        self.objects_version = 0
        self.selections: dict[object, tuple[object, list[str]]] = {}
        self.totals: dict[object, tuple[datetime, int]] = {}
        self.deleted: list[dict[str, Any]] = []
        self.option_orders: dict[str, int] = {}
        self.sessions: dict[str, str] = {}
        self.ended_sessions: set[str] = set()
        self.settings: dict[str, Any] = {"keyUiLocale": "en", "keyDbLocale": "en", "applicationTitle": "DHIS 2"}
        self.faults = faults.Faults()
        self.latency = Latency()
        self._import_turn = Lock()
        self.requests: Counter[tuple[str, str]] = Counter()
        self.log: deque[LoggedRequest] = deque(maxlen=_LOG_LENGTH)
        self.defects: list[BaseException] = []
        self.after_write: Callable[[], None] | None = None
        self.saved_states: dict[str, Any] = {}
        self._states: dict[type, Any] = {}
        self._routes = all_routes()

    # What tests, the command line and the benchmark ask of it

    def load(self, source: Path | str | dict[str, Any]) -> None:
        """Put metadata straight into the store, from a file or a dict of the form in `state`."""
        from cgr.sandbox.state import load  # noqa: PLC0415 - state needs World for its types

        with self.lock:
            load(self, source)

    def dump(self, path: Path | str) -> None:
        """Write the whole state to a file, atomically."""
        from cgr.sandbox.state import dump  # noqa: PLC0415 - state needs World for its types

        with self.lock:
            dump(self, path)

    def unit(self, uid: str) -> dict[str, Any] | None:
        """Give a unit's owner JSON as stored, `path` and `level` the stored ones; None if it isn't there."""
        with self.lock:
            return self.units_store.owner_json(uid) if uid in self.units_store.units else None

    def units(self) -> dict[str, dict[str, Any]]:
        """Give all units by id, each as `unit` does."""
        with self.lock:
            return {uid: self.units_store.owner_json(uid) for uid in self.units_store.units}

    def group_members(self, uid: str) -> set[str]:
        """Give the ids of the units in a group."""
        with self.lock:
            group = self.objects.get("organisationUnitGroups", {}).get(uid, {})
            return {member["id"] for member in group.get("organisationUnits", ())}

    # What the routes use

    def now(self) -> str:
        """Give the server's time as DHIS2 writes it: no zone, milliseconds."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    def state(self, kind: type[T]) -> T:
        """Give this world's one instance of a route's own state; a msgspec Struct is kept in the state file too."""
        if kind not in self._states:
            saved = self.saved_states.pop(f"{kind.__module__}:{kind.__qualname__}", None)
            self._states[kind] = kind() if saved is None else msgspec.convert(saved, kind)
        found: T = self._states[kind]
        return found

    def states(self) -> dict[type, Any]:
        """Give all states that were asked for so far."""
        return self._states

    def user_named(self, username: str) -> User | None:
        """Find a user by sign-in name."""
        for data in self.objects["users"].values():
            if data.get("username") == username:
                return User(self, data)
        return None

    def user_of(self, uid: str) -> User | None:
        """Find a user by id."""
        data = self.objects["users"].get(uid)
        return User(self, data) if data is not None else None

    def open_session(self, user: User) -> str:
        """Sign a user in; gives the Set-Cookie header. Of more than ten sessions the longest unused one ends."""
        token = secrets.token_hex(16).upper()
        self.sessions[token] = user.uid
        own = [known for known, uid in self.sessions.items() if uid == user.uid]
        for oldest in own[:-_MOST_SESSIONS]:
            del self.sessions[oldest]
            self.ended_sessions.add(oldest)
        return self.session_cookie(token)

    def session_cookie(self, token: str) -> str:
        """Give the Set-Cookie header of a session."""
        if self.version >= (2, 41):
            return f"JSESSIONID={token}; Path=/; HttpOnly; SameSite=Lax"
        return f"JSESSIONID={token}; Path=/" + ("; HttpOnly" if self.version < (2, 37) else "")

    def session_user(self, request: Request) -> User | None:
        """Give who the request's session cookie belongs to."""
        token = _session_of(request)
        if token not in self.sessions:
            return None
        self.sessions[token] = uid = self.sessions.pop(token)  # the last one is the one used last
        return self.user_of(uid)

    # The way of a request

    def dispatch(self, request: Request) -> Response:
        """Handle one request: faults, credentials, route, handler; never raises."""
        striking = self.faults.striking(request)
        response = next((early for fault in striking if (early := faults.before(self, request, fault))), None)
        if response is None:
            response = self._served(request)
        for fault in striking:
            response = faults.after(self, request, response, fault)
        self._take_time(request)
        status = None if response.close or response.hang else response.status
        with self.lock:
            self.requests[request.method, request.path] += 1
            self.log.append(LoggedRequest(request.method, request.path, request.query, status, request.body))
        return response

    def _take_time(self, request: Request) -> None:
        """Take as long as the model says; imports take turns: two at a time are no faster (section 7)."""
        if seconds := request.delay or self.latency.request:
            with self._import_turn if request.importing else contextlib.nullcontext():
                time.sleep(seconds)

    def _served(self, request: Request) -> Response:
        if request.body.startswith(_GZIP_MAGIC):
            request.body = gzip.decompress(request.body)
        with self.lock:
            try:
                response = representations.foreign_origin(self, request) or self._routed(request)
                response = representations.represented(self, request, response)
            except messages.Refused as refusal:
                response = refusal.response
            except Exception as defect:  # noqa: BLE001 - a defect of the sandbox answers 500 and fails tests by `defects`
                _LOG.exception("the sandbox failed at %s %s", request.method, request.path)
                self.defects.append(defect)
                response = messages.web_message(500, f"Defect of the sandbox: {defect!r}")
            if request.written and self.after_write is not None:
                self.after_write()
        return response

    def _routed(self, request: Request) -> Response:
        if (token := _session_of(request)) in self.ended_sessions:
            # Told once, before anything else is looked at (dhis2-core: sessionManagement, expiredUrl); then it is gone.
            self.ended_sessions.discard(token)
            return Response(302, b"", "", {"location": f"{request.origin}/dhis-web-commons-security/logout.action"})
        path = self._canonical_path(request)
        route, args, known = self._routes.find(request.method, path) if path else (None, {}, False)
        cookies: tuple[str, ...] = ()
        if route is None or not route.anonymous or "authorization" in request.headers:
            signed_in = self._sign_in(request)
            if isinstance(signed_in, Response):
                if route is None or not route.anonymous:
                    return signed_in
            else:
                request.user, cookies = signed_in
        if route is not None:
            request.args = args
            try:
                response = route.handler(self, request)
            except messages.Refused as refusal:
                response = refusal.response
        elif known:
            quiet = "is not" if self.version >= (2, 42) else "not"
            response = messages.problem(self, 405, f"Request method '{request.method}' {quiet} supported")
        else:
            response = self.unknown_path(request)
        response.cookies += cookies
        return response

    def _canonical_path(self, request: Request) -> str:
        path = request.path.rstrip("/") or "/"
        head, _, rest = path.removeprefix("/api/").partition("/")
        if path.startswith("/api/") and head.isdigit():
            request.api_version = int(head)
            path = f"/api/{rest}" if request.api_version in versions.api_numbers(self.version) else ""
        return path.removesuffix(".json") if path.startswith("/api/") and "/apps/" not in path else path

    def unknown_path(self, request: Request) -> Response:
        """Give the 404 of a path nobody serves."""
        if (2, 37) <= self.version < (2, 41):
            # These were recorded without the web front end, on another servlet container.
            jetty = "org.eclipse.jetty.servlet.ServletHandler$Default404Servlet-7e985ce9"
            servlet = "dispatcher" if request.path.startswith("/api") else jetty
            told = {"servlet": servlet, "message": "Not Found", "url": request.path, "status": "404"}
            return json_response(told, 404)
        page = f"No static resource {request.path.strip('/')}." if self.version >= (2, 42) else ""
        return messages.container_page(404, page)

    def _sign_in(self, request: Request) -> tuple[User, tuple[str, ...]] | Response:
        """Give the user and the cookies to set, or the refusal."""
        header = request.headers.get("authorization")
        if header is None:
            user = self.session_user(request)
            return (user, ()) if user is not None else messages.sign_in_wanted(self, request)
        scheme, _, credential = header.partition(" ")
        if scheme.lower() != "basic":
            authenticator = self._routes.schemes.get(scheme.lower())
            if authenticator is None:
                return messages.sign_in_wanted(self, request)
            found = authenticator(self, request, credential.strip())
            return found if isinstance(found, Response) else (found, ())
        user = self._basic_user(credential)
        if user is None:
            return messages.unauthorized(self)
        known = self.session_user(request)
        return user, () if known is not None and known.uid == user.uid else (self.open_session(user),)

    def _basic_user(self, credential: str) -> User | None:
        try:
            username, colon, password = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        user = self.user_named(username)
        if not colon or user is None or user.disabled or not secrets.compare_digest(user.password, password):
            return None
        return user


def _session_of(request: Request) -> str:
    """Give the session that the request's cookie names; empty: none."""
    for cookie in request.headers.get("cookie", "").split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == "JSESSIONID":
            return value
    return ""
