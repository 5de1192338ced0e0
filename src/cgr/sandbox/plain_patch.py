"""The patch with a plain object, up to 2.40: no checks, and a parent that renames units (verified fact O9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.http import Request, Response
from cgr.sandbox.messages import Refused, problem
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.catalogue import Klass, Property
    from cgr.sandbox.units import Stored
    from cgr.sandbox.world import World

_SQL: Final = "could not execute statement"
_NO_NESTING: Final = "Payload can not contain objects or arrays."
_SCALARS: Final = frozenset({"text", "long_text", "email", "url", "integer", "flag", "constant"})


def patch_plainly(world: World, request: Request, klass: Klass, stored: Stored) -> Response:
    """Set the given properties of an object; what is null, a list or unknown is passed over without a word."""
    try:
        given = msgspec.json.decode(request.body or b"{}")
    except msgspec.DecodeError as wrong:
        raise Refused(problem(world, 400, str(wrong))) from None
    nested = isinstance(given, list) or any(isinstance(value, dict | list) for value in given.values())
    if nested and world.version >= (2, 37):
        return problem(world, 400, _NO_NESTING, "E1003")
    if isinstance(given, dict):
        _patch(world, klass, stored, given)
        request.written = True
    return Response(204, b"", "")


def _patch(world: World, klass: Klass, stored: Stored, given: dict[str, Any]) -> None:
    data = dict(stored.data) if isinstance(stored, Unit) else stored
    changes = {
        prop.name: given[prop.name]
        for prop in klass.owned(world.version)
        if prop.kind in _SCALARS and given.get(prop.name) is not None
    }
    for prop in klass.owned(world.version):
        _refuse_as_sql_does(world, prop, data, changes)
    reference = given.get("parent")
    new_id = str(reference.get("id")) if isinstance(reference, dict) else None
    if new_id in world.units_store.units:
        raise Refused(problem(world, 500, _SQL))
    data |= changes
    data["lastUpdated"] = world.now()
    if not isinstance(stored, Unit):
        world.objects_version += 1
        return
    world.units_store.put(Unit(data, stored.parent, stored.geometry, stored.stored_path, stored.stored_level))
    if new_id is not None and stored.parent is not None:
        _rename(world, stored.parent, new_id)


def _refuse_as_sql_does(world: World, prop: Property, data: dict[str, Any], changes: dict[str, Any]) -> None:
    value = changes.get(prop.name)
    too_long = prop.length is not None and isinstance(value, str) and len(value) > prop.length
    holder = world.units_store.by_code.get(str(value)) if prop.name == "code" and value is not None else None
    if too_long or holder not in (None, data["id"]):
        raise Refused(problem(world, 500, _SQL))


def _rename(world: World, uid: str, new: str) -> None:
    """Change the id of a unit: what such a patch of a child's parent does to the parent it has now."""
    store = world.units_store
    unit = store.units[uid]
    below = list(store.children.get(uid, ()))
    store.remove(uid)
    store.put(Unit(unit.data | {"id": new}, unit.parent, unit.geometry, unit.stored_path, unit.stored_level))
    for child in below:
        old = store.units[child]
        store.put(Unit(dict(old.data), new, old.geometry, old.stored_path, old.stored_level))
    for moved in (new, *store.descendants(new)):
        store.store_path(moved)
    for group in world.objects.get("organisationUnitGroups", {}).values():
        members = group.get("organisationUnits", ())
        group["organisationUnits"] = [{"id": new} if member["id"] == uid else member for member in members]
    world.objects_version += 1
