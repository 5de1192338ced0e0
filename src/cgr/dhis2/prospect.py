"""What a DHIS2 tells somebody who hasn't signed in: its version, and whether one can sign in to it by OAuth2 (R1.2).

The page on which people sign in shows the version from 2.41 on; 2.31 to 2.40 lead to that page instead of answering
(recordings 28-oauth2-discovery).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.errors import CgrError
from cgr.dhis2 import errors as e
from cgr.dhis2.oauth import OAuthServer, find_server, told_to_everybody

if TYPE_CHECKING:
    from cgr.dhis2.connection import Connection

_LOGIN_CONFIGURATION = "api/loginConfig"


class Prospect(Struct, frozen=True):
    """`version`: empty where it is told only to who has signed in. `server`: None where OAuth2 isn't offered."""

    version: str
    server: OAuthServer | None


class _LoginConfiguration(Struct, rename="camel"):
    api_version: str = ""


def look(connection: Connection) -> Prospect:
    """Ask what anybody may ask; the errors say what is in the way."""
    version = _version(connection)
    try:
        server = find_server(connection)
    except CgrError as error:
        if error.code != e.OAUTH_NOT_OFFERED:
            raise
        server = None
    return Prospect(version, server)


def _version(connection: Connection) -> str:
    reply = told_to_everybody(connection, _LOGIN_CONFIGURATION, doing="say which version it is")
    if reply is None or not reply.succeeded:
        return ""
    try:
        return msgspec.json.decode(reply.body, type=_LoginConfiguration).api_version
    except (msgspec.DecodeError, msgspec.ValidationError):
        return ""  # a page for people
