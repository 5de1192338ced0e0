"""The key-value store that apps keep their settings in; verified fact S15."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.housekeeping import full_access, housekeeping
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.world import World

# Texts before and from 2.37 on; {key} and {namespace} are put in.
_TEXTS: Final = {
    "no namespace": ("The namespace '{namespace}' was not found.", "Namespace not found: '{namespace}'"),
    "no key": (
        "The key '{key}' was not found in the namespace '{namespace}'.",
        "Key '{key}' not found in namespace '{namespace}'",
    ),
    "taken": (
        "The key '{key}' already exists on the namespace '{namespace}'.",
        "Key '{key}' already exists in namespace '{namespace}'",
    ),
    "not json": ("The data is not valid JSON.", "Invalid JSON value for key '{key}'"),
    "created": ("Key '{key}' created.", "Key created: '{key}'"),
    "updated": ("Key '{key}' updated.", "Key updated: '{key}'"),
    "deleted": (
        "Key '{key}' deleted from namespace '{namespace}'.",
        "Key '{key}' deleted from namespace '{namespace}'",
    ),
    "namespace deleted": ("Namespace '{namespace}' deleted.", "Namespace deleted: '{namespace}'"),
}


class Entry(msgspec.Struct):
    """One stored value, as JSON text, and when it was written."""

    value: str
    created: str
    last_updated: str
    uid: str
    owner: str


class DataStore(msgspec.Struct):
    """All namespaces of a world."""

    namespaces: dict[str, dict[str, Entry]] = msgspec.field(default_factory=dict)


@ROUTER.route("GET", "/api/dataStore")
def namespaces(world: World, _request: Request) -> Response:
    """List the namespaces."""
    return json_response(sorted(world.state(DataStore).namespaces))


@ROUTER.route("GET", "/api/dataStore/{namespace}")
def keys(world: World, request: Request) -> Response:
    """List the keys of a namespace."""
    return json_response(list(_namespace(world, request)))


@ROUTER.route("DELETE", "/api/dataStore/{namespace}")
def delete_namespace(world: World, request: Request) -> Response:
    """Delete a namespace with everything in it."""
    _namespace(world, request)
    del world.state(DataStore).namespaces[request.args["namespace"]]
    request.written = True
    return messages.web_message(200, _text(world, request, "namespace deleted"))


@ROUTER.route("GET", "/api/dataStore/{namespace}/{key}")
def value(world: World, request: Request) -> Response:
    """Give a value as it was stored."""
    return Response(200, _entry(world, request).value.encode())


@ROUTER.route("GET", "/api/dataStore/{namespace}/{key}/metaData")
def metadata(world: World, request: Request) -> Response:
    """Give what is known about a value beside the value."""
    entry = _entry(world, request)
    owner = world.user_of(entry.owner) or request.actor
    about: dict[str, Any] = {
        "id": entry.uid,
        "namespace": request.args["namespace"],
        "key": request.args["key"],
        **housekeeping(world, owner, created=entry.created, last_updated=entry.last_updated, public="rw------"),
    }
    if world.version < (2, 37):
        about["value"] = entry.value
    if world.version >= (2, 40):
        about["access"] = full_access(world)
    return json_response(about)


@ROUTER.route("POST", "/api/dataStore/{namespace}/{key}")
def add(world: World, request: Request) -> Response:
    """Store a value under a new key."""
    stored = world.state(DataStore).namespaces.get(request.args["namespace"], {})
    if request.args["key"] in stored:
        return _problem(world, request, 409, "taken", "E1004")
    return _store(world, request, 201)


@ROUTER.route("PUT", "/api/dataStore/{namespace}/{key}")
def replace(world: World, request: Request) -> Response:
    """Store a value; up to 2.36 the key must exist, later it is made."""
    stored = world.state(DataStore).namespaces.get(request.args["namespace"], {})
    if request.args["key"] in stored:
        return _store(world, request, 200)
    return _store(world, request, 201) if world.version >= (2, 37) else _problem(world, request, 404, "no key", "E1005")


@ROUTER.route("DELETE", "/api/dataStore/{namespace}/{key}")
def delete(world: World, request: Request) -> Response:
    """Delete a value; the namespace goes with its last key."""
    _entry(world, request)
    everything = world.state(DataStore).namespaces
    del everything[request.args["namespace"]][request.args["key"]]
    if not everything[request.args["namespace"]]:
        del everything[request.args["namespace"]]
    request.written = True
    return messages.web_message(200, _text(world, request, "deleted"))


def _store(world: World, request: Request, status: int) -> Response:
    try:
        value = msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        return _problem(world, request, 400, "not json", "E1003")
    # 2.31 keeps the text as it was sent, later versions write the JSON anew.
    text = request.body.decode() if world.version < (2, 32) else msgspec.json.encode(value).decode()
    stored = world.state(DataStore).namespaces.setdefault(request.args["namespace"], {})
    now = world.now()
    before = stored.get(request.args["key"])
    created, uid = (before.created, before.uid) if before is not None else (now, new_uid())
    stored[request.args["key"]] = Entry(text, created, now, uid, request.actor.uid)
    request.written = True
    return messages.web_message(status, _text(world, request, "created" if before is None else "updated"))


def _namespace(world: World, request: Request) -> dict[str, Entry]:
    found = world.state(DataStore).namespaces.get(request.args["namespace"])
    if found is None:
        raise messages.Refused(_problem(world, request, 404, "no namespace", "E1005"))
    return found


def _entry(world: World, request: Request) -> Entry:
    found = world.state(DataStore).namespaces.get(request.args["namespace"], {}).get(request.args["key"])
    if found is None:
        raise messages.Refused(_problem(world, request, 404, "no key", "E1005"))
    return found


def _problem(world: World, request: Request, status: int, text: str, code: str) -> Response:
    return messages.problem(world, status, _text(world, request, text), code)


def _text(world: World, request: Request, name: str) -> str:
    return _TEXTS[name][world.version >= (2, 37)].format(**{"key": "", **request.args})
