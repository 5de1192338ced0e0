"""The authorization server of 2.42 and later under /oauth2: code, refresh, signed tokens (verified fact S12)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote_plus, urlencode

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER, oauth_legacy
from cgr.sandbox.routes.oauth_clients import client_named, secret_is_right
from cgr.sandbox.routes.oauth_discovery import absent
from cgr.sandbox.signing import encoded, process_key

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_ACCESS_S: Final = 300
_REFRESH_S: Final = 3600
_CODE_S: Final = 300
_LEAST_BCRYPT_STRENGTH: Final = 10
_RFC_6749: Final = "https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2.1"
_RFC_6750: Final = "https://tools.ietf.org/html/rfc6750#section-3.1"
_CONSENT: Final = (
    '<!DOCTYPE html><html lang="en"><head><title>Consent required</title></head><body><h1>Consent required</h1>'
    "<p><span>{client}</span> wants to access your account <span>{user}</span></p>"
    '<form name="consent_form" method="post" action="/oauth2/authorize">'
    '<input type="hidden" name="client_id" value="{client}"><input type="hidden" name="state" value="{state}">'
    '{scopes}<button type="submit" id="submit-consent">Submit Consent</button></form></body></html>'
)
_SCOPE: Final = '<input type="checkbox" name="scope" value="{scope}" id="{scope}">'


class Authorization(msgspec.Struct):
    """One authorization from the question to its tokens; times in seconds since 1970."""

    client: str
    user: str
    redirect_uri: str
    state: str
    scopes: list[str]
    challenge: str = ""
    nonce: str = ""
    asked: str = ""
    code: str = ""
    code_until: float = 0
    access: str = ""
    refresh: str = ""
    refresh_until: float = 0


class Authorizations(msgspec.Struct):
    """Every authorization, and the scopes each user consented to per client."""

    all: list[Authorization] = msgspec.field(default_factory=list)
    consents: dict[str, list[str]] = msgspec.field(default_factory=dict)


@ROUTER.route("GET", "/oauth2/jwks", anonymous=True)
def key_set(world: World, request: Request) -> Response:
    """Give the public keys."""
    return json_response({"keys": [process_key().jwk()]}) if world.version >= (2, 42) else absent(world, request)


@ROUTER.route("GET", "/oauth2/authorize", anonymous=True)
def authorize(world: World, request: Request) -> Response:
    """Send the user's browser back with a code, or ask the user first."""
    if world.version < (2, 42):
        return absent(world, request)
    if request.first("response_type") != "code":
        return _wrong_parameter("response_type")
    user = world.session_user(request)
    if user is None:
        return messages.sign_in_wanted(world, request)
    client = client_named(world, request.first("client_id")) or {}
    redirect_uri = request.first("redirect_uri")
    if redirect_uri not in _listed(client.get("redirectUris")):
        return _wrong_parameter("redirect_uri" if client else "client_id")
    wish = Authorization(
        client["clientId"], user.uid, redirect_uri, request.first("state"), request.first("scope").split()
    )
    wish.challenge, wish.nonce = request.first("code_challenge"), request.first("nonce")
    return _answered(world, request, client, wish)


def _answered(world: World, request: Request, client: dict[str, Any], wish: Authorization) -> Response:
    """Answer a wish that came with a known client and address: refuse it there, grant it or ask the user."""
    if wrong := _wrong_wish(request, client, wish):
        return _redirected_error(wish, *wrong)
    if set(wish.scopes) - {"openid"} <= set(world.state(Authorizations).consents.get(_consent_key(wish), ())):
        return _with_code(world, request, wish)
    return _consent_page(world, wish)


@ROUTER.route("POST", "/oauth2/authorize", anonymous=True)
def consent(world: World, request: Request) -> Response:
    """Take the user's consent; a form without a scope is a refusal."""
    if world.version < (2, 42):
        return absent(world, request)
    user = world.session_user(request)
    if user is None:
        return messages.sign_in_wanted(world, request)
    form = parse_qs(request.body.decode())
    state = form.get("state", [""])[0]
    known = world.state(Authorizations)
    wish = next((one for one in known.all if one.asked and one.asked == state and one.user == user.uid), None)
    if wish is None:
        return _wrong_parameter("state")
    known.all.remove(wish)
    given = form.get("scope", [])
    if not given:
        return _redirected_error(wish, "access_denied", "client_id")
    wish.scopes = [scope for scope in wish.scopes if scope in given or scope == "openid"]
    known.consents[_consent_key(wish)] = sorted({*known.consents.get(_consent_key(wish), ()), *wish.scopes})
    return _with_code(world, request, wish)


@ROUTER.route("GET", "/oauth2/token", anonymous=True)
def token_by_get(world: World, request: Request) -> Response:
    """Answer a GET as the server's own redirect of unknown pages does."""
    return (
        Response(301, b"", "", {"location": "/oauth2/token/"}) if world.version >= (2, 42) else absent(world, request)
    )


@ROUTER.route("POST", "/oauth2/token", anonymous=True)
def token(world: World, request: Request) -> Response:
    """Give tokens for a code or a refresh token."""
    form = _form(request)
    client = _client(world, request, form)
    if isinstance(client, Response):
        return client
    offered = _listed(client.get("authorizationGrantTypes"))
    kind = form.get("grant_type", "")
    if kind not in ("authorization_code", "refresh_token"):
        return json_response({"error": "unsupported_grant_type"}, 400)
    if kind not in offered:
        return json_response({"error": "unauthorized_client"}, 400)
    grant = _by_code(world, client, form) if kind == "authorization_code" else _by_refresh(world, client, form)
    if grant is None:
        return json_response({"error": "invalid_grant"}, 400)
    request.written = True
    return _tokens(world, request, grant)


@ROUTER.route("POST", "/oauth2/introspect", anonymous=True)
def introspect(world: World, request: Request) -> Response:
    """Tell whether a token is the present one of its authorization; a superseded one isn't (verified fact S12)."""
    form = _form(request)
    client = _client(world, request, form)
    if isinstance(client, Response):
        return client
    given = form.get("token", "")
    grant = next((one for one in world.state(Authorizations).all if given and given in (one.access, one.refresh)), None)
    return json_response({"active": True, "client_id": grant.client} if grant is not None else {"active": False})


@ROUTER.route("POST", "/oauth2/revoke", anonymous=True)
def revoke(world: World, request: Request) -> Response:
    """Forget a token; an access token goes on working on /api until it expires (verified fact S12)."""
    form = _form(request)
    client = _client(world, request, form)
    if isinstance(client, Response):
        return client
    given = form.get("token", "")
    for grant in world.state(Authorizations).all:
        if given and given == grant.refresh:
            grant.refresh = grant.access = ""
        elif given and given == grant.access:
            grant.access = ""
    request.written = True
    return Response(200, b"", "")


@ROUTER.route("GET POST", "/userinfo", anonymous=True)
def user_info(world: World, request: Request) -> Response:
    """Tell who the user of an access token with the scope openid is."""
    if world.version < (2, 42):
        return absent(world, request)
    given = request.headers.get("authorization", "").partition(" ")[2]
    grant = next((one for one in world.state(Authorizations).all if given and one.access == given), None)
    if grant is None or "openid" not in grant.scopes:
        return json_response(
            {"error": "invalid_token" if grant is None else "insufficient_scope"}, 401 if grant is None else 403
        )
    user = world.user_of(grant.user)
    return json_response({"sub": user.username if user is not None else ""})


@ROUTER.scheme("Bearer")
def bearer(world: World, request: Request, credential: str) -> User | Response:
    """Give the user of an access token, whichever server of the two made it, or the refusal."""
    if world.version < (2, 42):
        return oauth_legacy.bearer(world, credential)
    try:
        claims = process_key().claims(credential)
    except ValueError as wrong:
        return _bearer_refused(str(wrong))
    if claims is None:
        return _bearer_refused("An error occurred while attempting to decode the Jwt: Invalid signature")
    if claims["exp"] <= world.clock().timestamp() or claims["iss"] != f"{request.origin}/":
        return _bearer_refused("An error occurred while attempting to decode the Jwt: Jwt expired")
    user = world.user_named(str(claims.get("username", "")))
    return (
        user if user is not None else _bearer_refused("Found no matching DHIS2 user for the mapping claim: 'username'")
    )


def _wrong_wish(request: Request, client: dict[str, Any], wish: Authorization) -> tuple[str, str] | None:
    if set(wish.scopes) - set(_listed(client.get("scopes"))):
        return "invalid_scope", "scope"
    method = request.first("code_challenge_method")
    must_prove = '"settings.client.require-proof-key":true' in str(client.get("clientSettings", ""))
    if (must_prove and not wish.challenge) or (wish.challenge and method != "S256"):
        return "invalid_request", "code_challenge" if not wish.challenge else "code_challenge_method"
    return None


def _consent_page(world: World, wish: Authorization) -> Response:
    wish.asked = secrets.token_urlsafe(32)
    world.state(Authorizations).all.append(wish)
    scopes = "".join(_SCOPE.format(scope=scope) for scope in wish.scopes if scope != "openid")
    user = world.user_of(wish.user)
    username = user.username if user is not None else ""
    page = _CONSENT.format(client=wish.client, user=username, state=wish.asked, scopes=scopes)
    return Response(200, page.encode(), "text/html;charset=UTF-8")


def _with_code(world: World, request: Request, wish: Authorization) -> Response:
    wish.asked, wish.code = "", secrets.token_urlsafe(96)
    wish.code_until = world.clock().timestamp() + _CODE_S
    world.state(Authorizations).all.append(wish)
    request.written = True
    return _redirect(wish, {"code": wish.code, "state": wish.state})


def _by_code(world: World, client: dict[str, Any], form: dict[str, str]) -> Authorization | None:
    code = form.get("code", "")
    grant = next((one for one in world.state(Authorizations).all if code and one.code == code), None)
    if grant is None or grant.client != client["clientId"]:
        return None
    grant.code = ""
    proof = encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    late = grant.code_until <= world.clock().timestamp()
    if late or form.get("redirect_uri") != grant.redirect_uri or (grant.challenge and proof != grant.challenge):
        return None
    _give_refresh_token(world, client, grant)
    return grant


def _by_refresh(world: World, client: dict[str, Any], form: dict[str, str]) -> Authorization | None:
    given, now = form.get("refresh_token", ""), world.clock().timestamp()
    for grant in world.state(Authorizations).all:
        if given and grant.refresh == given and grant.client == client["clientId"] and grant.refresh_until > now:
            if '"settings.token.reuse-refresh-tokens":false' in str(client.get("tokenSettings", "")):
                _give_refresh_token(world, client, grant)
            return grant
    return None


def _give_refresh_token(world: World, client: dict[str, Any], grant: Authorization) -> None:
    """Give a new one that lives as long as the client's settings say; the former is over."""
    life = re.search(
        r'"settings.token.refresh-token-time-to-live":\["java.time.Duration",([\d.]+)\]',
        str(client.get("tokenSettings", "")),
    )
    grant.refresh = secrets.token_urlsafe(96)
    grant.refresh_until = world.clock().timestamp() + (float(life[1]) if life is not None else _REFRESH_S)


def _tokens(world: World, request: Request, grant: Authorization) -> Response:
    now = int(world.clock().timestamp())
    user = world.user_of(grant.user)
    username = user.username if user is not None else ""
    claims: dict[str, Any] = {"sub": username, "aud": grant.client, "nbf": now, "scope": grant.scopes}
    claims |= {"iss": f"{request.origin}/", "exp": now + _ACCESS_S, "iat": now, "jti": str(uuid.uuid4())}
    if "username" in grant.scopes:
        claims["username"] = username
    key = process_key()
    grant.access = key.signed(claims)
    body = {"access_token": grant.access, "refresh_token": grant.refresh, "scope": " ".join(grant.scopes)}
    if "openid" in grant.scopes:
        about = {name: claims[name] for name in ("sub", "aud", "iss", "exp", "iat", "jti")}
        # OpenID Connect Core 1.0, 3.1.3.6: a nonce of the request comes back in the token.
        nonce = {"nonce": grant.nonce} if grant.nonce else {}
        body["id_token"] = key.signed({**about, "azp": grant.client, "auth_time": now, **nonce})
    return json_response({**body, "token_type": "Bearer", "expires_in": _ACCESS_S - 1})


def _client(world: World, request: Request, form: dict[str, str]) -> dict[str, Any] | Response:
    """Give the client that proved itself, by Basic or in the form, or the refusal."""
    if world.version < (2, 42):
        return absent(world, request)
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
            name, secret = unquote_plus(name), unquote_plus(secret)  # RFC 6749, 2.3.1
        except (binascii.Error, UnicodeDecodeError):
            name = ""
    client = client_named(world, name)
    strength = re.match(r"\$2[aby]\$(\d\d)\$", str(client.get("clientSecret", ""))) if client is not None else None
    if strength is not None and int(strength[1]) < _LEAST_BCRYPT_STRENGTH:
        return messages.container_page(500)
    if client is None or not secret_is_right(world, client, secret):
        return json_response({"error": "invalid_client"}, 401)
    return client


def _form(request: Request) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(request.body.decode()).items()}


def _listed(text: object) -> list[str]:
    return [item.strip() for item in str(text or "").split(",") if item.strip()]


def _consent_key(wish: Authorization) -> str:
    return f"{wish.user} {wish.client}"


def _wrong_parameter(name: str) -> Response:
    return messages.container_page(400, f"[invalid_request] OAuth 2.0 Parameter: {name}")


def _redirected_error(wish: Authorization, error: str, parameter: str) -> Response:
    told = {"error": error, "error_description": f"OAuth 2.0 Parameter: {parameter}", "error_uri": _RFC_6749}
    return _redirect(wish, {**told, "state": wish.state})


def _redirect(wish: Authorization, parameters: dict[str, str]) -> Response:
    query = urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote, safe="")
    return Response(302, b"", "", {"location": f"{wish.redirect_uri}{'&' if '?' in wish.redirect_uri else '?'}{query}"})


def _bearer_refused(description: str) -> Response:
    response = messages.web_message(401, "invalid_token", devMessage=description)
    told = f'error="invalid_token", error_description="{description}", error_uri="{_RFC_6750}"'
    response.headers["www-authenticate"] = f"Bearer {told}"
    return response
