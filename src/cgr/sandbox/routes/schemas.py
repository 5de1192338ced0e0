"""Schemas: what the server says about the properties of a class, and its check of one object against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox.catalogue import KLASSES, Klass, Property
from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.importer import ImportParams, decode_payload, run_import
from cgr.sandbox.messages import problem, web_message
from cgr.sandbox.presentation import narrowed
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_SINGULAR: Final = {klass.singular: klass for klass in KLASSES.values()}
_LONGEST: Final = 2**31 - 1
_TYPES: Final = {
    "text": "TEXT", "long_text": "TEXT", "email": "EMAIL", "url": "URL", "date": "DATE", "integer": "INTEGER",
    "flag": "BOOLEAN", "constant": "CONSTANT", "geometry": "COMPLEX", "reference": "REFERENCE", "values": "COMPLEX",
    "sharing": "COMPLEX", "references": "COLLECTION", "translations": "COLLECTION", "texts": "COLLECTION",
}  # fmt: skip
_NAMES: Final = {"id": "uid", "level": "hierarchyLevel", "organisationUnits": "members"}
_TRANSLATED: Final = {"name": "NAME", "shortName": "SHORT_NAME", "description": "DESCRIPTION"}


@ROUTER.route("GET", "/api/schemas")
def all_schemas(world: World, request: Request) -> Response:
    """Describe every class."""
    return json_response({"schemas": [_shown(world, request, klass) for klass in KLASSES.values()]})


@ROUTER.route("GET", "/api/schemas/{name}")
def schema(world: World, request: Request) -> Response:
    """Describe one class."""
    klass = _SINGULAR.get(request.args["name"]) or KLASSES.get(request.args["name"])
    if klass is None:
        told = f"Type {request.args['name']} does not exist."
        if world.version >= (2, 41):
            return problem(world, 404, told, "E1005")
        return problem(world, 404, f"404 {told}")
    return json_response(_shown(world, request, klass))


@ROUTER.route("POST", "/api/schemas/{name}")
def check_object(world: World, request: Request) -> Response:
    """Check one object against the properties of its class only."""
    klass = _SINGULAR[request.args["name"]]
    params = ImportParams(validate_only=True, report_mode="FULL")
    report = run_import(world, request.actor, {klass.plural: [decode_payload(world, request.body)]}, params)
    found = [
        finding.shown(world.version)
        for kind in report.types
        for one in kind.objects.values()
        for finding in one.findings
        if finding.code.startswith("E400")
    ]
    return web_message(400 if found else 200, response={"responseType": "ErrorReports", "errorReports": found})


def _shown(world: World, request: Request, klass: Klass) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "klass": klass.java_name,
        "identifiableObject": True,
        "nameableObject": klass.nameable,
        "singular": klass.singular,
        "plural": klass.plural,
        "name": klass.singular,
        "metadata": True,
        "shareable": klass.shareable,
        "relativeApiEndpoint": f"/{klass.plural}",
        "apiEndpoint": f"{request.origin}/api/{klass.plural}",
        "authorities": _authorities(klass),
        "properties": [_property(klass, prop) for prop in klass.owned(world.version)],
    }
    if world.version < (2, 39):
        whole["translatable"] = True
    asked = parse_fields(request.first("fields", "*"))
    shown = narrowed(whole, asked)
    return shown if isinstance(shown, dict) else whole


def _authorities(klass: Klass) -> list[dict[str, object]]:
    create = "CREATE_PUBLIC" if klass.create_private else "CREATE"
    given = ((create, klass.create_public), ("CREATE_PRIVATE", klass.create_private), ("DELETE", klass.delete))
    return [{"type": kind, "authorities": [name]} for kind, name in given if name]


def _property(klass: Klass, prop: Property) -> dict[str, Any]:
    kind = "IDENTIFIER" if prop.name in {"id", "code"} else _TYPES[prop.kind]
    collection = kind == "COLLECTION"
    length = prop.length or (_LONGEST if prop.kind == "long_text" else 255)
    shown: dict[str, Any] = {
        "name": prop.name,
        "fieldName": _NAMES.get(prop.name, prop.name),
        "propertyType": kind,
        "persisted": True,
        "owner": True,
        "readable": True,
        "writable": True,
        "simple": kind not in {"REFERENCE", "COMPLEX", "COLLECTION"},
        "collection": collection,
        "required": prop.required,
        "unique": prop.unique or prop.name == "id",
        "length": length,
        "translatable": prop.name in _TRANSLATED and klass.nameable,
    }
    if kind in {"TEXT", "IDENTIFIER", "EMAIL", "URL"}:
        shown |= {"max": float(length), "min": float(length) if prop.name == "id" else 1.0 if prop.required else 0.0}
    if shown["translatable"]:
        shown["translationKey"] = _TRANSLATED[prop.name]
    if collection:
        shown["collectionName"] = prop.name
    return shown
