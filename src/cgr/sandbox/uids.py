"""Identifiers as DHIS2 makes them: a letter, then ten letters or digits."""

from __future__ import annotations

import re
import secrets
import string

_LETTERS = string.ascii_letters
_ALL = string.ascii_letters + string.digits
_SHAPE = re.compile(r"[a-zA-Z][a-zA-Z0-9]{10}")


def new_uid() -> str:
    """Make an identifier."""
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALL) for _ in range(10))


def is_uid(text: str) -> bool:
    """Whether the text has the shape of an identifier."""
    return _SHAPE.fullmatch(text) is not None
