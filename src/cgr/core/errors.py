"""Errors named by what has to happen next; every face (page, API, command line) shows the same three parts.

A message says what happened and to which object; the next step says what the reader can do about it. The classes decide
the exit status of `contract.md` and whether a run waits, stops or goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import timedelta


_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def _printable(text: str) -> str:
    """Write out what no terminal, page or JSON document should get: messages quote files, servers and arguments."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class CgrError(Exception):
    """What went wrong, in words for the person who will read them."""

    exit_status: ClassVar[int] = 5

    def __init__(self, message: str, *, code: str, next_step: str) -> None:
        """Take the sentence to show, a stable machine-readable code, and what to do about it."""
        self.message = _printable(message)
        super().__init__(self.message)
        self.code = code
        self.next_step = _printable(next_step)

    def as_json(self) -> dict[str, object]:
        """Give the shape of `contract.md`: `{"error": {"code", "message", "next_step"}}`."""
        return {"error": {"code": self.code, "message": self.message, "next_step": self.next_step}}


class BadInput(CgrError):
    """What was typed, uploaded or asked for can't be used; nothing was written."""

    exit_status = 2


class NotAllowed(BadInput):
    """The actor may not do this, or may not know that the object exists."""


class OtherSide(CgrError):
    """The other system is unreachable or refused us."""

    exit_status = 3


class TryLater(OtherSide):
    """The other system is busy or away: wait and repeat what is safe to repeat."""

    def __init__(
        self, message: str, *, code: str, next_step: str, retry_after: timedelta | None = None, sent: bool = False
    ) -> None:
        """Add how long the server asks us to wait, and whether the request may have reached it (outcome unknown)."""
        super().__init__(message, code=code, next_step=next_step)
        self.retry_after = retry_after
        self.sent = sent


class NeedsPerson(OtherSide):
    """Only a person can mend it: credentials, authorities, a wrong address."""


class ProtocolBroken(OtherSide):
    """The answer isn't DHIS2's: HTML, truncated JSON, an unknown shape, too many bytes."""


class NeedsConsent(CgrError):
    """A guard stopped the work before anything was sent; a person has to look and consent."""

    exit_status = 4
