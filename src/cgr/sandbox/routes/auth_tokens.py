"""Personal access tokens: `Authorization: ApiToken …` (verified fact S11, api.md section 1.3)."""

from __future__ import annotations

import secrets
import string
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.container import container_error
from cgr.sandbox.housekeeping import full_access, housekeeping
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World

_KLASS: Final = "org.hisp.dhis.security.apikey.ApiToken"
_SIGNS: Final = string.ascii_letters + string.digits
_LIFE: Final = timedelta(days=30)
# 2.38 to 2.41 keep tokens in a cache, in which a deleted one lives on for a while.
_CACHED: Final = timedelta(minutes=5)
_PAGE_SIZE: Final = 50
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Token(msgspec.Struct):
    """A stored token; `expire` in milliseconds since 1970, `deleted` in seconds, 0 while it lives."""

    uid: str
    key: str
    owner: str
    created: str
    version: int
    expire: int
    attributes: list[dict[str, Any]]
    used: bool = False
    deleted: float = 0


class Tokens(msgspec.Struct):
    """The tokens of a world, by id."""

    by_id: dict[str, Token] = msgspec.field(default_factory=dict)


class Wish(msgspec.Struct):
    """What the body of a creation may say."""

    expire: int | None = None
    attributes: list[dict[str, Any]] = msgspec.field(default_factory=list)


@ROUTER.route("POST", "/api/apiToken")
@ROUTER.route("POST", "/api/apiTokens")
def create(world: World, request: Request) -> Response:
    """Make a token; its key is shown in this reply only."""
    _must_have_tokens(world, request)
    try:
        wish = msgspec.json.decode(request.body or b"{}", type=Wish)
    except msgspec.DecodeError as wrong:
        return messages.problem(world, 409, str(wrong))
    expire = wish.expire if wish.expire is not None else int((world.clock() + _LIFE).timestamp() * 1000)
    second = world.version >= (2, 41)
    key = _new_key(second=second)
    token = Token(new_uid(), key, request.actor.uid, world.now(), 1 + second, expire, wish.attributes)
    world.state(Tokens).by_id[token.uid] = token
    request.written = True
    shape = "ObjectReport" if world.version >= (2, 42) else "ApiTokenCreationResponse"
    report = {"responseType": shape, "key": key, "uid": token.uid, "klass": _KLASS, "errorReports": []}
    response = messages.web_message(201, response=report)
    response.headers["location"] = f"{request.origin}/api/apiToken/{token.uid}"
    return response


@ROUTER.route("GET", "/api/apiToken")
@ROUTER.route("GET", "/api/apiTokens")
def listed(world: World, request: Request) -> Response:
    """List the user's own tokens."""
    _must_have_tokens(world, request)
    own = [token for token in world.state(Tokens).by_id.values() if _is_own(request, token)]
    pager = {"page": 1, "pageCount": 1, "total": len(own), "pageSize": _PAGE_SIZE}
    return json_response({"pager": pager, "apiToken": [{"id": token.uid} for token in own]})


@ROUTER.route("GET", "/api/apiToken/{uid}")
@ROUTER.route("GET", "/api/apiTokens/{uid}")
def single(world: World, request: Request) -> Response:
    """Show one of the user's own tokens, without its key."""
    token = _own_token(world, request)
    shown: dict[str, Any] = {
        "id": token.uid,
        "href": f"{request.origin}/api/apiToken/{token.uid}",
        "version": token.version,
        "type": "PERSONAL_ACCESS_TOKEN" + ("_V2" if token.version > 1 else ""),
        "expire": token.expire,
        "attributes": token.attributes,
        "access": full_access(world),
        **housekeeping(world, request.actor, created=token.created, last_updated=token.created, public="--------"),
    }
    return json_response(shown)


@ROUTER.route("DELETE", "/api/apiToken/{uid}")
@ROUTER.route("DELETE", "/api/apiTokens/{uid}")
def delete(world: World, request: Request) -> Response:
    """Delete one of the user's own tokens."""
    token = _own_token(world, request)
    token.deleted = world.clock().timestamp()
    request.written = True
    report = {"responseType": "ObjectReport", "uid": token.uid, "klass": _KLASS, "errorReports": []}
    return messages.web_message(200, response=report)


@ROUTER.scheme("ApiToken")
def authenticate(world: World, request: Request, credential: str) -> User | Response:
    """Give the owner of a token, or the refusal that says what is wrong with it."""
    if world.version < (2, 38):
        return messages.sign_in_wanted(world, request)
    if world.version >= (2, 42) and not _checks(credential):
        return _refusal(world, 400, "Checksum validation failed")
    stop = "" if world.version >= (2, 42) else "."
    token = next((known for known in world.state(Tokens).by_id.values() if known.key == credential), None)
    user = world.user_of(token.owner) if token is not None else None
    if token is None or user is None or user.disabled or not _lives(world, token):
        return _refusal(world, 401, f"The API token does not exists{stop}")
    if token.expire <= world.clock().timestamp() * 1000:
        return _refusal(world, 401, "Failed to authenticate API token, token has expired.")
    if broken := _broken_rule(request, token):
        return _refusal(world, 401, f"Failed to authenticate API token, request {broken} is not allowed.")
    token.used = True
    return user


def _broken_rule(request: Request, token: Token) -> str:
    """Name what about the request the token's lists don't allow."""
    address = request.headers.get("x-forwarded-for", "127.0.0.1").split(",")[0].strip()
    facts = {
        "IpAllowedList": ("ip address", "allowedIps", address),
        "MethodAllowedList": ("http method", "allowedMethods", request.method),
        "RefererAllowedList": ("http referrer", "allowedReferrers", request.headers.get("referer", "")),
    }
    for rule in token.attributes:
        name, key, fact = facts.get(str(rule.get("type")), ("", "", ""))
        if name and fact not in rule.get(key, ()):
            return name
    return ""


def _lives(world: World, token: Token) -> bool:
    if not token.deleted:
        return True
    cached = world.version < (2, 42) and token.used
    return cached and world.clock().timestamp() - token.deleted < _CACHED.total_seconds()


def _new_key(*, second: bool) -> str:
    """Make a key of the first kind (2.37) or the second (2.41), with its checksum at the end."""
    if second:
        body = "d2p_" + "".join(secrets.choice(_SIGNS) for _ in range(44))
        return body + _base62(zlib.crc32(body.encode()))
    body = "d2pat_" + "".join(secrets.choice(_SIGNS) for _ in range(32))
    return f"{body}{zlib.crc32(body.encode()):010}"


def _checks(key: str) -> bool:
    body, checksum = (key[:-6], key[-6:]) if key.startswith("d2p_") else (key[:-10], key[-10:])
    computed = zlib.crc32(body.encode())
    return checksum in (_base62(computed), f"{computed:010}")


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(6, "0")


def _refusal(world: World, status: int, message: str) -> Response:
    response = messages.problem(world, status, message)
    response.headers["www-authenticate"] = "ApiToken"
    return response


def _must_have_tokens(world: World, request: Request) -> None:
    if world.version < (2, 37):
        raise messages.Refused(container_error(world, request, 404))


def _is_own(request: Request, token: Token) -> bool:
    return not token.deleted and token.owner == request.actor.uid


def _own_token(world: World, request: Request) -> Token:
    _must_have_tokens(world, request)
    token = world.state(Tokens).by_id.get(request.args["uid"])
    if token is None or not _is_own(request, token):
        raise messages.Refused(messages.not_found(world, "ApiToken", request.args["uid"]))
    return token
