"""How e-mail leaves this instance: `CGR_EMAIL_URL`, read into the settings that Django wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from cgr.core.errors import BadInput

_ENCRYPTED: Final = {"starttls": 587, "tls": 465, "none": 25}
_SECONDS: Final = 15


@dataclass(frozen=True)
class Email:
    """A mail server and the address we write from."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    tls: str
    sender: str

    def settings(self) -> dict[str, object]:
        """Give Django's settings."""
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": self.host,
            "EMAIL_PORT": self.port,
            "EMAIL_HOST_USER": self.username,
            "EMAIL_HOST_PASSWORD": self.password,
            "EMAIL_USE_TLS": self.tls == "starttls",
            "EMAIL_USE_SSL": self.tls == "tls",
            "EMAIL_TIMEOUT": _SECONDS,
            "DEFAULT_FROM_EMAIL": self.sender,
        }


def read_email(url: str) -> Email | None:
    """Read `smtp://user:password@host:port?tls=starttls&from=address`; None when there is none."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _unreadable() from error
    options = dict(parse_qsl(parts.query))
    tls = options.pop("tls", "starttls")
    sender = options.pop("from", "")
    if parts.scheme != "smtp" or not parts.hostname or options or tls not in _ENCRYPTED or "@" not in sender:
        raise _unreadable()
    return Email(
        host=parts.hostname,
        port=port or _ENCRYPTED[tls],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=tls,
        sender=sender,
    )


def _unreadable() -> BadInput:
    # The value isn't repeated: it holds a password.
    return BadInput(
        "CGR_EMAIL_URL can't be read as the address of a mail server.",
        code="email-url",
        next_step="Write it as smtp://USER:PASSWORD@HOST:587?tls=starttls&from=registry@example.org, with tls one of"
        " starttls, tls and none, and special characters percent-encoded.",
    )
