"""The address of the registry itself, which people and other systems are sent to."""

from __future__ import annotations

import re

from cgr.core.errors import BadInput

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?P<port>:[0-9]{1,5})?"
    r"(?P<path>(/[a-z0-9._~-]+)*)/?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = 500
_LAST_PORT = 65535


def public_address(text: str) -> str:
    """Give the canonical form (no slash at the end) of an address that a browser can be sent to, or raise BadInput."""
    found = _ADDRESS.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None or not 0 < int((found["port"] or ":443")[1:]) <= _LAST_PORT:
        # The text isn't repeated: it may hold a password.
        raise BadInput(
            "The public address of the registry (CGR_PUBLIC_URL) can't be used.",
            code="bad-public-url",
            next_step="Write it as people type it into a browser, as in https://registry.example.org: http or https,"
            " the name of a host, perhaps a port and a path, and nothing else.",
        )
    return f"{found['scheme'].lower()}://{found['host'].lower()}{found['port'] or ''}{found['path']}"
