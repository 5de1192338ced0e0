"""Who we are to a DHIS2. Secrets live here and in one request header, and show in no representation (R1.1, R1.3)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Protocol

from cgr.dhis2.errors import BAD_CREDENTIALS, fault


class Credentials(Protocol):
    """What the client needs to know of any way to sign in."""

    def authorization(self) -> str:
        """Give the value of the Authorization header."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        ...


@dataclass(frozen=True)
class Basic:
    """User name and password; not for accounts with two-factor sign-in."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what Basic can't carry; BadInput."""
        if not self.username or ":" in self.username:
            message = "A DHIS2 user name can't be empty or hold a colon."
            raise fault(BAD_CREDENTIALS, message)

    def authorization(self) -> str:
        """Give the value of the Authorization header."""
        return f"Basic {self._encoded()}"

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        return (self._encoded(), self.password)

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Token:
    """A personal access token (2.38+; 2.37 where switched on). It carries all authorities of its owner."""

    token: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no header can carry, without repeating it; BadInput."""
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            message = "A personal access token is one word of letters, digits and underscores."
            raise fault(BAD_CREDENTIALS, message)

    def authorization(self) -> str:
        """Give the value of the Authorization header."""
        return f"ApiToken {self.token}"

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        return (self.token,)
