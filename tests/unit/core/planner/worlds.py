"""Small worlds to plan in: a registry and a DHIS2 side by side, and a model of what DHIS2 makes of a plan.

The model keeps what DHIS2 keeps and nothing of the planner, so that "apply, then plan again" says something.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cgr.core.changes import Change, Kind, Plan, Problem
from cgr.core.geometry import from_geojson
from cgr.core.mapping_rules import parse_mapping
from cgr.core.overlay import from_owner, overlay
from cgr.core.planner import Theirs, plan
from cgr.core.records import (
    Existence,
    OurAttribute,
    OurObject,
    OurType,
    RemoteAttribute,
    RemoteGroup,
    RemoteLevel,
    RemoteOption,
    RemoteShape,
    TheirUnit,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.mapping import SyncMapping
    from cgr.core.records import Value

TODAY = "2026-11-23"
SYSTEM = "hmis"
TYPES = ("country", "region", "district", "facility")

ATTRIBUTES = (
    OurAttribute("beds", "integer", {"default": "Beds"}),
    OurAttribute("remarks", "localized_text", {"default": "Remarks"}),
    OurAttribute("phone", "text", {"default": "Phone"}),
    OurAttribute("licence", "text", {"default": "Licence"}),
    OurAttribute("emergency", "boolean", {"default": "Emergency care"}),
    OurAttribute("surveyed", "date", {"default": "Surveyed"}),
    OurAttribute("share", "decimal", {"default": "Share"}),
    OurAttribute(
        "owner",
        "term",
        {"default": "Owner"},
        {"PUB": {"default": "Public"}, "PRI": {"default": "Private"}, "NGO": {"default": "NGO"}},
    ),
)

BEDS, OWNER, LICENCE, EMERGENCY = "attrBeds001", "attrOwner01", "attrLicenc1", "attrEmerg01"
PUBLIC, PRIVATE, ALL_FACILITIES = "groupPubli1", "groupPriva1", "groupAllFa1"


def point(x: float, y: float) -> bytes:
    """Make the WKB of a point."""
    return struct.pack("<BI2d", 1, 1, x, y)


def geojson(shape: dict[str, Any]) -> bytes:
    return json.dumps(shape).encode()


def area(*rings: list[list[float]]) -> bytes:
    return from_geojson({"type": "Polygon", "coordinates": list(rings)})


def types(geometry: str = "mixed") -> dict[str, OurType]:
    parents = (None, *TYPES)
    return {
        code: OurType(code, {"default": code.title()}, geometry, parent, {one.code: one for one in ATTRIBUTES})
        for code, parent in zip(TYPES, parents, strict=False)
    }


def shape(*, version: tuple[int, ...] = (2, 42), mandatory: tuple[str, ...] = ()) -> RemoteShape:
    options = (RemoteOption("opt1", "1", "Public"), RemoteOption("opt2", "2", "Private"))
    attributes = (
        RemoteAttribute(BEDS, "Beds", "INTEGER_ZERO_OR_POSITIVE", for_units=True),
        RemoteAttribute(OWNER, "Ownership", "TEXT", for_units=True, option_set="optionSet01", options=options),
        RemoteAttribute(LICENCE, "Licence number", "TEXT", for_units=True, unique=True),
        RemoteAttribute(EMERGENCY, "Emergency care", "TRUE_ONLY", for_units=True),
    )
    groups = (
        RemoteGroup(PUBLIC, "Public", ("setOwner001",)),
        RemoteGroup(PRIVATE, "Private", ("setOwner001",)),
        RemoteGroup(ALL_FACILITIES, "All facilities"),
    )
    return RemoteShape(
        version=version,
        user="admin",
        authorities=frozenset({"ALL"}),
        levels=tuple(RemoteLevel(number, name) for number, name in enumerate(TYPES, start=1)),
        attributes={one.id: replace(one, mandatory=one.id in mandatory) for one in attributes},
        groups={one.id: one for one in groups},
    )


def uid(name: str) -> str:
    """Make an id that tells whose it is: `uid("F1")` is `uF100000000`."""
    return f"u{name}".ljust(11, "0")


@dataclass
class World:
    """A registry and a DHIS2 that agree, until a test changes one of them."""

    objects: dict[str, OurObject] = field(default_factory=dict)
    owners: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    levels: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    shape: RemoteShape = field(default_factory=shape)
    geometry: str = "mixed"

    def __post_init__(self) -> None:
        if not self.levels:
            self.levels = [{"type": code, "sync": "both"} for code in TYPES]
        if not self.members:
            self.members = {group: set() for group in self.shape.groups}

    def add(self, name: str, parent: str | None = None, /, *, linked: bool = True, **ours: object) -> OurObject:
        """Add an object below another; if linked, with a unit that agrees. Its code begins with its type's letter."""
        one = OurObject(
            key=len(self.objects) + 1,
            uid=f"uid-{name}",
            type={"C": "country", "R": "region", "D": "district", "F": "facility"}[name[0]],
            code=name,
            version=1,
            invalid=False,
            existence=Existence.EXISTS,
            starts="2001-01-01",
            ends=None,
            label={"default": f"Place {name}"},
            values={},
            geometry=None,
            parents=(self.objects[parent].key,) if parent else (),
            external_id=uid(name) if linked else None,
            reserved=False,
        )
        if linked:
            self.owners[uid(name)] = {
                "id": uid(name),
                "name": f"Place {name}",
                "shortName": f"Place {name}",
                "code": name,
                "openingDate": "2001-01-01T00:00:00.000",
                "parent": {"id": self.objects[parent].external_id} if parent else None,
            }
        self.objects[name] = replace(one, **ours)
        return self.objects[name]

    def change(self, name: str, /, **ours: object) -> None:
        """Change an object in the registry; it goes on being called by its first code here."""
        self.objects[name] = replace(self.objects[name], **ours)

    def rename(self, code: str, name: str, **other: str) -> None:
        self.change(code, label={"default": name, **other})

    def move(self, code: str, *parents: str) -> None:
        self.change(code, parents=tuple(self.objects[parent].key for parent in parents))

    def give(self, code: str, **values: Value) -> None:
        self.change(code, values={**self.objects[code].values, **values})

    def unit(self, code: str) -> dict[str, Any]:
        """Give a unit of DHIS2 as it is there, to look at or to change."""
        return self.owners[self.objects[code].external_id or ""]

    def level(self, type_code: str, **said: object) -> None:
        """Say something about one level of the configuration."""
        self.levels[TYPES.index(type_code)].update(said)

    @property
    def mapping(self) -> SyncMapping:
        return parse_mapping({"levels": self.levels, **self.options})

    def theirs(self) -> Theirs:
        units = {}
        for one in self.owners.values():
            unit = from_owner(one)
            unit.level = self._depth(unit)
            units[unit.uid] = unit
        return Theirs(units, {group: set(units) for group, units in self.members.items()}, "2.42.0")

    def _depth(self, unit: TheirUnit) -> int:
        seen = {unit.uid}
        parent = unit.parent
        while parent is not None and parent in self.owners and parent not in seen:
            seen.add(parent)
            parent = (self.owners[parent].get("parent") or {}).get("id")
        return len(seen)

    def ours(self) -> list[OurObject]:
        return sorted(self.objects.values(), key=lambda one: (TYPES.index(one.type), one.code))

    def plan(self, ours: Iterable[OurObject] | None = None) -> Plan:
        return plan(
            self.ours() if ours is None else ours,
            self.theirs(),
            self.mapping,
            types(self.geometry),
            self.shape,
            system=SYSTEM,
            as_of=TODAY,
        )

    def apply(self, planned: Plan) -> None:
        """Do what DHIS2 and the registry would do with a plan: units in order, then memberships, then external ids."""
        by_key = {one.key: name for name, one in self.objects.items()}
        for change in planned.changes:
            creates = Kind.CREATE in change.kinds
            if change.fields:
                assert creates == (change.uid not in self.owners), "a creation must be new, an update must be known"
                self.owners[change.uid] = overlay(self.owners.get(change.uid), change)
                parent = self.owners[change.uid].get("parent")
                assert parent is None or parent["id"] in self.owners, "no unit is ever sent before its parent"
            for group in change.groups:
                self.members[group].add(change.uid)
            if creates:
                self.change(by_key[change.key], external_id=change.uid)


def changes(planned: Plan) -> dict[str, Change]:
    return {change.object.code: change for change in planned.changes}


def sent(planned: Plan) -> dict[str, dict[str, Any]]:
    """Give what is sent, by object: field → value."""
    return {change.object.code: {key: one.after for key, one in change.fields.items()} for change in planned.changes}


def problems(planned: Plan) -> dict[str, list[str]]:
    """Give the problem codes, by object."""
    found: dict[str, list[str]] = {}
    for problem in planned.problems:
        found.setdefault(problem.object.code, []).append(problem.code.value)
    return found


def problem(planned: Plan, code: str) -> Problem:
    (one,) = (problem for problem in planned.problems if problem.object.code == code)
    return one


def notes(planned: Plan) -> list[tuple[str, str]]:
    return [(note.code, note.object.code) for note in planned.notes]


def small_country(**said: object) -> World:
    """Make a country of two regions, two districts and three facilities, in agreement with its DHIS2."""
    world = World(**said)
    world.add("C1")
    world.add("R1", "C1")
    world.add("R2", "C1")
    world.add("D1", "R1")
    world.add("D2", "R2")
    world.add("F1", "D1")
    world.add("F2", "D1")
    world.add("F3", "D2")
    return world
