"""Who we are to a DHIS2. Secrets live here and in one request header, and show in no representation (R1.1, R1.3)."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Protocol

from cgr.dhis2.errors import BAD_CREDENTIALS, SIGN_IN_AGAIN, WRONG_CREDENTIALS, fault

if TYPE_CHECKING:
    from collections.abc import Callable


class Credentials(Protocol):
    """What the client needs to know of any way to sign in. `refused_code`: the error when DHIS2 refuses them."""

    @property
    def refused_code(self) -> str:
        """The code of the error."""
        ...

    def authorization(self) -> str:
        """Give the value of the Authorization header; empty: none is sent."""
        ...

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        ...

    def renew(self, refused: str) -> bool:
        """Get others after DHIS2 refused this Authorization header; say whether another try makes sense."""
        ...


class _Lasting:
    """Credentials that stay what they are: refused once, they are never tried again, for DHIS2 may lock the account."""

    refused_code: ClassVar[str] = WRONG_CREDENTIALS

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - the signature of every kind
        """Say that there are no others."""
        return False


class Nobody(_Lasting):
    """No credentials at all, for what a server tells everybody."""

    def authorization(self) -> str:
        """Send no such header."""
        return ""

    def secrets(self) -> tuple[str, ...]:
        """Give none."""
        return ()


@dataclass(frozen=True)
class Basic(_Lasting):
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
class Token(_Lasting):
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


@dataclass(frozen=True)
class Tokens:
    """What an OAuth2 server gave: the access token, what renews it, when to do that (seconds since 1970)."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at: float
    id_token: str = field(repr=False, default="")


class Bearer:
    """OAuth2 tokens, renewed before they run out and once when DHIS2 refuses them (R2.1).

    `renew` gives newer tokens for those that ran out, or raises what stands in the way. Safe to use from two threads.
    """

    refused_code: ClassVar[str] = SIGN_IN_AGAIN

    def __init__(
        self, tokens: Tokens, *, renew: Callable[[Tokens], Tokens], clock: Callable[[], float] = time.time
    ) -> None:
        """Take the tokens; nothing is asked for yet."""
        self._tokens = tokens
        self._renew = renew
        self._clock = clock
        self._lock = threading.Lock()

    def authorization(self) -> str:
        """Give the value of the Authorization header, with a token that holds for a while."""
        with self._lock:
            if self._clock() >= self._tokens.renew_at:
                self._tokens = self._renew(self._tokens)
            return f"Bearer {self._tokens.access}"

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        return (self._tokens.access, self._tokens.refresh)

    def renew(self, refused: str) -> bool:
        """Get newer tokens, unless the other thread has done so meanwhile."""
        with self._lock:
            if refused == f"Bearer {self._tokens.access}":
                self._tokens = self._renew(self._tokens)
        return True
