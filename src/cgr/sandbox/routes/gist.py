"""Gist lists, 2.37 and later: references as ids, collections as counts, 1000 rows at most (verified fact S4)."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT, Klass
from cgr.sandbox.field_lists import Wanted, parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.messages import not_found, problem
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.selection import Selection, stored_object
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.units import Stored
    from cgr.sandbox.world import World

_MOST_ROWS: Final = 1000
_PAGE_SIZE: Final = 50
_UNIT_FIELDS: Final = (
    "id", "code", "path", "name", "shortName", "contactPerson", "description", "address", "comment", "level", "email",
    "url", "lastUpdated", "created", "openingDate", "closedDate", "phoneNumber", "parent", "lastUpdatedBy", "children",
    "organisationUnitGroups", "users", "dataSets", "programs",
)  # fmt: skip
_OTHER_FIELDS: Final = ("id", "code", "name", "shortName", "lastUpdated", "created")
_TARGETS: Final = {"parent": "organisationUnits", "lastUpdatedBy": "users", "createdBy": "users"}


def gist_list(world: World, request: Request, klass: Klass, among: set[str] | None = None) -> Response:
    """Answer a gist list of a class, or of those objects of it whose ids are `among`."""
    presenter = Presenter(world, request)
    fields = list(parse_fields(request.first("fields")).wanted.values())
    fields = fields or [Wanted(name) for name in (_UNIT_FIELDS if klass is ORGANISATION_UNIT else _OTHER_FIELDS)]
    chosen = [stored for uid, stored in _in_order(world, request, klass) if among is None or uid in among]
    size = min(int(request.first("pageSize", str(_PAGE_SIZE))), _MOST_ROWS)
    number = max(1, int(request.first("page", "1")))
    page = chosen[(number - 1) * size : number * size]
    readers = [(field, _reader(presenter, klass, field)) for field in fields]
    rows = [_row(world, klass, stored, readers) for stored in page]
    shown: list[object] = [row.get(fields[0].name) for row in rows] if len(fields) == 1 else list(rows)
    if request.first("headless") == "true":
        return json_response(shown)
    return json_response({"pager": _pager(world, request, len(chosen), number, size), klass.plural: shown})


def _in_order(world: World, request: Request, klass: Klass) -> list[tuple[str, Any]]:
    """Give the chosen objects; without `order` as they were made."""
    presenter = Presenter(world, request)
    selection = Selection(world, request, klass, presenter.known_names(klass))
    if klass is ORGANISATION_UNIT:
        units = world.units_store.units
        chosen: Any = selection.unit_ids()
        if not selection.orders:
            kept = set(chosen)
            chosen = [uid for uid in units if uid in kept]
        return [(uid, units[uid]) for uid in chosen]
    objects = selection.objects()
    if not selection.orders:
        places = {uid: place for place, uid in enumerate(world.objects.get(klass.plural, {}))}
        objects.sort(key=lambda stored: places[stored["id"]])
    return [(stored["id"], stored) for stored in objects]


def _reader(presenter: Presenter, klass: Klass, field: Wanted) -> Callable[[Any], object]:
    plan = presenter.plan(klass, field.name)
    name = field.name
    if klass is ORGANISATION_UNIT and name == "level":
        return lambda unit: unit.stored_level
    return lambda stored: plan.render(stored).get(name)


def _row(
    world: World,
    klass: Klass,
    stored: Stored,
    readers: list[tuple[Wanted, Callable[[Any], object]]],
) -> dict[str, object]:
    uid = stored.uid if isinstance(stored, Unit) else stored["id"]
    prefix = "/api" if world.version >= (2, 41) else ""
    row: dict[str, object] = {}
    links: dict[str, str] = {}
    for field, read in readers:
        value = read(stored)
        if isinstance(value, list):
            if value:
                links[field.name] = f"{prefix}/{klass.plural}/{uid}/{field.name}/gist"
            value = len(value)
        elif isinstance(value, dict) and field.name in _TARGETS:
            value = value["id"]
            links[field.name] = f"{prefix}/{_TARGETS[field.name]}/{value}/gist"
        if value is not None:
            row[field.name] = value
    if links:
        row["apiEndpoints"] = links
    return row


def _pager(world: World, request: Request, total: int, number: int, size: int) -> dict[str, object]:
    pager: dict[str, object] = {"page": number, "pageSize": size}
    counted = request.first("total") == "true" or request.first("totalPages") == "true"
    if counted:
        pager |= {"total": total, "pageCount": -(-total // size)}
    if number > 1:
        pager["prevPage"] = _link(world, request, number - 1)
    # From 2.43 on a next page is promised without looking, unless the rows were counted.
    if number * size < total or (world.version >= (2, 43) and not counted):
        pager["nextPage"] = _link(world, request, number + 1)
    return pager


def _link(world: World, request: Request, number: int) -> str:
    parts = [(name, value) for name, values in request.query.items() if name != "page" for value in values]
    parts.append(("page", str(number)))
    if world.version >= (2, 41):
        return f"{request.origin}{request.path}?{urllib.parse.urlencode(parts)}"
    return request.path.removeprefix("/api") + "?" + "&".join(f"{name}={value}" for name, value in parts)


def _members(world: World, request: Request, klass: Klass) -> Response:
    """Answer the gist of a collection of one object."""
    uid, prop = request.args["uid"], request.args["prop"]
    if world.version < (2, 37):
        return problem(world, 404, f"{prop} with ID gist could not be found.")
    stored = stored_object(world, klass, uid)
    if stored is None:
        return not_found(world, klass.simple, uid)
    target = KLASSES["organisationUnits" if prop in {"children", "ancestors"} else prop]
    shown = Presenter(world, request).show(klass, stored, prop).get(prop)
    among = {one["id"] for one in shown} if isinstance(shown, list) else set()
    return gist_list(world, request, target, among)


def _register(klass: Klass) -> None:
    path = f"/api/{klass.plural}"

    def listed(world: World, request: Request) -> Response:
        if world.version < (2, 37):
            return not_found(world, klass.simple, "gist")
        return gist_list(world, request, klass)

    def members(world: World, request: Request) -> Response:
        return _members(world, request, klass)

    ROUTER.route("GET", path + "/gist")(listed)
    ROUTER.route("GET", path + "/{uid}/{prop}/gist")(members)


for _klass in KLASSES.values():
    _register(_klass)
