"""The documents by which a client finds the authorization server of 2.42 and later, and their absence before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox import messages
from cgr.sandbox.container import container_error
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_CLIENT_PROOFS: Final = [
    "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "tls_client_auth",
    "self_signed_tls_client_auth",
]  # fmt: skip
_GRANTS: Final = [
    "authorization_code", "client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]  # fmt: skip
_DPOP: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
_ENDPOINTS: Final = {
    "authorization_endpoint": "/oauth2/authorize",
    "device_authorization_endpoint": "/oauth2/device_authorization",
    "token_endpoint": "/oauth2/token",
    "jwks_uri": "/oauth2/jwks",
    "revocation_endpoint": "/oauth2/revoke",
    "introspection_endpoint": "/oauth2/introspect",
}


@ROUTER.route("GET", "/.well-known/openid-configuration", anonymous=True)
def openid_configuration(world: World, request: Request) -> Response:
    """Give the OpenID provider's document."""
    if world.version < (2, 42):
        return absent(world, request)
    return json_response(
        {
            **_server(world, request),
            "userinfo_endpoint": f"{request.origin}/userinfo",
            "end_session_endpoint": f"{request.origin}/connect/logout",
            "registration_endpoint": f"{request.origin}/connect/register",
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid"],
        }
    )


@ROUTER.route("GET", "/.well-known/oauth-authorization-server", anonymous=True)
def authorization_server(world: World, request: Request) -> Response:
    """Give the authorization server's document."""
    return json_response(_server(world, request)) if world.version >= (2, 42) else absent(world, request)


@ROUTER.route("GET POST", "/connect/register", anonymous=True)
def dynamic_registration(world: World, request: Request) -> Response:
    """Refuse to register a client without the server's own token."""
    if world.version < (2, 42):
        return absent(world, request)
    return Response(401, b"", "", {"www-authenticate": "Bearer"})


def absent(world: World, request: Request) -> Response:
    """Answer for a page that this version doesn't have: to somebody who isn't signed in it may ask to sign in."""
    at_root = not request.path.startswith("/oauth2/")
    if world.version < (2, 35) or (world.version < (2, 37) and at_root):
        return messages.sign_in_wanted(world, request)
    return container_error(
        world,
        request,
        404,
        "" if world.version >= (2, 37) else f"The requested resource [{request.path}] is not available",
    )


def _server(world: World, request: Request) -> dict[str, Any]:
    document: dict[str, Any] = {name: request.origin + path for name, path in _ENDPOINTS.items()}
    if world.version >= (2, 43):
        document["pushed_authorization_request_endpoint"] = f"{request.origin}/oauth2/par"
    return document | {
        "issuer": f"{request.origin}/",
        "token_endpoint_auth_methods_supported": _CLIENT_PROOFS,
        "revocation_endpoint_auth_methods_supported": _CLIENT_PROOFS,
        "introspection_endpoint_auth_methods_supported": _CLIENT_PROOFS,
        "response_types_supported": ["code"],
        "grant_types_supported": _GRANTS,
        "code_challenge_methods_supported": ["S256"],
        "tls_client_certificate_bound_access_tokens": True,
        "dpop_signing_alg_values_supported": _DPOP,
    }
