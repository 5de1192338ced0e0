"""From a reply that isn't what was asked for to a sentence a person can act on.

DHIS2, its servlet container and the proxies before it all answer in their own way; a status alone is never trusted to
carry JSON, and an excerpt of a body is bounded, without markup and without our secrets before it gets into a message.
"""

from __future__ import annotations

import email.utils
import html
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec
from httpx2 import codes
from msgspec import Struct

from cgr.core.errors import CgrError, ProtocolBroken, TryLater
from cgr.dhis2 import errors as e
from cgr.dhis2.auth import Credentials
from cgr.dhis2.errors import fault

T = TypeVar("T")

_EXCERPT = 240
_LOOKED_AT = 8_192
_TAGS = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TWO_FACTOR = re.compile(r"\b2fa\b|two.?factor", re.IGNORECASE)
_AWAY = frozenset({502, 503, 504, *range(520, 531)})  # 520 to 530: proxies in front that can't reach the server
_ASKED_WRONGLY = frozenset({400, 405, 406, 409, 410, 411, 414, 415, 422, 431})


class WebMessage(Struct, rename="camel"):
    """DHIS2's own way to say what went wrong."""

    http_status_code: int | None = None
    message: str | None = None
    dev_message: str | None = None
    error_code: str | None = None


class Reply(Struct, frozen=True):
    """One whole reply, within the size bound. What the credentials hold secret never leaves in an excerpt."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str
    credentials: Credentials

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return codes.is_success(self.status)

    def is_html(self) -> bool:
        """Say whether a page for people was sent, whatever the header claims."""
        return self.body[:256].removeprefix(BOM_UTF8).lstrip().startswith(b"<")

    def web_message(self) -> WebMessage | None:
        """Give DHIS2's own message, or None when the body isn't one."""
        try:
            found = msgspec.json.decode(self.body, type=WebMessage)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
            return None
        return found if found.http_status_code or found.message else None

    def excerpt(self) -> str:
        """Give what the server said, in one short line without markup and secrets."""
        said = self.web_message()
        if said is not None:
            text = " ".join(part for part in (said.error_code, said.message) if part)
        else:
            text = html.unescape(_TAGS.sub(" ", self.body[:_LOOKED_AT].decode("utf-8", "replace")))
        text = concealing(self.credentials, text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def concealing(credentials: Credentials, text: str) -> str:
    """Give the text without what the credentials hold secret."""
    for secret in credentials.secrets():
        text = text.replace(secret, "…") if secret else text
    return text


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> timedelta | None:
    """Give how long the server asks us to wait: seconds or an HTTP date; None when it doesn't say.

    A date is by the server's clock, so it is counted from the reply's own Date; `now` stands in where there is none.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return timedelta(seconds=min(int(text), 86_400))
    moment = _moment(text)
    if moment is None:
        return None
    return max(moment - (_moment(headers.get("date", "")) or now or datetime.now(UTC)), timedelta())


def _moment(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def error_of(reply: Reply, *, doing: str) -> CgrError:
    """Make the error of a reply whose status isn't 2xx. `doing`: "read the organisation units"."""
    said = reply.excerpt()
    tail = f": {said}" if said else "."
    start = f"{reply.host} answered {reply.status} when asked to {doing}"
    status = reply.status
    if status in {408, 425, 429}:
        return fault(e.BUSY, f"{start}{tail}", retry_after=retry_after(reply.headers))
    if status in _AWAY:
        return fault(e.SERVER_AWAY, f"{start}{tail}", retry_after=retry_after(reply.headers), sent=True)
    if codes.is_server_error(status):
        return fault(e.SERVER_ERROR, f"{start}{tail}", sent=True)
    return fault(_code_of(reply), f"{start}{tail}")


def _code_of(reply: Reply) -> str:
    if reply.status == codes.UNAUTHORIZED:
        return _sign_in_code(reply)
    if reply.status == codes.BAD_REQUEST and "checksum" in reply.excerpt().lower():
        return e.WRONG_CREDENTIALS  # a mistyped token (S11)
    if reply.status in _ASKED_WRONGLY:
        return e.REQUEST_REFUSED
    return {403: e.FORBIDDEN, 404: e.NOT_FOUND, 413: e.REQUEST_TOO_LARGE}.get(reply.status, e.UNEXPECTED_STATUS)


def _sign_in_code(reply: Reply) -> str:
    said = reply.excerpt()
    words = said.lower()
    if _TWO_FACTOR.search(said):
        return e.TWO_FACTOR
    if "locked" in words:
        return e.ACCOUNT_LOCKED
    if "account disabled" in words or "account expired" in words or "user is disabled" in words:
        return e.ACCOUNT_DISABLED
    return reply.credentials.refused_code


def decode(reply: Reply, decoder: msgspec.json.Decoder[T], *, doing: str) -> T:
    """Decode a 2xx reply; ProtocolBroken says which way it isn't what DHIS2 sends."""
    try:
        return decoder.decode(reply.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_readable(reply, error, doing) from error


def _not_readable(reply: Reply, error: Exception, doing: str) -> CgrError:
    asked = f"when asked to {doing}"
    if not reply.body.strip():
        return fault(e.EMPTY_REPLY, f"{reply.host} sent an empty reply {asked}.")
    if reply.is_html():
        return fault(e.NOT_JSON, f"{reply.host} sent a web page instead of data {asked}: {reply.excerpt()}")
    if isinstance(error, msgspec.ValidationError):
        return fault(e.UNKNOWN_SHAPE, f"{reply.host} sent something unknown {asked}: {error}")
    if "truncated" in str(error):
        return fault(e.TRUNCATED_JSON, f"{reply.host} sent only a part of its reply {asked}.")
    return fault(e.NOT_JSON, f"{reply.host} sent something that isn't JSON {asked}: {reply.excerpt()}")


def outcome_unknown(error: ProtocolBroken) -> TryLater:
    """Turn an unreadable reply to something that writes into what it means: it may have been done."""
    next_step = "What DHIS2 stored is read back before anything else is sent."
    return TryLater(error.message, code=error.code, next_step=next_step, sent=True)
