"""A small country on both sides: the sandbox's organisation units, and the same places in the registry."""

from __future__ import annotations

import gzip
import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import httpx2
import yaml

from cgr.accounts.actors import local_operator
from cgr.configuration.applying import apply as apply_configuration
from cgr.core.streamed_json import encoded
from cgr.registry.actions import apply_objects
from cgr.registry.models import ExternalId
from cgr.runs import queries as runs
from cgr.sandbox.faults import Fault
from cgr.sync import actions, reports

if TYPE_CHECKING:
    from cgr.runs.models import Run
    from cgr.sandbox.http import Request, Response
    from cgr.sandbox.server import SandboxServer
    from cgr.sandbox.world import World

GZIP = b"\x1f\x8b"
OPENED = "2000-01-01"
POINT = {"type": "Point", "coordinates": [-1.25, 5.125]}
SQUARE = {"type": "Polygon", "coordinates": [[[-2, 4], [0, 4], [0, 6], [-2, 6], [-2, 4]]]}

PLACES = [  # type, code, name, id, code of the parent
    ("country", "C", "Country", "OuCountry01", None),
    ("region", "N", "North", "OuRegionNor", "C"),
    ("region", "S", "South", "OuRegionSou", "C"),
    ("district", "A", "Abo", "OuDistrictA", "N"),
    ("district", "B", "Bo", "OuDistrictB", "N"),
    ("district", "D", "Daru", "OuDistrictD", "S"),
    ("facility", "F1", "Bo Clinic", "OuFacility1", "A"),
    ("facility", "F2", "Kono Clinic", "OuFacility2", "A"),
    ("facility", "F3", "Moa Clinic", "OuFacility3", "B"),
    ("facility", "F4", "Sewa Clinic", "OuFacility4", "D"),
]
ID_OF = {code: uid for _, code, _, uid, _ in PLACES}

UNMAPPED = {
    "comment": "kept by hand",
    "description": "  two  blanks ",
    "phoneNumber": "+111",
    "email": "f1@example.org",
    "contactPerson": "A. Person",
    "address": "Street 1",
    "url": "https://f1.example.org",
    "attributeValues": [{"attribute": {"id": "AtUnmapped1"}, "value": "theirs"}],
    "translations": [
        {"property": "SHORT_NAME", "locale": "fr", "value": "Étab. 1"},
        {"property": "DESCRIPTION", "locale": "pt_BR", "value": "Unidade"},
    ],
}


def unit_of(kind: str, code: str, name: str, uid: str, parent: str | None) -> dict[str, Any]:
    geometry = {"facility": POINT, "district": SQUARE}.get(kind)
    return {
        "id": uid,
        "name": name,
        "shortName": name,
        "code": code,
        "openingDate": OPENED,
        **({"parent": {"id": ID_OF[parent]}} if parent else {}),
        **({"geometry": geometry} if geometry else {}),
        **(deepcopy(UNMAPPED) if kind == "facility" else {}),
    }


def object_of(kind: str, code: str, name: str, uid: str, parent: str | None) -> dict[str, Any]:
    geometry = {"facility": POINT, "district": SQUARE}.get(kind)
    return {
        "type": kind,
        "code": code,
        "label": {"default": name},
        "exists": [{"from": OPENED, "to": None}],
        **({"parents": {"admin": parent}} if parent else {}),
        **({"geometry": geometry} if geometry else {}),
        "external_ids": {"hmis": uid},
    }


METADATA = {
    "organisationUnits": [unit_of(*place) for place in PLACES],
    "organisationUnitLevels": [
        {"id": f"LvTest0000{level}", "level": level, "name": name}
        for level, name in enumerate(("Country", "Region", "District", "Facility"), start=1)
    ],
    "organisationUnitGroups": [
        {"id": "GrClinics01", "name": "Clinics", "shortName": "Clinics", "organisationUnits": [{"id": "OuFacility1"}]},
        {"id": "GrPublic001", "name": "Public", "shortName": "Public", "organisationUnits": []},
    ],
    "attributes": [
        {"id": "AtUnmapped1", "name": "Theirs", "valueType": "TEXT", "organisationUnitAttribute": True},
        {"id": "AtBeds00001", "name": "Beds", "valueType": "INTEGER_POSITIVE", "organisationUnitAttribute": True},
    ],
}


def metadata(version: str, content: dict[str, Any] = METADATA) -> dict[str, Any]:
    """Give the content of the DHIS2 in the form that its version stores: 2.31 has no `geometry` (verified fact O4)."""
    content = deepcopy(content)
    if version == "2.31":
        for unit in content["organisationUnits"]:
            shape = unit.pop("geometry", None)
            if shape is not None:
                unit["featureType"] = shape["type"].upper()
                unit["coordinates"] = json.dumps(shape["coordinates"])
    return content


DEFINITIONS = {
    "version": 1,
    "organizations": [{"code": "MOH", "label": "Ministry of Health"}],
    "types": [
        {"code": "country", "organization": "MOH", "label": "Country"},
        {"code": "region", "organization": "MOH", "label": "Region"},
        {"code": "district", "organization": "MOH", "label": "District", "geometry": "multipolygon"},
        {
            "code": "facility",
            "organization": "MOH",
            "label": "Facility",
            "geometry": "mixed",
            "attributes": [{"code": "beds", "label": "Beds", "kind": "integer"}],
        },
    ],
    "hierarchies": [
        {
            "code": "admin",
            "organization": "MOH",
            "label": "Administrative",
            "tree": {"country": {"region": {"district": {"facility": {}}}}},
        }
    ],
}
LEVELS: dict[str, dict[str, Any]] = {
    "country": {"type": "country", "sync": "both"},
    "region": {"type": "region", "sync": "both"},
    "district": {"type": "district", "sync": "both"},
    "facility": {"type": "facility", "sync": "both"},
}
LIMITS = {"changed_share": 1, "moved_share": 1, "vanished_share": 1}


class Country:
    """Both sides, with the verbs a story needs."""

    def __init__(self, server: SandboxServer) -> None:
        self.world = server.world
        self.url = server.url
        self.actor = local_operator()

    def configure(self, **configuration: Any) -> None:
        """Save the configuration; `facility={"sync": "org_units"}` lays that over the level's defaults."""
        self.apply_document(self.document(**configuration))

    def apply_document(self, document: dict[str, Any]) -> None:
        """Apply a configuration file, as `cgr config apply` does."""
        apply_configuration(self.actor, yaml.safe_dump(document).encode())

    def document(
        self,
        *,
        limits: dict[str, float] | None = None,
        allow_new_root: bool = False,
        locale: str = "default",
        definitions: dict[str, Any] = DEFINITIONS,
        **levels: Any,
    ) -> dict[str, Any]:
        """Give the configuration file of the country; `levels` by type, as in `configure`."""
        return {
            **definitions,
            "systems": [
                {
                    "code": "hmis",
                    "organization": "MOH",
                    "kind": "dhis2",
                    "label": "HMIS",
                    "url": self.url,
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
                    "allow_new_root": allow_new_root,
                    "locale": locale,
                    "limits": {**LIMITS, **(limits or {})},
                    "levels": [{**level, **levels.get(name, {})} for name, level in LEVELS.items()],
                }
            ],
        }

    def write(self, *objects: dict[str, Any]) -> None:
        """Apply lines of an objects file; all of them have to be taken."""
        applied = apply_objects(self.actor, [json.dumps(line).encode() for line in objects], preview=False)
        assert applied.errors == ()

    def edit(self, code: str, **fields: Any) -> None:
        """Change one object of the country."""
        kind = next(kind for kind, known, *_ in PLACES if known == code)
        self.write({"type": kind, "code": code, **fields})

    def plan(self, *, only: str = "") -> dict[str, Any]:
        return whole(reports.plan_of(actions.plan(self.actor, "all", only=only, wait=self.pause)))

    def apply(self, plan: dict[str, Any], **options: Any) -> dict[str, Any]:
        run = runs.run(self.actor, plan["id"])
        return whole(
            reports.report_of(actions.apply(self.actor, run, digest=plan["digest"], wait=self.pause, **options))
        )

    def sync(self) -> dict[str, Any]:
        return self.apply(self.plan())

    def resume(self, plan: dict[str, Any]) -> dict[str, Any]:
        return whole(reports.report_of(actions.resume(self.actor, self.run(plan), wait=self.pause)))

    def report(self, plan: dict[str, Any]) -> dict[str, Any]:
        return whole(reports.report_of(self.run(plan)))

    def run(self, plan: dict[str, Any]) -> Run:
        return runs.run(self.actor, plan["id"])

    def runs(self) -> list[Run]:
        return list(runs.runs(self.actor))

    def unit(self, code: str) -> dict[str, Any]:
        """Read a unit of the country past our own client."""
        found = self.world.unit(ID_OF.get(code, code))
        assert found is not None
        return found

    def external_ids(self) -> dict[str, str]:
        """Give what the registry keeps: code of the object → id in DHIS2."""
        return dict(ExternalId.objects.filter(system__code="hmis").values_list("object__code", "value"))

    def unit_by_code(self, code: str) -> dict[str, Any]:
        return next(unit for unit in self.world.units().values() if unit.get("code") == code)

    def restrict_account(self, *authorities: str) -> None:
        """Leave our account in DHIS2 with these authorities, in the whole country."""
        for role in self.world.objects["userRoles"].values():
            role["authorities"] = list(authorities)
        for user in self.world.objects["users"].values():
            user["organisationUnits"] = [{"id": ID_OF["C"]}]

    def delete_unit(self, code: str) -> None:
        """Delete a unit as somebody with DHIS2's Maintenance app would."""
        reply = httpx2.delete(f"{self.url}/api/organisationUnits/{ID_OF.get(code, code)}", auth=("admin", "district"))
        assert reply.status_code == 200

    def spoil(self, **bodies: dict[str, Any]) -> Fault:
        """Have what we send for these units replaced on its way: DHIS2 then refuses what our own checks let through."""

        def spoil(_world: World, request: Request) -> None:
            body = gzip.decompress(request.body) if request.body.startswith(GZIP) else request.body
            content = json.loads(body)
            for unit in content["organisationUnits"]:
                unit.update(bodies.get(unit["id"], {}))
            request.body = json.dumps(content).encode()

        return self.world.faults.add(Fault("call", method="POST", path="/api/metadata", times=0, call=spoil))

    def ignore_silently(self, *uids: str) -> None:
        """Have DHIS2 say OK, count these units as ignored, and leave them as they are."""
        left_out: list[int] = []

        def leave_out(_world: World, request: Request) -> None:
            body = gzip.decompress(request.body) if request.body.startswith(GZIP) else request.body
            units = json.loads(body)["organisationUnits"]
            kept = [unit for unit in units if unit["id"] not in uids]
            left_out.append(len(units) - len(kept))
            request.body = json.dumps({"organisationUnits": kept}).encode()

        def count(_world: World, _request: Request, response: Response) -> None:
            body = json.loads(response.body)
            stats = body.get("response", body)["stats"]
            stats["ignored"] += left_out[-1]
            stats["total"] += left_out[-1]
            response.body = json.dumps(body).encode()

        import_of = {"method": "POST", "path": "/api/metadata", "times": 0}
        self.world.faults.add(Fault("call", call=leave_out, **import_of))
        self.world.faults.add(Fault("bend", bend=count, **import_of))

    def pause(self, _seconds: float) -> None:
        """Don't wait."""


def whole(document: dict[str, Any]) -> dict[str, Any]:
    """Give a plan or report as a script reads it."""
    read: dict[str, Any] = json.loads(b"".join(encoded(document)))
    return read


def problems_of(plan: dict[str, Any]) -> dict[str, str]:
    """Give code of the object → problem code."""
    return {problem["object"]["code"]: problem["code"] for problem in plan["problems"]}


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    """Give code of the object → what became of its change."""
    return {change["object"]["code"]: change["outcome"] for change in report["changes"]}


def errors(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give code of the object → why its change isn't done."""
    return {change["object"]["code"]: change["error"] for change in report["changes"] if "error" in change}


def facility(code: str, parent: str, **fields: Any) -> dict[str, Any]:
    """Give a new facility, to be written."""
    return {
        "type": "facility",
        "code": code,
        "label": {"default": f"Facility {code}"},
        "exists": [{"from": "2020-01-01", "to": None}],
        "parents": {"admin": parent},
        **fields,
    }


def district(code: str, parent: str) -> dict[str, Any]:
    """Give a new district, to be written."""
    return {**facility(code, parent), "type": "district"}


def changed(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give code of the object → fields that change, each with what it was and will be."""
    return {
        change["object"]["code"]: {
            name: {"from": field["from"], "to": field["to"]} for name, field in change["fields"].items()
        }
        for change in plan["changes"]
    }
