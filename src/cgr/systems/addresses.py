"""What may stand in the URL field of a system, told in words before anything is contacted (R1.2)."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from cgr.core.errors import BadInput
from cgr.dhis2.redirects import Base

_EXAMPLE = "https://dhis2.example.org"
_LENGTH = 500
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]+", re.IGNORECASE)
_NOT_A_BASE = re.compile(r"/(api|dhis-web-[^/]*|login|apps)(/.*)?$", re.IGNORECASE)


def base_url(text: str) -> str:
    """Give the canonical base address of a DHIS2 (no slash at the end), or raise BadInput saying what is wrong."""
    text = text.strip()
    parts, host, port = _checked(text)
    if parts.query or parts.fragment:
        raise _bad(f'"{text}" has a part after "?" or "#".')
    path = parts.path.rstrip("/")
    if page := _NOT_A_BASE.search(path):
        raise _bad(
            f'"{text}" is the address of a page or of the Web API, not of the DHIS2 itself.',
            f'Leave "{page[0]}" away.',
        )
    name = f"[{host}]" if ":" in host else host
    address = urlunsplit((parts.scheme.lower(), f"{name}:{port}" if port else name, path, "", ""))
    try:
        Base.parse(address)
    except BadInput as error:
        raise _bad(f'"{text}" can\'t be opened.') from error
    return address


def page_of_unit(base: str, uid: str) -> str:
    """Give where people see and edit an organisation unit: its page in DHIS2's Maintenance app.

    The app is bundled with every version that we know, 2.43 among them, and this is the launch address that each gives
    it. The frame around all apps of 2.42 and later shows it at an address of its own; that was not tried on a real one.
    """
    return f"{base.rstrip('/')}/dhis-web-maintenance/index.html#/edit/organisationUnitSection/organisationUnit/{uid}"


def webhook_url(text: str) -> str:
    """Give the address of a receiver of notices as typed, or raise BadInput saying what is wrong."""
    text = text.strip()
    parts, _, _ = _checked(text)
    if parts.fragment:
        raise _bad('The address of the webhook has a part after "#".', "Leave that away.")
    return text


def _checked(text: str) -> tuple[SplitResult, str, int | None]:
    """Take an address apart into itself, host and port; BadInput when it can't be one that we may contact."""
    if "@" in text:
        # The text isn't repeated, however malformed: it may hold a password.
        raise _bad("The address holds a user name or password.", f"Write it without them, as in {_EXAMPLE}.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _bad(f'"{text}" isn\'t an address.') from error
    if parts.scheme.lower() not in ("http", "https"):
        raise _bad(f'"{text}" doesn\'t begin with https:// or http://.')
    if not host or not _HOST.fullmatch(host) or len(text) > _LENGTH:
        raise _bad(f'"{text}" doesn\'t name a host.')
    if " " in text or not text.isprintable():
        raise _bad(f'"{text}" holds blanks or signs that can\'t be seen.')
    return parts, host, port


def _bad(
    message: str, next_step: str = f"Write the address where people open this DHIS2, as in {_EXAMPLE}."
) -> BadInput:
    return BadInput(message, code="bad-url", next_step=next_step)
