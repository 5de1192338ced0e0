"""The OAuth2 server of 2.31 to 2.41 under /uaa: password, refresh and code grants (verified facts S13 and O11)."""

from __future__ import annotations

import base64
import binascii
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlencode

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.container import container_error
from cgr.sandbox.http import JSON, Request, Response, json_response
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.oauth_clients import client_named, secret_is_right
from cgr.sandbox.routes.sign_in import FormSessions

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_LIFE_S: Final = 12 * 3600
_TOKEN_PATH: Final = "/uaa/oauth/token"  # noqa: S105 - a path
_AUTHORIZE_PATH: Final = "/uaa/oauth/authorize"
_BROKEN: Final = {(2, 35, 0), (2, 35, 1)}
_EXCEPTIONS: Final = {"invalid_grant": "InvalidGrantException", "unauthorized": "UnauthorizedException"}
_PAGE: Final = (
    '<!doctype html>\n<html lang="en" dir="ltr">\n<head><title>{title}</title></head>\n<body>\n<h4>{words}</h4>\n'
    "{forms}</body>\n</html>"
)
_FORM: Final = (
    '<form id="{name}Form" action="authorize" method="POST">'
    '<input name="user_oauth_approval" value="{value}" type="hidden"/><button type="submit">{word}</button></form>\n'
)


class Grant(msgspec.Struct):
    """What a user gave a client; `access` is the one token that is valid now."""

    user: str
    client: str
    refresh: str
    access: str
    expires: float


class Wish(msgspec.Struct):
    """An authorization request that waits for the user's answer, or its code that waits to be used."""

    client: str
    redirect_uri: str
    state: str
    asked_redirect: bool
    user: str = ""


class LegacyGrants(msgspec.Struct):
    """Everything that is granted, codes by code, waiting requests by session."""

    grants: list[Grant] = msgspec.field(default_factory=list)
    codes: dict[str, Wish] = msgspec.field(default_factory=dict)
    waiting: dict[str, Wish] = msgspec.field(default_factory=dict)


class _Invalid(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


@ROUTER.route("GET", _TOKEN_PATH, anonymous=True)
def token_by_get(world: World, request: Request) -> Response:
    """Refuse to give tokens by GET."""
    if world.version >= (2, 42):
        return messages.sign_in_wanted(world, request)
    if world.version >= (2, 36):
        return _client_refused(world, request)
    body = {"error": "method_not_allowed", "error_description": "Request method 'GET' not supported"}
    if world.version < (2, 34):
        body["error_description"] = "Request method &#39;GET&#39; not supported"
    return json_response(body, 405)


@ROUTER.route("POST", _TOKEN_PATH, anonymous=True)
def token(world: World, request: Request) -> Response:
    """Give a token for a password, a refresh token or a code."""
    if world.version >= (2, 42):
        return messages.sign_in_wanted(world, request)
    name, secret = _client_credentials(request)
    client = client_named(world, name)
    if client is None and name and world.version >= (2, 36):
        java = (
            ""
            if world.version < (2, 37)
            else "org.springframework.security.oauth2.provider.ClientRegistrationException: "
        )
        return container_error(world, request, 500, f"{java}Invalid client_id")
    if client is None or not secret_is_right(world, client, secret):
        return _client_refused(world, request)
    form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    try:
        grant = _granted(world, client, form)
    except _Invalid as invalid:
        return _invalid(world, request, invalid)
    request.written = True
    return _token_reply(world, request, grant)


@ROUTER.route("GET", _AUTHORIZE_PATH, anonymous=True)
def authorize(world: World, request: Request) -> Response:
    """Ask the signed-in user to let a client act for them."""
    if world.version in _BROKEN:
        return container_error(world, request, 404)  # the pages were left out of these two (api.md section 1.4)
    user = _form_user(world, request)
    if world.version >= (2, 42) or (user is None and world.version < (2, 37)):
        return messages.sign_in_wanted(world, request)
    client = client_named(world, request.first("client_id"))
    if client is None:
        return _error_page(world, 401, "invalid_client", "Bad client credentials")
    if user is None:
        told = "User must be authenticated with Spring Security before authorization can be completed."
        return messages.problem(world, 500, told)
    redirect_uri = request.first("redirect_uri", (client.get("redirectUris") or [""])[0])
    if (refusal := _refused_wish(world, request, client, redirect_uri)) is not None:
        return refusal
    asked = bool(request.first("redirect_uri"))
    wish = Wish(request.first("client_id"), redirect_uri, request.first("state"), asked, user.uid)
    world.state(LegacyGrants).waiting[_session(request)] = wish
    return _consent_page(world, wish)


@ROUTER.route("POST", _AUTHORIZE_PATH, anonymous=True)
def answer(world: World, request: Request) -> Response:
    """Take the user's answer and send the browser back to the client."""
    user = _form_user(world, request)
    if user is None:
        return messages.sign_in_wanted(world, request)
    grants = world.state(LegacyGrants)
    wish = grants.waiting.pop(_session(request), None)
    if wish is None:
        return _error_page(world, 400, "invalid_request", "Cannot approve uninitialized authorization request.")
    if parse_qs(request.body.decode()).get("user_oauth_approval") != ["true"]:
        refusal = {"error": "access_denied", "error_description": "User denied access", "state": wish.state}
        return _redirect(world, wish.redirect_uri, refusal)
    code = secrets.token_urlsafe(4)[:6]
    grants.codes[code] = wish
    return _redirect(world, wish.redirect_uri, {"code": code, "state": wish.state})


def bearer(world: World, credential: str) -> User | Response:
    """Give the user of an access token, or the refusal."""
    now = world.clock().timestamp()
    for grant in world.state(LegacyGrants).grants:
        if grant.access == credential:
            user = world.user_of(grant.user)
            if grant.expires > now and user is not None:
                return user
    named = f": {credential}" if world.version < (2, 36) else ""
    body = {"error": "invalid_token", "error_description": f"Invalid access token{named}"}
    realm = "dhis2/oauth2" if world.version < (2, 36) else "oauth"
    return _protocol_error(401, body, f'Bearer realm="{realm}", ')


def _refused_wish(world: World, request: Request, client: dict[str, Any], redirect_uri: str) -> Response | None:
    if "authorization_code" not in client.get("grantTypes", ()):
        told = "A redirect_uri can only be used by implicit or authorization_code grant types."
        return _error_page(world, 400, "invalid_grant", told)
    if redirect_uri not in client.get("redirectUris", ()):
        told = "Invalid redirect uri does not match one of the registered values."
        return _error_page(world, 400, "invalid_grant", told)
    if (scope := request.first("scope", "ALL")) != "ALL":
        told = f"Invalid scope: {scope}" if world.version < (2, 36) else "Invalid scope"
        more = {"error_description": told, "state": request.first("state"), "scope": "ALL"}
        return _redirect(world, redirect_uri, {"error": "invalid_scope", **more})
    return None


def _granted(world: World, client: dict[str, Any], form: dict[str, str]) -> Grant:
    offered = {"password": _by_password, "refresh_token": _by_refresh, "authorization_code": _by_code}
    kind = form.get("grant_type", "")
    if kind not in offered and world.version < (2, 36):
        told = f"Unsupported grant type: {kind}" if world.version < (2, 34) else "Unsupported grant type"
        raise _Invalid(400, "unsupported_grant_type", told)
    if kind not in offered or kind not in client.get("grantTypes", ()):
        named = f": {kind}" if world.version < (2, 36) else ""
        raise _Invalid(401, "invalid_client", f"Unauthorized grant type{named}")
    return offered[kind](world, client, form)


def _by_password(world: World, client: dict[str, Any], form: dict[str, str]) -> Grant:
    user = world.user_named(form.get("username", ""))
    if user is None or user.disabled or not secrets.compare_digest(user.password, form.get("password", "")):
        raise _Invalid(400, "invalid_grant", "Bad credentials")
    return _grant_for(world, client, user.uid)


def _by_refresh(world: World, client: dict[str, Any], form: dict[str, str]) -> Grant:
    given = form.get("refresh_token", "")
    for grant in world.state(LegacyGrants).grants:
        if grant.refresh == given and grant.client == client["cid"]:
            grant.access, grant.expires = str(uuid.uuid4()), world.clock().timestamp() + _LIFE_S
            return grant
    raise _Invalid(400, "invalid_grant", "Invalid refresh token" + (f": {given}" if world.version < (2, 36) else ""))


def _by_code(world: World, client: dict[str, Any], form: dict[str, str]) -> Grant:
    code = form.get("code", "")
    wish = world.state(LegacyGrants).codes.pop(code, None)
    if wish is None:
        named = f": {code}" if world.version < (2, 36) else ""
        raise _Invalid(400, "invalid_grant", f"Invalid authorization code{named}")
    if wish.client != client["cid"]:
        raise _Invalid(400, "invalid_client", "Client ID mismatch")
    if wish.asked_redirect and form.get("redirect_uri") != wish.redirect_uri:
        raise _Invalid(400, "invalid_grant", "Redirect URI mismatch.")
    return _grant_for(world, client, wish.user)


def _grant_for(world: World, client: dict[str, Any], user: str) -> Grant:
    """Give the grant of this user to this client: the same live token as long as there is one."""
    grants = world.state(LegacyGrants).grants
    now = world.clock().timestamp()
    for grant in grants:
        if (grant.user, grant.client) == (user, client["cid"]):
            if grant.expires <= now:
                grant.access, grant.expires = str(uuid.uuid4()), now + _LIFE_S
            return grant
    grants.append(Grant(user, client["cid"], str(uuid.uuid4()), str(uuid.uuid4()), now + _LIFE_S))
    return grants[-1]


def _client_credentials(request: Request) -> tuple[str, str]:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _form_user(world: World, request: Request) -> User | None:
    """Give the user of the session; from 2.37 on only a session that began with a form counts."""
    user = world.session_user(request)
    formed = _session(request) in world.state(FormSessions).tokens
    return user if formed or world.version < (2, 37) else None


def _session(request: Request) -> str:
    return request.headers.get("cookie", "").partition("JSESSIONID=")[2].partition(";")[0]


def _token_reply(world: World, request: Request, grant: Grant) -> Response:
    body = {
        "access_token": grant.access,
        "token_type": "bearer",
        "refresh_token": grant.refresh,
        "expires_in": int(grant.expires - world.clock().timestamp()),
        "scope": "ALL",
    }
    if world.version >= (2, 34) or not _wants_xml(world, request):
        return json_response(body)
    page = _xml(200, "DefaultOAuth2AccessToken", body)
    page.content_type = JSON  # the server says so, and sends XML
    return page


def _invalid(world: World, request: Request, invalid: _Invalid) -> Response:
    body = {"error": invalid.error, "error_description": invalid.description}
    if _wants_xml(world, request):
        return _xml(invalid.status, _EXCEPTIONS.get(invalid.error, "OAuth2Exception"), body)
    return _protocol_error(invalid.status, body, "Bearer ")


def _client_refused(world: World, request: Request) -> Response:
    if world.version >= (2, 36):
        response = container_error(world, request, 401, "Unauthorized")
        response.headers["www-authenticate"] = 'Basic realm="oauth2/client"'
        return response
    body = {"error": "unauthorized", "error_description": "Bad credentials"}
    refusal = _protocol_error(401, body, 'Bearer realm="dhis2/oauth2", ')
    if _wants_xml(world, request):
        page = _xml(401, _EXCEPTIONS["unauthorized"], body)
        page.headers = refusal.headers
        return page
    return refusal


def _protocol_error(status: int, body: dict[str, str], scheme: str) -> Response:
    response = json_response(body, status)
    if status == 401:  # noqa: PLR2004 - the status that asks for credentials
        told = ", ".join(f'{name}="{text}"' for name, text in body.items())
        response.headers["www-authenticate"] = scheme + told
    return response


def _wants_xml(world: World, request: Request) -> bool:
    return world.version < (2, 36) and "json" not in request.headers.get("accept", "*/*")


def _xml(status: int, root: str, values: dict[str, Any]) -> Response:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return Response(status, f"<{root}>{inner}</{root}>".encode(), "application/xml;charset=UTF-8")


def _redirect(world: World, to: str, parameters: dict[str, str]) -> Response:
    query = urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote, safe=":")
    status = 302 if world.version < (2, 34) else 303
    return Response(status, b"", "", {"location": f"{to}{'&' if '?' in to else '?'}{query}"})


def _consent_page(world: World, wish: Wish) -> Response:
    yes = _FORM.format(name="authorize", value="true", word="Authorize")
    no = _FORM.format(name="deny", value="false", word="Deny")
    words = f"Do you authorize '{wish.client}' to access your protected resources?"
    return _page(world, 200, "OAuth2 Confirm Access", words, yes + no)


def _error_page(world: World, status: int, error: str, description: str) -> Response:
    told = f"Error: 'error=&quot;{error}&quot;, error_description=&quot;{description}&quot;'"
    return _page(world, status, "OAuth2 Error", told if world.version >= (2, 36) else "Error.", "")


def _page(world: World, status: int, title: str, words: str, forms: str) -> Response:
    charset = "ISO-8859-1" if world.version < (2, 36) else "UTF-8"
    page = _PAGE.format(title=title, words=words, forms=forms)
    return Response(status, page.encode(), f"text/html;charset={charset}")
