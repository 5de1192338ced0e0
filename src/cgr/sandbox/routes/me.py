"""Who the client is: `/api/me`, its authorities, and what each version calls them (verified facts A4 and O13)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox.authorities import listed, of_superusers
from cgr.sandbox.catalogue import KLASSES, USER
from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.messages import container_page
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.world import World


@ROUTER.route("GET", "/api/me")
def me(world: World, request: Request) -> Response:
    """Show the signed-in user."""
    user = request.actor
    shown = _whole(world, request, user)
    wanted = parse_fields(request.first("fields", "*"))
    if wanted.presets:
        return json_response(shown)
    presenter = Presenter(world, request)
    reply = {name: shown[name] for name in wanted.wanted if name in shown}
    asks_authorities = "authorities" in request.first("fields").partition("userCredentials[")[2]
    if asks_authorities and "authorities" in shown and world.version < (2, 38):
        reply["authorities"] = shown["authorities"]
    nested = [name for name, field in wanted.wanted.items() if field.inner is not None and name in _NESTED]
    if nested:
        known = presenter.show(USER, user.data, request.first("fields"))
        reply |= {name: known[name] for name in nested if name in known and name in shown}
    return json_response(reply)


_NESTED: Final = {"organisationUnits", "dataViewOrganisationUnits", "userRoles", "userGroups", "userCredentials"}


def _whole(world: World, request: Request, user: User) -> dict[str, Any]:
    data = user.data
    shown: dict[str, Any] = Presenter(world, request).show(USER, data, "*", single=True)
    shown |= {
        "name": user.name,
        "displayName": user.name,
        "organisationUnits": data.get("organisationUnits", []),
        "dataViewOrganisationUnits": data.get("dataViewOrganisationUnits", []),
    }
    if world.version >= (2, 38):
        shown |= {"username": user.username, "userRoles": data.get("userRoles", [])}
    if world.version >= (2, 34):
        shown |= {"authorities": listed(user), "settings": _settings(world)}
    return shown


def _settings(world: World) -> dict[str, object]:
    if world.version >= (2, 41):
        return {"keyUiLocale": "en", "keyDbLocale": "en"}
    return {
        "keyUiLocale": "en",
        "keyStyle": "light_blue/light_blue.css",
        "keyAnalysisDisplayProperty": "name",
        "keyMessageSmsNotification": True,
        "keyMessageEmailNotification": True,
    }


@ROUTER.route("GET", "/api/me/authorities")
def authorities(world: World, request: Request) -> Response:
    """List the authorities; 2.31 doesn't know the path."""
    if world.version < (2, 32):
        return container_page(404)
    return json_response(listed(request.actor))


@ROUTER.route("GET", "/api/me/authorities/{authority}")
def has_authority(world: World, request: Request) -> Response:
    """Say whether the user has an authority; true for superusers whatever it is called."""
    if world.version < (2, 32):
        return container_page(404)
    return json_response(request.actor.has(request.args["authority"]))


@ROUTER.route("GET", "/api/me/authorization")
def authorization(world: World, request: Request) -> Response:
    """List the authorities, the old way; all versions know it."""
    return json_response(listed(request.actor)) if world.version < (2, 42) else container_page(404)


@ROUTER.route("GET", "/api/me/authorization/{authority}")
def has_authorization(world: World, request: Request) -> Response:
    """Say whether the user has an authority, the old way."""
    allowed = request.actor.has(request.args["authority"])
    return json_response(allowed) if world.version < (2, 42) else container_page(404)


@ROUTER.route("GET", "/api/authorities")
def all_authorities(world: World, _: Request) -> Response:
    """List what can be granted, from 2.37 on."""
    if world.version < (2, 37):
        return container_page(404)
    names = {name for klass in KLASSES.values() for name in (klass.create_public, klass.create_private, klass.delete)}
    every = sorted(names | of_superusers(world.version) - {"ALL"})
    return json_response({"systemAuthorities": [{"id": name, "name": name} for name in every if name]})
