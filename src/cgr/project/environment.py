"""The environment variables of `contract.md`, read in one place into one typed record.

Nothing is created or contacted here, so that `settings.py` can be imported by tools that only look at the code.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from cgr.core.errors import BadInput
from cgr.embedded_postgres import SUPERUSER, socket_folder
from cgr.project.email import Email, read_email

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "cgr"
KEY_FILE = "secret-keys"
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Environment:
    """Where this instance keeps its things and what it was told. `database_url` is empty for the embedded database.

    `page_notice` stands at the foot of every page: who the data are by, or that this is a training instance.
    `public_url` is the address that people use, without a slash at its end; empty when nobody said.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    host: str
    port: int
    allow_private_networks: bool
    page_notice: str = ""
    public_url: str = ""
    email: Email | None = None

    @property
    def embedded(self) -> bool:
        """Say whether the database is the one we start ourselves."""
        return not self.database_url

    @property
    def key_file(self) -> Path:
        """Where generated keys are kept when `CGR_SECRET_KEYS` is not given."""
        return self.data_dir / KEY_FILE

    @property
    def own_url(self) -> str:
        """The address that `cgr serve` answers on, as somebody on this machine types it."""
        host = self.host.strip("[]")
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not bound to
        return f"http://{shown}:{self.port}/"

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
        page_notice=variables.get("CGR_PAGE_NOTICE", "").strip(),
        public_url=_public_url(variables.get("CGR_PUBLIC_URL", "").strip()),
        email=read_email(variables.get("CGR_EMAIL_URL", "").strip()),
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


def _public_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not text or (named and parts.scheme in {"http", "https"} and not (parts.path.strip("/") or parts.query)):
        return text.rstrip("/")
    raise BadInput(
        f"CGR_PUBLIC_URL is {text!r}, which isn't an address that the pages can have.",
        code="public-url",
        next_step="Give what people type, without a path: https://registry.example.org",
    )


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:  # noqa: PLR2004 - the ports that TCP has
        return int(text)
    raise BadInput(
        f"CGR_PORT is {text!r}, which isn't a port.", code="port", next_step="Give a number from 1 to 65535."
    )


def _flag(variables: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = variables.get(name, "").strip().lower()
    if not text:
        return default
    if text in _YES | _NO:
        return text in _YES
    raise BadInput(f"{name} is {text!r}.", code="environment", next_step="Give true or false.")
