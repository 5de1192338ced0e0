"""Where a DHIS2 is, and which redirects may change our mind about it.

Only two are followed: from http to https on the same host, and to another context path on the same host that ends in
the very path that was asked for. Everything else would carry credentials somewhere they weren't meant for, or is a
login page, which is how DHIS2 says that the sign-in failed (verified fact S1).
"""

from __future__ import annotations

import urllib.parse

import httpx2
from msgspec import Struct

from cgr.dhis2 import errors as e
from cgr.dhis2.errors import fault

_PORTS = {"http": 80, "https": 443}


class Base(Struct, frozen=True):
    """The address of a DHIS2 in parts; `path` is its context path without a slash at the end."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Base:
        """Take an address as typed; `/api` at its end is dropped. BadInput when it can't be the address of a DHIS2."""
        if "@" in url:  # also where it is too malformed to say what is what
            raise _bad("…", "user name and password don't belong into the address")
        try:
            parts = urllib.parse.urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _bad(url, str(error)) from error
        if parts.scheme not in _PORTS or not host:
            raise _bad(url, "it has to begin with https:// (or http://) and a host")
        if parts.query or parts.fragment:
            raise _bad(url, "it can't have a part after ? or #")
        if any(character.isspace() or not character.isprintable() for character in url.strip()):
            raise _bad(url, "it can't hold blanks")
        path = parts.path.rstrip("/").removesuffix("/api").rstrip("/")
        found = cls(parts.scheme, host, port or _PORTS[parts.scheme], path)
        try:
            httpx2.URL(found.url("")).host  # noqa: B018 - reads it, which fails for a name that isn't international at all
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise _bad(url, str(error)) from error
        return found

    @property
    def origin(self) -> str:
        """Scheme, host and port, as they begin an address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def url(self, path: str) -> str:
        """Give the full address of a path below the context path, such as `api/me`."""
        return f"{self.origin}{self.path}/{path}"


def _bad(url: str, why: str) -> Exception:
    return fault(e.BAD_ADDRESS, f"{url[:200]!r} can't be the address of a DHIS2: {why}.")


def _target(asked: str, location: str) -> tuple[urllib.parse.SplitResult, int]:
    """Give where a redirect leads; nowhere when the server sent what can't be an address."""
    try:
        target = urllib.parse.urlsplit(urllib.parse.urljoin(asked, location))
        return target, target.port or _PORTS.get(target.scheme, 0)
    except ValueError:
        return urllib.parse.urlsplit(""), 0


def follow(location: str, *, base: Base, path: str, doing: str) -> Base:
    """Give the address to ask instead; NeedsPerson when the redirect is a login page or leads elsewhere."""
    target, port = _target(base.url(path), location)
    same_place = target.scheme == base.scheme and port == base.port
    now_secure = base.scheme == "http" and target.scheme == "https" and port in {base.port, _PORTS["https"]}
    asked = f"/{path}"
    if location and target.hostname == base.host:
        found = target.path.rstrip("/")
        if found.endswith(asked) and (same_place or now_secure):
            return Base(target.scheme, base.host, port, found.removesuffix(asked))
        if "login" in target.path.lower():
            message = f"{base.host} sends us to its login page when asked to {doing}: the sign-in failed."
            raise fault(e.REDIRECT_TO_LOGIN, message)
    where = f"{target.scheme}://{target.hostname or '?'}{target.path}"[:200]
    message = f"{base.host} sends us to {where} when asked to {doing}; that is not followed."
    raise fault(e.REDIRECT_ELSEWHERE, message)
