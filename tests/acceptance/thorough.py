"""Edits that make every step of a run necessary, and what a DHIS2 looks like from outside when they have arrived.

New parents with new children, new names and values, moves with descendants, a level's group, groups by term, and one
unit that DHIS2 refuses although its own validation let it through: what a run is disturbed in has to matter.
"""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cgr.sandbox.faults import Fault
from cgr.sandbox.world import World

from .country import GZIP, ID_OF, LEVELS, PLACES, district, facility, metadata, object_of
from .mappable import BEDS_IN_DHIS2, CLINICS, OWNERSHIP_IN_DHIS2, PRIVATE, PUBLIC, offer_ownership

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.sandbox.http import Request
    from cgr.sandbox.world import LoggedRequest

FACILITY: dict[str, Any] = {
    "groups": [CLINICS],
    "attributes": [
        {"from": "beds", "to": BEDS_IN_DHIS2},
        {"from": "owner", "to": OWNERSHIP_IN_DHIS2, "terms": {"PUB": "1", "PRI": "2"}},
        {"from": "owner", "groups": {"PUB": PUBLIC, "PRI": PRIVATE}},
    ],
}
MAPPING = [{**level, **(FACILITY if name == "facility" else {})} for name, level in LEVELS.items()]

EDITS: list[dict[str, Any]] = [
    district("X", "N"),
    facility("X1", "X", values={"owner": "PUB", "beds": 5}),
    facility("X2", "X", values={"owner": "PRI"}),
    {"type": "district", "code": "A", "parents": {"admin": "S"}},
    {"type": "facility", "code": "F1", "label": {"default": "Abo Hospital"}, "values": {"owner": "PRI", "beds": 12}},
    {"type": "facility", "code": "F2", "label": {"default": "Kono Hospital"}},
    {"type": "facility", "code": "F3", "label": {"default": "Moa Hospital"}},
    {"type": "facility", "code": "F4", "parents": {"admin": "A"}},
]
CHANGED = {"X", "X1", "X2", "A", "F1", "F2", "F3", "F4"}
REFUSED = "F3"
GROUPS = (CLINICS, PUBLIC, PRIVATE)
_STAMPS = frozenset({"id", "lastUpdated", "lastUpdatedBy", "created", "createdBy", "user"})


def troubled_world(version: str = "2.42") -> World:
    """Give a DHIS2 with the country, equal to the registry before the edits; it refuses one unit when it is sent."""
    world = World(version)
    world.load({"version": version, "metadata": metadata(version)})
    offer_ownership(world)
    refuse_when_stored(world)
    return world


def refuse_when_stored(world: World) -> None:
    """Have DHIS2 refuse the name of one unit, but not when it only validates."""
    world.faults.add(Fault("call", method="POST", path="/api/metadata", times=0, call=_lengthen_name))


def _lengthen_name(_world: World, request: Request) -> None:
    if request.query["importMode"] != ["COMMIT"]:
        return
    body = gzip.decompress(request.body) if request.body.startswith(GZIP) else request.body
    content = json.loads(body)
    for unit in content["organisationUnits"]:
        if unit["id"] == ID_OF[REFUSED]:
            unit["name"] = "x" * 300
    request.body = json.dumps(content).encode()


def country_in(systems: Iterable[str]) -> list[dict[str, Any]]:
    """Give the lines of the country's objects, known to several DHIS2s under the same ids."""
    codes = list(systems)
    return [{**object_of(*place), "external_ids": dict.fromkeys(codes, place[3])} for place in PLACES]


def seen_from_outside(world: World) -> dict[str, Any]:
    """Give all units and all members of groups, by code and without what differs between two equal runs.

    A new unit has another id in each DHIS2, so ids are told by code; a code that comes twice shows as a list of two.
    """
    units = world.units()
    code_of = {uid: unit.get("code", uid) for uid, unit in units.items()}
    seen: dict[str, Any] = {}
    for uid, unit in sorted(units.items()):
        told = {name: value for name, value in deepcopy(unit).items() if name not in _STAMPS}
        if "parent" in told:
            told["parent"] = code_of.get(told["parent"]["id"], "gone")
        told["path"] = [code_of.get(part, "gone") for part in told["path"].split("/") if part]
        told["attributeValues"] = sorted(
            (value["attribute"]["id"], value["value"]) for value in told.get("attributeValues", ())
        )
        seen.setdefault(code_of[uid], []).append(told)
    groups = {group: sorted(code_of.get(uid, "gone") for uid in world.group_members(group)) for group in GROUPS}
    return {"units": seen, "groups": groups}


def what(request: Request | LoggedRequest) -> str:
    """Name a request of a run by what it is for."""
    kind = request.method, request.path.removeprefix("/api/")
    match kind:
        case "GET", "organisationUnits":
            owners = request.query.get("fields") == [":owner"]
            return "owners" if owners else "read" if "page" in request.query else ""
        case "POST", "metadata":
            return {"VALIDATE": "validate", "COMMIT": "commit"}[request.query["importMode"][0]]
        case "POST", "maintenance":
            return "paths"
        case "GET", path if path.startswith("organisationUnitGroups/"):
            return "members"
        case "POST", path if path.startswith("organisationUnitGroups/"):
            return "group"
    return ""
