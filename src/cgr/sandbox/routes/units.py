"""What only organisation units have: relatives, GeoJSON, merge and split, filled levels, path rebuild, deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.catalogue import ORGANISATION_UNIT, ORGANISATION_UNIT_LEVEL
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.importer import ImportParams
from cgr.sandbox.importer.writing import Writer
from cgr.sandbox.listing import rows_reply
from cgr.sandbox.messages import Refused, forbidden, problem, web_message
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.objects import find, show_object
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_RELATIVES: Final = ("includeChildren", "includeDescendants", "includeAncestors", "level")


@ROUTER.route("GET HEAD", "/api/organisationUnits/{uid}")
def unit_or_relatives(world: World, request: Request) -> Response:
    """Show a unit, or with a parameter a list of its relatives."""
    if not any(request.first(name) not in {"", "false"} for name in _RELATIVES):
        return show_object(world, request, ORGANISATION_UNIT)
    unit = find(world, request, ORGANISATION_UNIT, request.args["uid"])
    uid = unit.uid if isinstance(unit, Unit) else ""
    return _relatives(world, request, _chosen(world, request, uid))


def _chosen(world: World, request: Request, uid: str) -> list[str]:
    store = world.units_store
    if request.first("includeAncestors") == "true":
        chain = store.ancestors(uid)
        return chain if world.version >= (2, 41) else chain[::-1]
    if request.first("includeChildren") == "true":
        return [uid, *sorted(store.children.get(uid, ()))]
    if level := request.first("level"):
        depth = len(store.ancestors(uid)) + int(level)
        return sorted(one for one in store.descendants(uid) if len(store.ancestors(one)) == depth)
    return [uid, *sorted(store.descendants(uid))]


def _relatives(world: World, request: Request, uids: list[str]) -> Response:
    plan = Presenter(world, request).plan(ORGANISATION_UNIT, request.first("fields", "id,displayName"))
    pager: dict[str, object] | None = (
        {"page": 1, "total": len(uids), "pageSize": 50, "pageCount": 1} if world.version >= (2, 41) else None
    )
    return rows_reply(world, request, plan, uids, pager)


@ROUTER.route("GET", "/api/organisationUnits/{uid}/children")
def children(world: World, request: Request) -> Response:
    """List the children; from 2.41 on with the unit itself before them."""
    find(world, request, ORGANISATION_UNIT, request.args["uid"])
    uid = request.args["uid"]
    below = sorted(world.units_store.children.get(uid, ()))
    if world.version >= (2, 41):
        return _relatives(world, request, [uid, *below])
    presenter = Presenter(world, request)
    plan = presenter.plan(ORGANISATION_UNIT, request.first("fields", "*"))
    return json_response({"children": [plan.render(world.units_store.units[one]) for one in below]})


@ROUTER.route("GET", "/api/organisationUnits/{uid}/parents")
def parents(world: World, request: Request) -> Response:
    """List the ancestors: from the root from 2.41 on, a bare array from below before."""
    find(world, request, ORGANISATION_UNIT, request.args["uid"])
    above = world.units_store.ancestors(request.args["uid"])[:-1]
    if world.version >= (2, 41):
        return _relatives(world, request, above)
    presenter = Presenter(world, request)
    plan = presenter.plan(ORGANISATION_UNIT, request.first("fields", "*"))
    return json_response([plan.render(world.units_store.units[uid]) for uid in reversed(above)])


# GeoJSON


@ROUTER.route("GET", "/api/organisationUnits.geojson")
def geojson(world: World, request: Request) -> Response:
    """Give the units that have a geometry, of the levels and below the parents asked for."""
    store = world.units_store
    levels = {int(level) for level in request.query.get("level", ())}
    above = set(request.query.get("parent", ()))
    if not levels:
        levels = {1} if not above else {len(store.ancestors(uid)) + 1 for uid in above if uid in store.units}
    features = [
        _feature(world, unit)
        for uid in store.sorted_ids()
        if _on_level(world, unit := store.units[uid], levels)
        and (not above or not above.isdisjoint(unit.stored_path.split("/")))
        and _shape(world, unit) is not None
    ]
    return Response(
        200,
        msgspec.json.encode({"type": "FeatureCollection", "features": features}),
        "application/json+geojson;charset=UTF-8" if world.version < (2, 35) else "application/json;charset=UTF-8",
    )


def _on_level(world: World, unit: Unit, levels: set[int]) -> bool:
    level = unit.stored_level if world.version >= (2, 34) else len(world.units_store.ancestors(unit.uid))
    return level in levels


def _shape(world: World, unit: Unit) -> object:
    if world.version >= (2, 32):
        return msgspec.Raw(unit.geometry) if unit.geometry is not None else None
    coordinates, kind = unit.data.get("coordinates"), unit.data.get("featureType")
    if not coordinates:
        return None
    # The text goes out as it is: one broken one makes the whole reply invalid JSON (verified fact O4).
    shown = "Point" if kind == "POINT" else "MultiPolygon"
    return msgspec.Raw(f'{{"type":"{shown}","coordinates":{coordinates}}}'.encode())


def _feature(world: World, unit: Unit) -> dict[str, object]:
    uid = unit.uid
    path = unit.stored_path.strip("/").split("/") if world.version >= (2, 33) else world.units_store.ancestors(uid)
    properties: dict[str, Any] = {"code": unit.data["code"]} if unit.data.get("code") else {}
    properties |= {"name": unit.data["name"], "level": str(len(path))}
    if unit.parent is not None:
        properties["parent"] = unit.parent
    properties["parentGraph"] = "/".join(path[:-1])
    groups = world.objects.get("organisationUnitGroups", {})
    properties["groups"] = [group for group in groups if uid in world.group_members(group)]
    return {"type": "Feature", "id": uid, "geometry": _shape(world, unit), "properties": properties}


# Levels


@ROUTER.route("GET", "/api/filledOrganisationUnitLevels")
def filled_levels(world: World, request: Request) -> Response:
    """Give every level there is, named ones as they are, the gaps as "Level n"."""
    presenter = Presenter(world, request)
    store = world.units_store
    if world.version < (2, 34):
        deepest = max((len(store.ancestors(uid)) for uid in store.units), default=0)
    else:
        deepest = max((unit.stored_level for unit in store.units.values()), default=0)
    named = {level["level"]: level for level in world.objects.get("organisationUnitLevels", {}).values()}
    plan = presenter.plan(ORGANISATION_UNIT_LEVEL, "*" if world.version >= (2, 32) else "*,lastUpdatedBy[id,name]")
    deepest = max([deepest, *named])
    return json_response(
        [_level_shown(world, plan.render(named.get(number, {"id": "", "name": f"Level {number}", "level": number})))
         for number in range(1, deepest + 1)]
    )  # fmt: skip


def _level_shown(world: World, shown: dict[str, Any]) -> dict[str, Any]:
    if world.version < (2, 39):
        shown.pop("access", None)
    if (2, 36) <= world.version < (2, 37):
        shown["sharing"] = {"users": {}, "userGroups": {}} | shown["sharing"]
    if world.version < (2, 36):
        shown = {name: value for name, value in shown.items() if value != []}
    if not shown.get("id"):
        shown.pop("id", None)
        shown.pop("href", None)
    return shown


# Maintenance, merge and split, trail of deletions


@ROUTER.route("POST PUT", "/api/maintenance")
def maintenance(world: World, request: Request) -> Response:
    """Do what the parameters name; only the path rebuild has an effect here."""
    if not request.actor.has("F_PERFORM_MAINTENANCE"):
        return forbidden(world)
    if request.first("ouPathsUpdate") == "true":
        world.units_store.restore_paths()
        request.written = True
    return web_message(200) if world.version >= (2, 43) else Response(204, b"", "")


@ROUTER.route("POST PUT", "/api/maintenance/ouPathsUpdate")
def paths_update(world: World, request: Request) -> Response:
    """Rebuild all stored paths and levels."""
    request.query["ouPathsUpdate"] = ["true"]
    return maintenance(world, request)


@ROUTER.route("POST", "/api/organisationUnits/merge")
def merge(world: World, request: Request) -> Response:
    """Merge units into another: memberships and children go over, the sources go."""
    _since_2_37(world, request)
    given = msgspec.json.decode(request.body)
    sources, target = given.get("sources", []), given.get("target")
    fewest = 1 if world.version >= (2, 39) else 2
    if len(sources) < fewest:
        told = "At least two source orgs unit must be specified" if fewest > 1 else "At least one source org unit"
        return _merge_refused(world, "E1500", told)
    for uid in [*sources, target]:
        find(world, request, ORGANISATION_UNIT, uid)
    for source in sources:
        _hand_over(world, source, [target])
        if given.get("deleteSources", True):
            Writer(world, request.actor, ImportParams()).delete(ORGANISATION_UNIT, source)
    request.written = True
    return web_message(200, "Organisation units merged")


@ROUTER.route("POST", "/api/organisationUnits/split")
def split(world: World, request: Request) -> Response:
    """Split a unit into others, which take over its memberships."""
    _since_2_37(world, request)
    given = msgspec.json.decode(request.body)
    source, targets = given.get("source"), given.get("targets", [])
    if len(targets) < 2:  # noqa: PLR2004 - fewer is no split
        return _merge_refused(world, "E1511", "At least two target org units must be specified")
    for uid in [source, *targets]:
        find(world, request, ORGANISATION_UNIT, uid)
    _hand_over(world, source, targets)
    if given.get("deleteSource", True):
        Writer(world, request.actor, ImportParams()).delete(ORGANISATION_UNIT, source)
    request.written = True
    return web_message(200, "Organisation unit split")


def _since_2_37(world: World, request: Request) -> None:
    if world.version < (2, 37):
        raise Refused(problem(world, 405, f"Request method '{request.method}' not supported"))


def _merge_refused(world: World, code: str, told: str) -> Response:
    response = problem(world, 409, told)
    response.body = msgspec.json.encode(msgspec.json.decode(_bytes(response)) | {"errorCode": code})
    return response


def _bytes(response: Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b"".join(response.body)


def _hand_over(world: World, source: str, targets: list[str]) -> None:
    store = world.units_store
    for group in world.objects.get("organisationUnitGroups", {}).values():
        members = [one["id"] for one in group.get("organisationUnits", ())]
        if source in members:
            group["organisationUnits"] = [{"id": uid} for uid in dict.fromkeys([*members, *targets])]
    world.objects_version += 1
    for child in list(store.children.get(source, ())):
        unit = store.units[child]
        store.put(Unit(dict(unit.data), targets[0], unit.geometry, unit.stored_path, unit.stored_level))
        store.store_path(child)


@ROUTER.route("GET", "/api/deletedObjects")
def deleted_objects(world: World, request: Request) -> Response:
    """Give the trail of deletions; only superusers may read it."""
    if not request.actor.is_superuser:
        more = ", requires one Authority from [ALL]" if world.version >= (2, 41) else ""
        return problem(world, 403, f"Access is denied{more}")
    klass, since = request.first("klass"), request.first("deletedAt")
    found = [
        entry
        for entry in sorted(world.deleted, key=lambda one: (one["klass"], one["uid"]))
        if (not klass or entry["klass"] == klass) and entry["deletedAt"] >= since
    ]
    reply: dict[str, object] = {"deletedObjects": found}
    if request.first("paging") != "false":
        reply = {"pager": {"page": 1, "pageCount": 1, "total": len(found), "pageSize": 50}} | reply
    return json_response(reply)
