"""The environment variables of `contract.md`, read in one place into one typed record.

Nothing is created or contacted here, so that `settings.py` can be imported by tools that only look at the code.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from cgr.core.addresses import public_address
from cgr.core.errors import BadInput
from cgr.embedded_postgres import SUPERUSER, socket_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "cgr"
KEY_FILE = "secret-keys"
_MOST_DAYS = 36_500
_KEEP_EVIDENCE_DAYS = 90
_MAIL_PORTS = {(True, False): 465, (False, True): 587, (False, False): 25}
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


@dataclass(frozen=True)
class MailServer:
    """Where e-mails are handed in. `tls`: encrypted from the start; `starttls`: after the greeting; else never."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = False


@dataclass(frozen=True)
class Basemap:
    """Raster tiles of somebody else below our own places: an address with {z}, {x} and {y}, and whose they are."""

    tiles: str
    attribution: str

    @property
    def origin(self) -> str:
        """Give the host that browsers then ask, as a content security policy names it."""
        parts = urlsplit(self.tiles)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Environment:
    """Where this instance keeps its things and what it was told. `database_url` is empty for the embedded database.

    `public_url` is where people open the registry, empty when nobody said. `page_notice` stands at the foot of every
    page: who the data are by, or that this is a training instance. `keep_evidence_days`: how long what was sent and
    answered is kept for refused objects.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    host: str
    port: int
    allow_private_networks: bool
    public_url: str = ""
    page_notice: str = ""
    keep_evidence_days: int = _KEEP_EVIDENCE_DAYS
    mail_server: MailServer | None = None
    email_from: str = ""
    basemap: Basemap | None = None

    @property
    def embedded(self) -> bool:
        """Say whether the database is the one we start ourselves."""
        return not self.database_url

    @property
    def local_url(self) -> str:
        """Give where this machine reaches the pages, with a slash at the end."""
        host = self.host.strip("[]")
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not bound to
        return f"http://{shown}:{self.port}/"

    @property
    def key_file(self) -> Path:
        """Where generated keys are kept when `CGR_SECRET_KEYS` is not given."""
        return self.data_dir / KEY_FILE

    def database(self) -> dict[str, object]:
        """Give Django's description of the database; it need not be running yet."""
        if self.database_url:
            return database_from_url(self.database_url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": DATABASE,
            "USER": SUPERUSER,
            "HOST": str(socket_folder(self.data_dir)),
        }


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """Read the variables; raise `BadInput` naming the one that can't be used. Keys may still be missing."""
    data_dir = _data_dir(variables)
    database_url = variables.get("DATABASE_URL", "").strip()
    return Environment(
        data_dir=data_dir,
        database_url=database_url,
        secret_keys=_secret_keys(variables, data_dir / KEY_FILE),
        host=variables.get("CGR_HOST", "").strip() or "127.0.0.1",
        port=_port(variables.get("CGR_PORT", "").strip() or "8000"),
        allow_private_networks=_flag(variables, "CGR_ALLOW_PRIVATE_NETWORKS", default=not database_url),
        public_url=_public_url(variables.get("CGR_PUBLIC_URL", "").strip()),
        page_notice=variables.get("CGR_PAGE_NOTICE", "").strip(),
        keep_evidence_days=_days(variables, "CGR_KEEP_EVIDENCE_DAYS", default=_KEEP_EVIDENCE_DAYS),
        mail_server=mail_server_from_url(variables.get("CGR_EMAIL_URL", "").strip()),
        email_from=_email_from(variables),
        basemap=_basemap(variables.get("CGR_BASEMAP", "").strip()),
    )


def database_from_url(url: str) -> dict[str, object]:
    """Turn `postgresql://user:password@host:port/name?option=value` into Django's description of a database."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_database_url() from error
    name = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise _bad_database_url()
    options = dict(parse_qsl(parts.query))
    database: dict[str, object] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(options.pop("port", port or "")),
    }
    if options:
        database["OPTIONS"] = options
    return database


def mail_server_from_url(url: str) -> MailServer | None:
    """Read `smtps://USER:PASSWORD@HOST:465`, `smtp://…:587` (STARTTLS) or `smtp://HOST:25?starttls=false`."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_email_url() from error
    options = dict(parse_qsl(parts.query))
    choice = options.pop("starttls", "true").lower()
    known = parts.scheme in {"smtp", "smtps"} and choice in _YES | _NO and not options
    if not known or not parts.hostname or parts.path not in {"", "/"} or parts.fragment:
        raise _bad_email_url()
    tls, starttls = parts.scheme == "smtps", parts.scheme == "smtp" and choice in _YES
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if (username or password) and not tls and not starttls:
        raise _bad_email_url("would send the password in the clear")
    return MailServer(parts.hostname, port or _MAIL_PORTS[tls, starttls], username, password, tls, starttls)


def _bad_email_url(what: str = "can't be read as the address of a mail server") -> BadInput:
    # The value isn't repeated: it holds a password.
    return BadInput(
        f"CGR_EMAIL_URL {what}.",
        code="environment",
        next_step="Write it as smtps://USER:PASSWORD@HOST:465 or smtp://USER:PASSWORD@HOST:587 (STARTTLS), special "
        "characters percent-encoded; smtp://HOST:25?starttls=false for a relay that neither encrypts nor asks who we "
        "are.",
    )


def _basemap(text: str) -> Basemap | None:
    """Read `ADDRESS ATTRIBUTION`: the address ends at the first blank."""
    if not text:
        return None
    tiles, _, attribution = text.partition(" ")
    try:
        parts = urlsplit(tiles)
        _ = parts.port
    except ValueError as error:
        raise _bad_basemap(text) from error
    complete = all(part in parts.path + parts.query for part in ("{z}", "{x}", "{y}"))
    # The origin goes into a header: nothing but a host and a port may be in it.
    is_host = re.fullmatch(r"[a-z0-9.-]+(:[0-9]+)?", parts.netloc) is not None
    if parts.scheme != "https" or not is_host or not complete or not attribution.strip():
        raise _bad_basemap(text)
    return Basemap(tiles, attribution.strip())


def _bad_basemap(text: str) -> BadInput:
    return BadInput(
        f"CGR_BASEMAP is {text!r}.",
        code="environment",
        next_step="Give the https address of raster tiles with {z}, {x} and {y}, a blank, and whose they are, as in: "
        "https://tiles.example.org/{z}/{x}/{y}.png © Example Mapping Agency",
    )


def _email_from(variables: Mapping[str, str]) -> str:
    address = variables.get("CGR_EMAIL_FROM", "").strip()
    if not address and variables.get("CGR_EMAIL_URL", "").strip():
        raise BadInput(
            "CGR_EMAIL_URL is given, and CGR_EMAIL_FROM isn't.",
            code="environment",
            next_step="Set CGR_EMAIL_FROM to the address that e-mails come from, as cgr@example.org.",
        )
    if address and ("@" not in parseaddr(address)[1] or not address.isprintable()):
        raise BadInput(
            f"CGR_EMAIL_FROM is {address!r}, which isn't an e-mail address.",
            code="environment",
            next_step="Write it as cgr@example.org or Registry <cgr@example.org>.",
        )
    return address


def _days(variables: Mapping[str, str], name: str, *, default: int) -> int:
    text = variables.get(name, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdecimal() and int(text) <= _MOST_DAYS:
        return int(text)
    raise BadInput(
        f"{name} is {text!r}.", code="environment", next_step=f"Give a number of days from 0 to {_MOST_DAYS}."
    )


def _bad_database_url() -> BadInput:
    # The value isn't repeated: it holds a password.
    return BadInput(
        "DATABASE_URL can't be read as the address of a PostgreSQL database.",
        code="database-url",
        next_step="Write it as postgresql://USER:PASSWORD@HOST:5432/NAME, with special characters percent-encoded.",
    )


def _data_dir(variables: Mapping[str, str]) -> Path:
    given = variables.get("CGR_DATA_DIR", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    if os.geteuid() == 0:
        return Path("/var/lib/cgr")
    base = variables.get("XDG_DATA_HOME", "").strip()
    return (Path(base) if base else Path.home() / ".local" / "share").absolute() / "cgr"


def _secret_keys(variables: Mapping[str, str], key_file: Path) -> tuple[str, ...]:
    text = variables.get("CGR_SECRET_KEYS", "")
    if not text.strip():
        text = _generated_keys(key_file)
    return tuple(text.replace(",", " ").split())


def _generated_keys(key_file: Path) -> str:
    try:
        return key_file.read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except PermissionError as error:
        raise BadInput(
            f"The secret keys in {key_file} can't be read by this user.",
            code="data-folder",
            next_step="Run the command as the user who owns the data folder, or set CGR_DATA_DIR to a folder of your"
            " own.",
        ) from error


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:  # noqa: PLR2004 - the ports that TCP has
        return int(text)
    raise BadInput(
        f"CGR_PORT is {text!r}, which isn't a port.", code="port", next_step="Give a number from 1 to 65535."
    )


def _public_url(text: str) -> str:
    return public_address(text) if text else ""


def _flag(variables: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = variables.get(name, "").strip().lower()
    if not text:
        return default
    if text in _YES | _NO:
        return text in _YES
    raise BadInput(f"{name} is {text!r}.", code="environment", next_step="Give true or false.")
