"""Members of groups: additions and deletions, with the replies that say 500 although all is stored (H10, H11, O3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import ORGANISATION_UNIT_GROUP, ORGANISATION_UNIT_GROUP_SET, Klass
from cgr.sandbox.http import Request, Response
from cgr.sandbox.messages import Refused, container_page, forbidden, not_found, problem, web_message
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.metadata import unsupported_content

if TYPE_CHECKING:
    from cgr.sandbox.http import Handler
    from cgr.sandbox.world import World

_MEMBERS = {ORGANISATION_UNIT_GROUP: "organisationUnits", ORGANISATION_UNIT_GROUP_SET: "organisationUnitGroups"}


def _collection(world: World, request: Request, klass: Klass, *, several: bool) -> tuple[dict[str, Any], str]:
    """Find the object and the name of its collection; raises Refused as the version does."""
    uid, prop = request.args["uid"], request.args["prop"]
    stored = world.objects.get(klass.plural, {}).get(uid)
    user = request.actor
    if stored is None:
        if several and world.version < (2, 41):
            raise Refused(problem(world, 500, "Index 0 out of bounds for length 0"))
        raise Refused(not_found(world, klass.simple, uid))
    if not permissions.may_read(user, klass, stored) and world.version >= (2, 41):
        raise Refused(not_found(world, klass.simple, uid))
    if prop not in Presenter(world, request).known_names(klass):
        raise Refused(problem(world, 404, f"Property {prop} does not exist on {klass.java_name}", "E1005"))
    if not permissions.may_update(user, klass, stored):
        raise Refused(forbidden(world, "You don't have the proper permissions to update this object."))
    return stored, prop


def _ids(world: World, name: str, given: dict[str, Any]) -> list[str | None]:
    entries = given.get(name) or []
    for entry in entries:
        if not isinstance(entry, dict):
            told = (
                "Cannot construct instance of `org.hisp.dhis.common.BaseIdentifiableObject` (although at least one"
                " Creator exists): no String-argument constructor/factory method to deserialize from String value"
                f" ('{entry}')"
            )
            raise Refused(problem(world, 409 if world.version >= (2, 43) else 500, told))
    return [entry.get("id") for entry in entries]


def _change(
    world: World, stored: dict[str, Any], prop: str, additions: list[str | None], deletions: list[str | None]
) -> dict[str, int]:
    """Change the members; ids nobody has are passed over in silence. Gives the counts."""
    known: Any = world.units_store.units if prop == "organisationUnits" else world.objects.get(prop, {})
    members = dict.fromkeys(one["id"] for one in stored.get(prop, ()))
    counts = {"created": 0, "updated": 0, "deleted": 0, "ignored": 0}
    for uid in deletions:
        if uid in known:
            counts["deleted" if uid in members else "ignored"] += 1
            members.pop(uid, None)
    for uid in additions:
        if uid in known:
            counts["ignored" if uid in members else "updated"] += 1
            members[uid] = None
    stored[prop] = [{"id": uid} for uid in members]
    if world.version < (2, 41):
        stored["lastUpdated"] = world.now()  # verified fact S7
    world.objects_version += 1
    return counts


def _reply(world: World, request: Request, counts: dict[str, int], *, several: bool) -> Response:
    version = world.version
    if version >= (2, 38):
        stats = counts | {"total": sum(counts.values())}
        return web_message(
            200,
            response={"responseType": "TypeReport", "status": "OK", "stats": stats, "objectReports": []},
        )
    if several and not _has_its_reply(version):
        view = request.path.removeprefix("/api/")
        return container_page(500, f"Could not resolve view with name '{view}' in servlet with name 'webapi'")
    return Response(204, b"", "")


def _has_its_reply(version: tuple[int, ...]) -> bool:
    """Whether the release got the repair that gives additions an answer (api.md section 5.9)."""
    repaired = {31: (2, 32), 32: (2, 33), 33: (2, 33, 9), 34: (2, 34, 4), 35: (2, 35, 2)}
    return version >= repaired.get(version[1], (2, 36))


def _register(klass: Klass) -> None:
    path = f"/api/{klass.plural}/{{uid}}/{{prop}}"
    ROUTER.route("POST", path)(_adding(klass))
    ROUTER.route("PUT", path)(_replacing(klass))
    ROUTER.route("POST", path + "/{member}")(_single(klass, adds=True))
    ROUTER.route("DELETE", path + "/{member}")(_single(klass, adds=False))


def _adding(klass: Klass) -> Handler:
    def add(world: World, request: Request) -> Response:
        if (refusal := unsupported_content(world, request)) is not None:
            return refusal
        stored, prop = _collection(world, request, klass, several=True)
        given = msgspec.json.decode(request.body or b"{}")
        additions = _ids(world, "additions", given) + _ids(world, "identifiableObjects", given)
        before = len(stored.get(prop, ()))
        counts = _change(world, stored, prop, additions, _ids(world, "deletions", given))
        request.written = True
        request.delay = world.latency.adding(before, added=len(additions))
        return _reply(world, request, counts, several=True)

    return add


def _replacing(klass: Klass) -> Handler:
    def replace(world: World, request: Request) -> Response:
        stored, prop = _collection(world, request, klass, several=True)
        given = msgspec.json.decode(request.body or b"{}")
        if world.version < (2, 35):
            told = (
                f"failed to lazily initialize a collection of role: {klass.java_name}.members, could not initialize"
                " proxy - no Session"
            )
            return problem(world, 500, told)
        wanted = _ids(world, "identifiableObjects", given)
        present: list[str | None] = [one["id"] for one in stored.get(prop, ())]
        counts = _change(
            world,
            stored,
            prop,
            [uid for uid in wanted if uid not in present],
            [uid for uid in present if uid not in wanted],
        )
        request.written = True
        return _reply(world, request, counts, several=True)

    return replace


def _single(klass: Klass, *, adds: bool) -> Handler:
    def change(world: World, request: Request) -> Response:
        stored, prop = _collection(world, request, klass, several=False)
        member: list[str | None] = [request.args["member"]]
        counts = _change(world, stored, prop, member if adds else [], [] if adds else member)
        request.written = True
        return _reply(world, request, counts, several=False)

    return change


for _klass in _MEMBERS:
    _register(_klass)
