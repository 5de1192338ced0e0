"""The registry of OAuth2 clients: one path, other fields before and from 2.42 on (api.md sections 1.4 and 1.5)."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_MANAGE: Final = "F_OAUTH2_CLIENT_MANAGE"
_LEGACY_FIELDS: Final[tuple[str, ...]] = ("name", "cid", "secret", "grantTypes", "redirectUris")
_FIELDS: Final[tuple[str, ...]] = (
    "name", "clientId", "clientSecret", "clientAuthenticationMethods", "authorizationGrantTypes", "redirectUris",
    "postLogoutRedirectUris", "scopes", "clientSettings", "tokenSettings",
)  # fmt: skip
_REFUSED_GRANTS: Final = {"password", "client_credentials"}
_SECRET_LENGTH: Final = 36
# What the server writes itself where a registration says nothing: Spring's own serialisation of its defaults.
_CLIENT_SETTINGS: Final = (
    '{"@class":"java.util.Collections$UnmodifiableMap","settings.client.require-proof-key":%s,'
    '"settings.client.require-authorization-consent":true}'
)
_DEFAULT_SETTINGS: Final = (
    '{"@class":"java.util.Collections$UnmodifiableMap","settings.token.reuse-refresh-tokens":true,'
    '"settings.token.x509-certificate-bound-access-tokens":false,'
    '"settings.token.id-token-signature-algorithm":'
    '["org.springframework.security.oauth2.jose.jws.SignatureAlgorithm","RS256"],'
    '"settings.token.access-token-time-to-live":["java.time.Duration",300.000000000],'
    '"settings.token.access-token-format":{"@class":'
    '"org.springframework.security.oauth2.server.authorization.settings.OAuth2TokenFormat","value":"self-contained"},'
    '"settings.token.refresh-token-time-to-live":["java.time.Duration",3600.000000000],'
    '"settings.token.authorization-code-time-to-live":["java.time.Duration",300.000000000],'
    '"settings.token.device-code-time-to-live":["java.time.Duration",300.000000000]}'
)


class Clients(msgspec.Struct):
    """The registered clients by id, each as its JSON; `first_secrets` is what `secret_is_right` remembers."""

    by_id: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    first_secrets: dict[str, str] = msgspec.field(default_factory=dict)


@ROUTER.route("POST", "/api/oAuth2Clients")
def register(world: World, request: Request) -> Response:
    """Register a client."""
    _must_manage(world, request)
    try:
        given = msgspec.json.decode(request.body, type=dict[str, Any])
    except msgspec.DecodeError as wrong:
        return messages.problem(world, 409, str(wrong))
    client = _client(world, given)
    if wrong_property := _wrong_property(world, client):
        return _report(world, request, client, wrong_property)
    world.state(Clients).by_id[client["id"]] = client
    request.written = True
    return _report(world, request, client, "")


@ROUTER.route("GET", "/api/oAuth2Clients")
def listed(world: World, request: Request) -> Response:
    """List the clients with the fields that are asked for."""
    _must_manage(world, request)
    wanted = parse_fields(request.first("fields", "id,displayName")).wanted
    rows = [
        {name: client[name] for name in wanted if client.get(name) is not None}
        for client in world.state(Clients).by_id.values()
    ]
    pager = {"page": 1, "pageCount": 1, "total": len(rows), "pageSize": 50}
    return json_response({"pager": pager, "oAuth2Clients": rows})


@ROUTER.route("GET", "/api/oAuth2Clients/{uid}")
def single(world: World, request: Request) -> Response:
    """Show a client."""
    return json_response(_found(world, request))


@ROUTER.route("DELETE", "/api/oAuth2Clients/{uid}")
def delete(world: World, request: Request) -> Response:
    """Delete a client."""
    client = _found(world, request)
    del world.state(Clients).by_id[client["id"]]
    request.written = True
    report = {"responseType": "ObjectReport", "uid": client["id"], "klass": _klass(world), "errorReports": []}
    return messages.web_message(200, response=report)


def client_named(world: World, client_id: str) -> dict[str, Any] | None:
    """Find a client by the id it presents itself with."""
    key = _id_key(world)
    return next((client for client in world.state(Clients).by_id.values() if client.get(key) == client_id), None)


def secret_is_right(world: World, client: dict[str, Any], secret: str) -> bool:
    """Tell whether a client's secret is right.

    Up to 2.41 it is stored in clear. Later it is a bcrypt hash, which nothing here can compute: the first secret a
    client presents counts as the right one, any other is refused afterwards.
    """
    if world.version < (2, 42):
        return secrets.compare_digest(str(client.get("secret", "")), secret)
    if not str(client.get("clientSecret", "")).startswith("$2"):
        return False
    known = world.state(Clients).first_secrets.setdefault(client["id"], secret)
    return bool(secret) and secrets.compare_digest(known, secret)


def _client(world: World, given: dict[str, Any]) -> dict[str, Any]:
    now = world.now()
    stamps = {"id": str(given.get("id") or new_uid()), "created": now, "lastUpdated": now}
    if world.version < (2, 42):
        client = {name: given[name] for name in _LEGACY_FIELDS if name in given}
        return {"secret": str(uuid.uuid4()), "grantTypes": [], "redirectUris": []} | client | stamps
    client = {name: given[name] for name in _FIELDS if given.get(name) is not None}
    # A client without a secret can only prove itself with PKCE.
    settings = _CLIENT_SETTINGS % ("false" if "clientSecret" in client else "true")
    return {"clientSettings": settings, "tokenSettings": _DEFAULT_SETTINGS} | client | stamps


def _wrong_property(world: World, client: dict[str, Any]) -> str:
    """Name the property that is missing, taken or not allowed."""
    key = _id_key(world)
    for name in ("name", key):
        if not client.get(name):
            return name
    if client_named(world, client[key]) is not None:
        return key
    if world.version < (2, 42):
        return "secret" if len(str(client["secret"])) != _SECRET_LENGTH else ""
    grants = {grant.strip() for grant in str(client.get("authorizationGrantTypes", "")).split(",")}
    return "authorizationGrantTypes" if grants & _REFUSED_GRANTS else ""


def _report(world: World, request: Request, client: dict[str, Any], wrong_property: str) -> Response:
    report: dict[str, Any] = {"responseType": "ObjectReport", "uid": client["id"], "klass": _klass(world)}
    if wrong_property:
        error = {
            "message": f"Missing required property `{wrong_property}`",
            "mainKlass": _klass(world),
            "errorCode": "E4000",
            "errorProperty": wrong_property,
        }
        told = "One or more errors occurred, please see full details in import report."
        return messages.web_message(409, told, response=report | {"errorReports": [error]})
    if world.version >= (2, 35):
        report["errorReports"] = []
    response = messages.web_message(201, response=report)
    response.headers["location"] = f"{request.origin}/api/oAuth2Clients/{client['id']}"
    return response


def _found(world: World, request: Request) -> dict[str, Any]:
    _must_manage(world, request)
    client = world.state(Clients).by_id.get(request.args["uid"])
    if client is None:
        raise messages.Refused(messages.not_found(world, _klass(world).rpartition(".")[2], request.args["uid"]))
    return client


def _must_manage(world: World, request: Request) -> None:
    if not request.actor.has(_MANAGE):
        raise messages.Refused(messages.forbidden(world))


def _id_key(world: World) -> str:
    return "cid" if world.version < (2, 42) else "clientId"


def _klass(world: World) -> str:
    package = "org.hisp.dhis.security.oauth2"
    return f"{package}.OAuth2Client" if world.version < (2, 42) else f"{package}.client.Dhis2OAuth2Client"
