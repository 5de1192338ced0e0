"""OAuth2 as DHIS2 speaks it: the server of 2.31 to 2.41 under /uaa, and that of 2.42 and later (R2.1).

The newer one is found by its discovery document, of which nothing is believed that leads to another host. Facts: S12,
S13, O11; api.md §1.4 and §1.5. All of it goes over `Connection`, with its bounds on addresses, redirects, size, time.
"""

from __future__ import annotations

import time
import urllib.parse
from typing import TYPE_CHECKING

import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from httpx2 import codes
from msgspec import Struct

from cgr.core.errors import CgrError, ProtocolBroken, TryLater
from cgr.dhis2 import errors as e
from cgr.dhis2.auth import Basic, Tokens
from cgr.dhis2.errors import fault
from cgr.dhis2.redirects import Base
from cgr.dhis2.replies import Reply, decode, error_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.dhis2.connection import Connection

SCOPE = "openid username"
"""Without `username` the token names no user to /api; with `email` users without an address fail (api.md §1.5)."""

_DISCOVERY = ".well-known/openid-configuration"
_LEGACY_TOKEN = "uaa/oauth/token"  # noqa: S105 - a path
_LEGACY_AUTHORIZE = "uaa/oauth/authorize"
_RENEWED_AFTER = 0.8  # of a token's life, so that a request that takes long still finds it valid
_SHORTEST_LIFE_S = 300


class OAuthServer(Struct, frozen=True):
    """Where an authorization server is. `issuer` is empty for a legacy one; paths are below the context path."""

    issuer: str
    authorize: str
    token: str
    keys: str = ""

    @property
    def legacy(self) -> bool:
        """Whether it is the server of 2.31 to 2.41."""
        return not self.issuer


class OAuthClient(Struct, frozen=True):
    """What this registry is called at that server."""

    id: str
    secret: str

    def __repr__(self) -> str:
        """Show the id alone."""
        return f"OAuthClient({self.id!r})"


class _Discovered(Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class _Granted(Struct):
    access_token: str
    refresh_token: str = ""
    expires_in: int | None = None
    id_token: str = ""


class _Refused(Struct):
    error: str = ""
    error_description: str = ""


_DISCOVERED = msgspec.json.Decoder(_Discovered)
_GRANTED = msgspec.json.Decoder(_Granted)
_REFUSED = msgspec.json.Decoder(_Refused)


class _Proof(Basic):
    """The client's own sign-in at the token endpoint; what the form holds secret is kept out of messages, too."""

    refused_code = e.OAUTH_CLIENT_REFUSED

    def __init__(self, client: OAuthClient, server: OAuthServer, hidden: Sequence[str]) -> None:
        # Spring's newer server decodes both (RFC 6749, 2.3.1); the legacy one takes them as they are.
        quoted = (lambda text: text) if server.legacy else urllib.parse.quote_plus
        super().__init__(quoted(client.id), quoted(client.secret))
        object.__setattr__(self, "_hidden", tuple(hidden))

    def secrets(self) -> tuple[str, ...]:
        """Give the texts that may never appear in a message."""
        hidden: tuple[str, ...] = getattr(self, "_hidden", ())
        return (*super().secrets(), *hidden)


def find_server(connection: Connection) -> OAuthServer:
    """Find the authorization server, without signing in; NeedsPerson when there is none or it points elsewhere."""
    found = _discovered(connection)
    if found is not None:
        return OAuthServer(
            issuer=found.issuer,
            authorize=_path_here(connection, found.authorization_endpoint, "authorization_endpoint"),
            token=_path_here(connection, found.token_endpoint, "token_endpoint"),
            keys=_path_here(connection, found.jwks_uri, "jwks_uri"),
        )
    if _is_legacy(connection):
        return OAuthServer(issuer="", authorize=_LEGACY_AUTHORIZE, token=_LEGACY_TOKEN)
    message = f"{connection.host} offers no sign-in by OAuth2."
    raise fault(e.OAUTH_NOT_OFFERED, message)


def _discovered(connection: Connection) -> _Discovered | None:
    doing = "say how to sign in by OAuth2"
    reply = told_to_everybody(connection, _DISCOVERY, doing=doing)
    if reply is None or not reply.succeeded or reply.is_html():
        return None
    found = decode(reply, _DISCOVERED, doing=doing)
    if _path_here(connection, found.issuer.rstrip("/") + "/", "issuer"):
        raise _elsewhere(connection, "issuer")
    return found


def _is_legacy(connection: Connection) -> bool:
    """Ask the token endpoint without the POST it wants; its refusal is its own in every version (28-oauth2-legacy)."""
    reply = told_to_everybody(connection, _LEGACY_TOKEN, doing="say whether it has an OAuth2 server")
    if reply is None:
        return False
    if reply.status == codes.METHOD_NOT_ALLOWED:
        return True
    return reply.status == codes.UNAUTHORIZED and "oauth2/client" in reply.headers.get("www-authenticate", "")


def told_to_everybody(connection: Connection, path: str, *, doing: str) -> Reply | None:
    """Read a page without signing in; None for one that this DHIS2 doesn't have."""
    try:
        return connection.get_public(path, doing=doing)
    except CgrError as error:
        if error.code in {e.REDIRECT_TO_LOGIN, e.REDIRECT_ELSEWHERE}:
            return None  # what DHIS2 does with a page that it doesn't have
        raise


def _path_here(connection: Connection, url: str, name: str) -> str:
    """Give the path of an address below this DHIS2's own; NeedsPerson for any other place."""
    base = connection.base
    try:
        parts = urllib.parse.urlsplit(url)
        where = Base.parse(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, CgrError) as error:
        raise _elsewhere(connection, name) from error
    below = f"{base.path}/"
    if where.origin != base.origin or not parts.path.startswith(below) or parts.query or parts.fragment:
        raise _elsewhere(connection, name)
    return parts.path.removeprefix(below)


def _elsewhere(connection: Connection, name: str) -> CgrError:
    message = f"{connection.host} names another place for OAuth2 than its own address ({name}); that isn't followed."
    return fault(e.OAUTH_ELSEWHERE, message)


def authorization_url(
    connection: Connection,
    server: OAuthServer,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
) -> str:
    """Give the address at which a person consents. The legacy server gets no scope, nonce or challenge (O11)."""
    fields = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri, "state": state}
    if not server.legacy:
        challenge = create_s256_code_challenge(verifier)
        fields |= {"scope": SCOPE, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256"}
    query = urllib.parse.urlencode(fields, quote_via=urllib.parse.quote)
    return f"{connection.base.url(server.authorize)}?{query}"


def by_code(
    connection: Connection,
    server: OAuthServer,
    client: OAuthClient,
    *,
    code: str,
    redirect_uri: str,
    verifier: str,
) -> Tokens:
    """Give the tokens for the code that a person brought back."""
    form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)]
    if not server.legacy:
        form.append(("code_verifier", verifier))
    return _granted(connection, server, client, form, hidden=(code, verifier), refused=e.OAUTH_CODE_REFUSED)


def by_password(
    connection: Connection, server: OAuthServer, client: OAuthClient, *, username: str, password: str
) -> Tokens:
    """Give the tokens for a user name and password, which only the legacy server does."""
    if not server.legacy:
        message = f"{connection.host} gives no OAuth2 tokens for a password; from 2.42 on a person has to consent."
        raise fault(e.OAUTH_GRANT_REFUSED, message)
    form = [("grant_type", "password"), ("username", username), ("password", password)]
    return _granted(connection, server, client, form, hidden=(password,), refused=e.WRONG_CREDENTIALS)


def by_refresh(connection: Connection, server: OAuthServer, client: OAuthClient, *, tokens: Tokens) -> Tokens:
    """Give newer tokens for those that ran out; some servers give a new refresh token with them, some don't."""
    if not tokens.refresh:
        message = f"The sign-in to {connection.host} has run out, and it gave nothing to renew it with."
        raise fault(e.SIGN_IN_AGAIN, message)
    form = [("grant_type", "refresh_token"), ("refresh_token", tokens.refresh)]
    fresh = _granted(connection, server, client, form, hidden=(tokens.refresh, tokens.access), refused=e.SIGN_IN_AGAIN)
    return fresh if fresh.refresh else Tokens(fresh.access, tokens.refresh, fresh.renew_at)


def _granted(
    connection: Connection,
    server: OAuthServer,
    client: OAuthClient,
    form: Sequence[tuple[str, str]],
    *,
    hidden: Sequence[str],
    refused: str,
) -> Tokens:
    doing = "give OAuth2 tokens"
    asked_at = time.time()
    proof = _Proof(client, server, hidden)
    try:
        reply = connection.post_form(server.token, form, doing=doing, credentials=proof)
    except TryLater as error:
        error.sent = False  # whatever the tokens were wanted for hasn't been sent
        raise
    if not reply.succeeded:
        raise _refusal(reply, doing=doing, refused=refused)
    found = decode(reply, _GRANTED, doing=doing)
    if not found.access_token:
        raise ProtocolBroken(
            f"{reply.host} gave an empty token.", code=e.UNKNOWN_SHAPE, next_step=e.FAULTS[e.UNKNOWN_SHAPE].next_step
        )
    life = _SHORTEST_LIFE_S if found.expires_in is None else found.expires_in
    return Tokens(found.access_token, found.refresh_token, asked_at + _RENEWED_AFTER * life, found.id_token)


def _refusal(reply: Reply, *, doing: str, refused: str) -> CgrError:
    """Sort what the two servers answer, in JSON, in a page or in a bare status (S12, S13, O11)."""
    try:
        said = _REFUSED.decode(reply.body)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        said = _Refused()
    excerpt = reply.excerpt()
    start = f"{reply.host} answered {reply.status} when asked to {doing}: {excerpt}"
    grant_type = "grant type" in said.error_description.lower()
    if said.error in {"unsupported_grant_type", "unauthorized_client"} or grant_type:
        return fault(e.OAUTH_GRANT_REFUSED, start)
    if said.error in {"invalid_grant", "invalid_token"}:
        return fault(_account_trouble(excerpt) if refused == e.WRONG_CREDENTIALS else refused, start)
    if reply.status == codes.UNAUTHORIZED or said.error in {"invalid_client", "unauthorized"}:
        return fault(e.OAUTH_CLIENT_REFUSED, start)
    if reply.status == codes.INTERNAL_SERVER_ERROR and refused != e.SIGN_IN_AGAIN:
        # 2.36 and 2.38 fail so on a client they don't know, 2.42 and 2.43 on a secret that is hashed too weakly.
        return fault(e.OAUTH_CLIENT_REFUSED, f"{start} It does so for a client or a stored secret it can't use.")
    error = error_of(reply, doing=doing)
    if isinstance(error, TryLater):
        error.sent = False
    return error


def _account_trouble(said: str) -> str:
    words = said.lower()
    if "locked" in words:
        return e.ACCOUNT_LOCKED
    return e.ACCOUNT_DISABLED if "disabled" in words or "expired" in words else e.WRONG_CREDENTIALS
