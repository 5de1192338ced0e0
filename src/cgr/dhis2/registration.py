"""What an administrator enters in a DHIS2 so that this registry may sign in there by OAuth2 (R2.1)."""

from __future__ import annotations

import json

import bcrypt
from msgspec import Struct

from cgr.dhis2.oauth import SCOPE

LONGEST_SECRET = 72
"""Bytes; bcrypt, which 2.42 and later keep a client's secret as, takes no more."""

_STRENGTH = 10  # a weaker hash makes every token call of 2.42 and 2.43 fail (S12)
_REFRESH_S = 180 * 86_400
_OTHER_SETTINGS = {
    "@class": "java.util.Collections$UnmodifiableMap",
    "settings.token.reuse-refresh-tokens": True,
    "settings.token.x509-certificate-bound-access-tokens": False,
    "settings.token.id-token-signature-algorithm": [
        "org.springframework.security.oauth2.jose.jws.SignatureAlgorithm",
        "RS256",
    ],
    "settings.token.access-token-time-to-live": ["java.time.Duration", 300.0],
    "settings.token.access-token-format": {
        "@class": "org.springframework.security.oauth2.server.authorization.settings.OAuth2TokenFormat",
        "value": "self-contained",
    },
    "settings.token.authorization-code-time-to-live": ["java.time.Duration", 300.0],
    "settings.token.device-code-time-to-live": ["java.time.Duration", 300.0],
}
"""The server's own defaults, as 2.42.5.2 and 2.43.1 show them; a map that names only some of them isn't completed."""


class Registration(Struct, frozen=True):
    """The JSON to send to `path` of a DHIS2, for which `versions`, and what to do step by step."""

    versions: str
    path: str
    body: dict[str, object]
    steps: tuple[str, ...]


def legacy_registration(*, client_id: str, redirect_uri: str, grant: str) -> Registration:
    """For 2.31 to 2.41: DHIS2 makes the secret itself (36 characters), and it is entered here afterwards."""
    grants = ["password", "refresh_token"] if grant == "password" else ["authorization_code", "refresh_token"]
    body: dict[str, object] = {"name": client_id, "cid": client_id, "grantTypes": grants}
    body["redirectUris"] = [] if grant == "password" else [redirect_uri]
    return Registration(
        versions="2.31 to 2.41",
        path="/api/oAuth2Clients",
        body=body,
        steps=(
            (
                "In that DHIS2 open System Settings, OAuth2 Clients, and add one with the values below; or send the "
                "JSON by POST to the path, as a user with the authority F_OAUTH2_CLIENT_MANAGE."
            ),
            "Copy the secret that DHIS2 made (36 characters) and enter it here as the client secret.",
            "Then sign in: cgr system authorize, or the page of the external system."
            if grant != "password"
            else "Then try the connection: cgr system check.",
        ),
    )


def registration(*, client_id: str, redirect_uri: str, secret: str) -> Registration:
    """For 2.42 and later: the secret goes there as bcrypt text, so nobody ever sees it.

    A sign-in lasts 180 days; the server's own hour would end every scheduled run with "sign in again".
    """
    settings = {
        **_OTHER_SETTINGS,
        "settings.token.refresh-token-time-to-live": ["java.time.Duration", float(_REFRESH_S)],
    }
    hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt(_STRENGTH)).decode()
    return Registration(
        versions="2.42 and later",
        path="/api/oAuth2Clients",
        body={
            "name": client_id,
            "clientId": client_id,
            "clientSecret": hashed,
            "clientAuthenticationMethods": "client_secret_basic",
            "authorizationGrantTypes": "authorization_code,refresh_token",
            "redirectUris": redirect_uri,
            "scopes": ",".join(SCOPE.split()),
            "tokenSettings": json.dumps(settings, separators=(",", ":")),
        },
        steps=(
            (
                "In dhis.conf of that DHIS2 have oauth2.server.enabled = on, server.base.url = the address under which "
                "it is registered here, and a keystore (oauth2.server.jwt.keystore.path): without one every sign-in "
                "ends when DHIS2 restarts."
            ),
            (
                "Send the JSON by POST to the path, as a user with the authority F_OAUTH2_CLIENT_MANAGE. The secret in "
                "it is a bcrypt hash; this registry has the secret itself."
            ),
            "Then sign in: cgr system authorize, or the page of the external system.",
        ),
    )
