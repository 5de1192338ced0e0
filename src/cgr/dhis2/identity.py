"""Whose account it was: the signed statement (id_token) of the authorization server of 2.42 and later (R2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from cgr.dhis2 import errors as e
from cgr.dhis2.errors import fault
from cgr.dhis2.replies import decode, error_of

if TYPE_CHECKING:
    from cgr.dhis2.auth import Tokens
    from cgr.dhis2.connection import Connection
    from cgr.dhis2.oauth import OAuthServer

_ALGORITHMS = ("RS256",)  # what DHIS2 signs with; the token itself has no say in it
_LEEWAY_S = 60
_KEYS = msgspec.json.Decoder(dict[str, Any])


def subject_of(connection: Connection, server: OAuthServer, tokens: Tokens, *, client_id: str, nonce: str) -> str:
    """Give the user name that the server vouches for: to us, for this very sign-in, now; NeedsPerson otherwise."""
    doing = "show its signing keys"
    reply = connection.get_public(server.keys, doing=doing)
    if not reply.succeeded:
        raise error_of(reply, doing=doing)
    keys = decode(reply, _KEYS, doing=doing)
    claims_wanted = JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": server.issuer},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        azp={"value": client_id},
    )
    try:
        found = jwt.decode(tokens.id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)  # type: ignore[arg-type]
        claims_wanted.validate(found.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        what = getattr(error, "claim", "") or type(error).__name__
        message = f"What {connection.host} signed about who you are can't be trusted ({what})."
        raise fault(e.ID_TOKEN_INVALID, message) from error
    return str(found.claims["sub"])
