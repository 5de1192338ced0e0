"""A DHIS2 with all that real ones hold, and a registry that knows its types but none of its places."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec
import yaml

from cgr.accounts.actors import local_operator
from cgr.configuration.applying import apply as apply_configuration
from cgr.core.importing import parse_mapping
from cgr.imports.actions import Request, import_units
from cgr.registry.actions import apply_objects
from cgr.registry.queries import export_objects
from cgr.sync import actions, reports

from .country import POINT, SQUARE, metadata, whole

if TYPE_CHECKING:
    from cgr.sandbox.server import SandboxServer

LEVELS = {1: "country", 2: "region", 3: "facility"}
TWO_AREAS = {
    "type": "MultiPolygon",
    "coordinates": [SQUARE["coordinates"], [[[1, 4], [2, 4], [2, 5], [1, 5], [1, 4]]]],
}


def unit(uid: str, name: str | None, parent: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "id": uid,
        "name": name,
        "shortName": (name or "none")[:50],
        "openingDate": "2000-01-01",
        **({"parent": {"id": parent}} if parent else {}),
        **fields,
    }


UNITS = (
    unit("OuCountry01", "Country", None, code="C", geometry=TWO_AREAS),
    unit("OuRegionNor", "North", "OuCountry01", code="N", geometry=SQUARE),
    unit("OuRegionSou", "South", "OuCountry01", code="S"),
    unit(
        "OuFacility1",
        "Bo  Clinic of  two blanks ",
        "OuRegionNor",
        code="F1",
        geometry=POINT,
        description="First line\nsecond  line",
        comment="not mapped",
        closedDate="2040-01-01",
        attributeValues=[
            {"attribute": {"id": "AtBeds00001"}, "value": "12"},
            {"attribute": {"id": "AtOwner0001"}, "value": "1"},
            {"attribute": {"id": "AtArea00001"}, "value": "12.50"},
            {"attribute": {"id": "AtPower0001"}, "value": "true"},
            {"attribute": {"id": "AtChecked01"}, "value": "2020-02-29T00:00:00.000"},
        ],
        translations=[
            {"property": "NAME", "locale": "fr", "value": "Clinique de Bo"},
            {"property": "NAME", "locale": "pt_BR", "value": " Clínica "},
            {"property": "NAME", "locale": "fr", "value": "The same language again"},
            {"property": "NAME", "locale": "not a locale", "value": "damage"},
            {"property": "NAME", "locale": "sw", "value": "  "},
            {"property": "SHORT_NAME", "locale": "fr", "value": "Bo"},
            {"property": "DESCRIPTION", "locale": "fr", "value": "Première ligne"},
        ],
    ),
    unit("OuFacility2", "No code", "OuRegionNor"),
    unit("OuFacility3", "Closed", "OuRegionSou", code="F3", openingDate="1990-01-01", closedDate="2010-05-05"),
    unit("OuFacility4", "Opens later", "OuRegionSou", code="F4", openingDate="2090-01-01", geometry=POINT),
    unit("OuFacility5", "N" * 230, "OuRegionSou", code=" F5 "),
    unit("OuPostDeep1", "Below the levels", "OuFacility1", code="P1"),
)
METADATA: dict[str, Any] = {
    "organisationUnits": list(UNITS),
    "organisationUnitLevels": [
        {"id": f"LvTest0000{level}", "level": level, "name": name}
        for level, name in enumerate(("Country", "Région sanitaire", "Facility", "ຂັ້ນ"), start=1)
    ],
    "organisationUnitGroups": [
        {"id": "GrClinics01", "name": "Clinics", "shortName": "Clinics", "organisationUnits": [{"id": "OuFacility1"}]},
        {"id": "GrHospital1", "name": "Hospitals", "shortName": "Hospitals", "organisationUnits": []},
    ],
    "optionSets": [
        {
            "id": "OsOwner0001",
            "name": "Owner",
            "valueType": "TEXT",
            "options": [{"id": "OpPublic001"}, {"id": "OpPrivate01"}],
        }
    ],
    "options": [
        {"id": "OpPublic001", "code": "1", "name": "Public", "optionSet": {"id": "OsOwner0001"}, "sortOrder": 1},
        {"id": "OpPrivate01", "code": "2", "name": "Private", "optionSet": {"id": "OsOwner0001"}, "sortOrder": 2},
    ],
    "attributes": [
        {"id": uid, "name": name, "valueType": kind, "organisationUnitAttribute": True, **extra}
        for uid, name, kind, extra in (
            ("AtBeds00001", "Beds", "INTEGER_POSITIVE", {}),
            ("AtOwner0001", "Owner", "TEXT", {"optionSet": {"id": "OsOwner0001"}}),
            ("AtArea00001", "Area", "NUMBER", {}),
            ("AtPower0001", "Power", "BOOLEAN", {}),
            ("AtChecked01", "Checked", "DATETIME", {}),
        )
    ]
    + [{"id": "AtOther0001", "name": "Other", "valueType": "TEXT", "dataElementAttribute": True}],
}
MAPPING = {
    "fields": {"description": "attribute:remarks"},
    "attributes": [
        {"from": "AtBeds00001", "to": "beds"},
        {"from": "AtOwner0001", "to": "owner", "terms": {"1": "PUB", "2": "PRI"}},
        {"from": "AtArea00001", "to": "area"},
        {"from": "AtPower0001", "to": "power"},
        {"from": "AtChecked01", "to": "checked"},
        {"to": "kind", "groups": {"GrClinics01": "CLINIC", "GrHospital1": "HOSPITAL"}},
    ],
}
ATTRIBUTES = [
    {"code": "beds", "label": "Beds", "kind": "integer"},
    {"code": "owner", "label": "Owner", "kind": "term", "terms": "ownership"},
    {"code": "area", "label": "Area", "kind": "decimal"},
    {"code": "power", "label": "Power", "kind": "boolean"},
    {"code": "checked", "label": "Checked", "kind": "date"},
    {"code": "kind", "label": "Kind", "kind": "term", "terms": "kinds"},
    {"code": "remarks", "label": "Remarks", "kind": "localized_text"},
    {"code": "note", "label": "Note", "kind": "text"},
]
EXPORTED_FACILITY = {
    "type": "facility",
    "sync": "both",
    "groups": [],
    "fields": {"description": "attribute:remarks"},
    "attributes": [
        {"from": "beds", "to": "AtBeds00001"},
        {"from": "owner", "to": "AtOwner0001", "terms": {"PUB": "1", "PRI": "2"}},
        {"from": "area", "to": "AtArea00001"},
        {"from": "power", "to": "AtPower0001"},
        {"from": "checked", "to": "AtChecked01"},
        {"from": "kind", "groups": {"CLINIC": "GrClinics01", "HOSPITAL": "GrHospital1"}},
    ],
}


def definitions(url: str) -> dict[str, Any]:
    return {
        "version": 1,
        "organizations": [{"code": "MOH", "label": "Ministry of Health"}],
        "terms": [
            {
                "code": "ownership",
                "label": "Ownership",
                "terms": [{"code": "PUB", "label": "Public"}, {"code": "PRI", "label": "Private"}],
            },
            {
                "code": "kinds",
                "label": "Kinds",
                "terms": [{"code": "CLINIC", "label": "Clinic"}, {"code": "HOSPITAL", "label": "Hospital"}],
            },
        ],
        "types": [
            {"code": "country", "organization": "MOH", "label": "Country", "geometry": "multipolygon"},
            {"code": "region", "organization": "MOH", "label": "Region", "geometry": "multipolygon"},
            {"code": "facility", "organization": "MOH", "label": "Facility", "geometry": "point"}
            | {"attributes": ATTRIBUTES},
        ],
        "hierarchies": [
            {
                "code": "admin",
                "organization": "MOH",
                "label": "Administrative",
                "tree": {"country": {"region": {"facility": {}}}},
            }
        ],
        "systems": [
            {
                "code": "hmis",
                "organization": "MOH",
                "kind": "dhis2",
                "label": "HMIS",
                "url": url,
                "auth": {"kind": "basic", "username": "admin", "password": {"env": "TEST_PASSWORD"}},
            }
        ],
        "syncs": [
            {
                "code": "all",
                "organization": "MOH",
                "label": "All",
                "hierarchy": "admin",
                "system": "hmis",
                "levels": [{"type": "country", "sync": "both"}, {"type": "region", "sync": "both"}, EXPORTED_FACILITY],
            }
        ],
    }


class Importing:
    """Both sides, with the verbs a story of an import needs."""

    def __init__(self, server: SandboxServer) -> None:
        self.world = server.world
        self.url = server.url
        self.actor = local_operator()
        apply_configuration(self.actor, yaml.safe_dump(definitions(server.url)).encode())

    def load(self, *units: dict[str, Any]) -> None:
        """Put units into DHIS2 as they are, whatever its checks would say."""
        version = ".".join(map(str, self.world.version[:2]))
        content = metadata(version, {"organisationUnits": list(units)})
        self.world.load({"version": self.world.release, "metadata": content})

    def change(self, uid: str, **fields: Any) -> None:
        """Change a unit in DHIS2; a field that is None loses its value."""
        found = self.world.unit(uid)
        assert found is not None
        changed = {name: value for name, value in {**found, **fields}.items() if value is not None}
        reply = httpx2.post(
            f"{self.url}/api/metadata?importStrategy=UPDATE",
            json={"organisationUnits": [changed]},
            auth=("admin", "district"),
        )
        assert reply.status_code == 200, reply.text

    def delete(self, uid: str) -> None:
        reply = httpx2.delete(f"{self.url}/api/organisationUnits/{uid}", auth=("admin", "district"))
        assert reply.status_code == 200

    def read(self, *, preview: bool = False, mapping: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
        """Import and give the document of contract.md."""
        mapped = parse_mapping(mapping, origin="mapping")
        request = Request(**{"system": "hmis", "hierarchy": "admin", "levels": LEVELS, "mapping": mapped} | asked)
        result = import_units(self.actor, request, preview=preview)
        return {
            "run": result.run,
            "counts": result.counts,
            "levels": msgspec.to_builtins(result.levels),
            "changes": [json.loads(bytes(line)) for line in result.read_changes()],
            "problems": {problem.uid: problem for problem in result.problems},
            "notes": [note.code for note in result.notes],
        }

    def write(self, *objects: dict[str, Any]) -> None:
        applied = apply_objects(self.actor, [json.dumps(line).encode() for line in objects], preview=False)
        assert applied.errors == ()

    def objects(self) -> dict[str, dict[str, Any]]:
        """Give all objects with their history by code, in the form of the objects file."""
        lines = [json.loads(line) for line in export_objects(self.actor)]
        return {line["code"]: line for line in lines}

    def plan(self) -> dict[str, Any]:
        return whole(reports.plan_of(actions.plan(self.actor, "all")))
