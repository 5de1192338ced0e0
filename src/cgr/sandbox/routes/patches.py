"""PATCH of one object: the JSON patch of 2.37 and later (S8), and the older patch with a plain object (O9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT, Klass
from cgr.sandbox.importer import run_import
from cgr.sandbox.messages import Refused, forbidden, problem, web_message
from cgr.sandbox.plain_patch import patch_plainly
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.metadata import charge_import
from cgr.sandbox.routes.objects import find, object_reply, single_params
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.http import Handler, Request, Response
    from cgr.sandbox.units import Stored
    from cgr.sandbox.world import World

_JSON_PATCH: Final = "application/json-patch+json"
_NO_LIST: Final = "JSON parse error: Cannot deserialize value of type `java.util.ArrayList` of operations"
_NO_DATE: Final = 'Cannot invoke "Object.getClass()" because "date" is null'
_NO_CONTAINER: Final = "Parent node is not a container, unable to proceed"


class Operation(msgspec.Struct):
    """One operation of a JSON patch; `id` belongs to remove-by-id."""

    op: str
    path: str
    value: Any = None
    id: str = ""


def _patching(klass: Klass) -> Handler:
    def patch(world: World, request: Request) -> Response:
        if world.version < (2, 37):
            return _before_2_37(world, request, klass)
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        uid = request.args["uid"]
        if kind != _JSON_PATCH and world.version >= (2, 41):
            return problem(world, 415, f"Content-Type '{kind}' is not supported")
        _must_update(request, klass, stored := find(world, request, klass, uid), world)
        if kind != _JSON_PATCH:
            return patch_plainly(world, request, klass, stored)
        return _patched(world, request, klass, stored)

    return patch


def _before_2_37(world: World, request: Request, klass: Klass) -> Response:
    """Patch with a plain object; the versions that don't know JSON patch each refuse it in their way."""
    stored = find(world, request, klass, request.args["uid"])
    _must_update(request, klass, stored, world)
    if request.headers.get("content-type", "").startswith(_JSON_PATCH):
        return problem(world, 400, "Unknown payload format.") if world.version >= (2, 35) else web_message(500)
    return patch_plainly(world, request, klass, stored)


def _must_update(request: Request, klass: Klass, stored: Stored, world: World) -> None:
    data = stored.data if isinstance(stored, Unit) else stored
    if not permissions.may_update(request.actor, klass, data):
        raise Refused(forbidden(world, "You don't have the proper permissions to update this object."))


def _patched(world: World, request: Request, klass: Klass, stored: Stored) -> Response:
    uid = request.args["uid"]
    operations = _operations(world, request)
    target = _owner(world, klass, stored)
    for operation in operations:
        _apply(world, klass, target, operation)
    target["id"] = uid
    charge_import(world, request, {klass.plural: [target]})
    report = run_import(world, request.actor, {klass.plural: [target]}, single_params(request, "UPDATE"))
    request.written = True
    reply = object_reply(world, report, uid, klass)
    if reply.status == 409 and isinstance(reply.body, bytes):  # noqa: PLR2004 - conflict
        # Unlike PUT, a patch that is refused says ERROR.
        reply.body = msgspec.json.encode(msgspec.json.decode(reply.body) | {"status": "ERROR"})
    return reply


def _operations(world: World, request: Request) -> list[Operation]:
    known = {"add", "remove", "replace"} | ({"remove-by-id"} if world.version >= (2, 39) else set())
    status = 400 if world.version >= (2, 43) else 500
    try:
        operations = msgspec.json.decode(request.body, type=list[Operation])
    except msgspec.DecodeError:
        raise Refused(problem(world, status, _NO_LIST)) from None
    for operation in operations:
        if operation.op not in known:
            told = f"JSON parse error: Could not resolve type id '{operation.op}': known type ids = {sorted(known)}"
            raise Refused(problem(world, status, told))
    if world.version >= (2, 43) and (not operations or any(one.path == "/id" for one in operations)):
        raise Refused(problem(world, 400, "Patch changes nothing that may be changed"))
    return operations


def _apply(world: World, klass: Klass, target: dict[str, Any], operation: Operation) -> None:
    *above, last = [part.replace("~1", "/").replace("~0", "~") for part in operation.path.lstrip("/").split("/")]
    # From 2.41 on the values are an object inside, which has no place to append to (C7).
    if above == ["attributeValues"] and world.version >= (2, 41):
        raise Refused(problem(world, 400, _NO_CONTAINER))
    if klass is ORGANISATION_UNIT and last == "openingDate" and operation.value is None:
        raise Refused(problem(world, 500, _NO_DATE) if world.version >= (2, 40) else web_message(500))
    node: Any = target
    for part in above:
        node = node.get(part) if isinstance(node, dict) else None
    if operation.op == "remove-by-id" and isinstance(entries := target.get(last), list):
        target[last] = [entry for entry in entries if entry.get("id") != operation.id]
    elif isinstance(node, dict):
        _set(node, last, operation)
    elif isinstance(node, list):
        _set_in_list(world, node, last, operation)
    else:
        raise Refused(problem(world, 400, _NO_CONTAINER))


def _set(node: dict[str, Any], key: str, operation: Operation) -> None:
    if operation.op == "remove":
        node.pop(key, None)
    else:
        node[key] = operation.value


def _set_in_list(world: World, node: list[Any], key: str, operation: Operation) -> None:
    if key == "-" and operation.op == "add":
        node.append(operation.value)
    elif key.isdigit() and int(key) < len(node):
        at = int(key)
        node[at : at + (operation.op != "add")] = [] if operation.op == "remove" else [operation.value]
    else:
        raise Refused(problem(world, 400, f"Invalid index {key}"))


def _owner(world: World, klass: Klass, stored: Stored) -> dict[str, Any]:
    """Give the object as an import would take it, with its empty lists."""
    if isinstance(stored, Unit):
        return world.units_store.owner_json(stored.uid)
    owner: dict[str, Any] = {prop.name: [] for prop in klass.owned(world.version) if prop.kind == "references"} | stored
    if "attributeValues" in owner:
        pairs = owner["attributeValues"]
        owner["attributeValues"] = [{"attribute": {"id": name}, "value": value} for name, value in pairs]
    return msgspec.json.decode(msgspec.json.encode(owner), type=dict[str, Any])


for _klass in KLASSES.values():
    ROUTER.route("PATCH", f"/api/{_klass.plural}/{{uid}}")(_patching(_klass))
