"""The endpoints of 2.39 and later that take GeoJSON and write geometries only (api.md section 5.12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.importer.geometry import read_geometry
from cgr.sandbox.jobs import new_job, note, note_stages, note_start, started
from cgr.sandbox.messages import Refused, problem, web_message
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.http import Request, Response
    from cgr.sandbox.world import World

_KIND: Final = "GEOJSON_IMPORT"
_TOLD: Final = {
    "SUCCESS": ("OK", "Import successful."),
    "WARNING": ("WARNING", "Import partially successful."),
    "ERROR": ("ERROR", "Import failed."),
}
_STAGES: Final = ("Loading file resource", "Loading file content", "Importing GeoJSON")


@dataclass(slots=True)
class GeoReport:
    """What became of the features; a conflict without index ends the whole import."""

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("imported", "updated", "ignored", "deleted"), 0)
    )
    conflicts: list[dict[str, Any]] = field(default_factory=list)

    def conflict(self, code: str, told: str, *, index: int | None = None, prop: str = "") -> None:
        """Note a conflict."""
        entry: dict[str, Any] = {"objects": {}, "value": told, "errorCode": code, "property": prop}
        if index is not None:
            entry["indexes"] = [index]
            self.counts["ignored"] += 1
        self.conflicts.append(entry)

    def shown(self, world: World) -> dict[str, Any]:
        """Give the report in the version's form."""
        body: dict[str, Any] = {"status": self.status, "importCount": self.counts, "conflicts": self.conflicts}
        body["totalConflictOccurrenceCount"] = len(self.conflicts)
        return body | ({"responseType": "GeoJsonImportReport"} if world.version >= (2, 42) else {})

    @property
    def status(self) -> str:
        """SUCCESS, WARNING when some features were refused, ERROR when all were."""
        if not self.conflicts:
            return "SUCCESS"
        return "WARNING" if any(self.counts[what] for what in ("imported", "updated", "deleted")) else "ERROR"


@ROUTER.route("POST", "/api/organisationUnits/geometry")
def import_features(world: World, request: Request) -> Response:
    """Set the geometries of a feature collection; `dryRun` is read, and writes all the same, as on the real server."""
    _since_2_39(world, request)
    _must_update(world, request)
    if request.first("async") != "true":
        return _reply(world, _imported(world, request))
    parameters: dict[str, Any] = {"dryRun": False, "orgUnitIdProperty": "id", "idType": "UID"}
    job = new_job(world, request, _KIND, old_name="GeoJSON import", parameters=parameters)
    queued = world.version >= (2, 41)
    if queued:
        note_start(world, job, "GeoJSON import started", {"attributeId": None, "user": None})
    else:
        note(world, job, "GeoJSON import stared")  # sic
    report = _imported(world, request)
    job.summary = report.shown(world)
    told = "GeoJSON import complete. [imports={imported}, updates={updated}, ignores={ignored}]"
    if queued:
        note_stages(world, job, _STAGES)
        told = "{imported} created, {updated} updated, {deleted} deleted, {ignored} ignored"
        told = f"GeoJSON import completed with status {report.status}, {told}"
    note(world, job, told.format(**report.counts), completed=True)
    return started(world, request, job, located=queued)


@ROUTER.route("POST DELETE", "/api/organisationUnits/{uid}/geometry")
def import_one(world: World, request: Request) -> Response:
    """Set or clear the geometry of one unit."""
    if world.version < (2, 39):
        kind = request.headers.get("content-type", "null" if world.version < (2, 32) else "")
        return problem(world, 415, f"Content type '{kind}' not supported")
    _must_update(world, request)
    report = GeoReport()
    unit = world.units_store.get(request.args["uid"])
    if unit is None:
        report.conflict("E7708", "GeoJSON target organisation unit does not exist", index=0)
        return _reply(world, report)
    try:
        geometry = msgspec.json.decode(request.body) if request.method == "POST" else None
        _set(world, request, report, unit, geometry)
    except (msgspec.DecodeError, Refused):
        report.conflict("E7707", "GeoJSON geometry is not valid", index=0, prop="geometry")
    return _reply(world, report)


def _imported(world: World, request: Request) -> GeoReport:
    report = GeoReport()
    attribute = request.first("attributeId")
    if attribute and not _is_geojson(world, report, attribute):
        return report
    try:
        document = msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        document = None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        report.conflict("E7701", "Input is not a valid GeoJSON document: No list of features found")
        return report
    for index, feature in enumerate(features):
        unit = _target(world, request, feature)
        if unit is None:
            report.conflict("E7708", "GeoJSON target organisation unit does not exist", index=index)
            continue
        try:
            _set(world, request, report, unit, feature.get("geometry"))
        except Refused:
            report.conflict("E7707", "GeoJSON geometry is not valid", index=index, prop="geometry")
    return report


def _is_geojson(world: World, report: GeoReport, attribute: str) -> bool:
    stored = world.objects.get("attributes", {}).get(attribute)
    if stored is None:
        report.conflict("E7702", f"GeoJSON attribute does not exist: {attribute}")
    elif stored.get("valueType") != "GEOJSON":
        report.conflict("E7703", f"GeoJSON attribute is not of type GEOJSON but: {stored.get('valueType')}")
    return not report.conflicts


def _target(world: World, request: Request, feature: dict[str, Any]) -> Unit | None:
    """Find the unit that a feature means: by its id, or by a property, compared with id, code or name."""
    store = world.units_store
    if request.first("geoJsonId", "true") == "true":
        given = feature.get("id")
    else:
        given = (feature.get("properties") or {}).get(request.first("geoJsonProperty"))
    match request.first("orgUnitProperty", "id"):
        case "code":
            return store.get(store.by_code.get(str(given)))
        case "name":
            return next((unit for unit in store.units.values() if unit.data.get("name") == given), None)
    return store.get(str(given))


def _set(world: World, request: Request, report: GeoReport, unit: Unit, geometry: object) -> None:
    encoded, _ = read_geometry(world, geometry)
    data = dict(unit.data) | {"lastUpdated": world.now()}
    attribute = request.first("attributeId")
    if attribute:
        values = dict(unit.data.get("attributeValues", ()))
        before = values.pop(attribute, None)
        text = msgspec.json.encode(geometry).decode()
        data["attributeValues"] = [*values.items(), *([(attribute, text)] if encoded is not None else [])]
        encoded_unit = unit.geometry
    else:
        before, encoded_unit = unit.geometry, encoded
    report.counts["deleted" if encoded is None else "updated" if before is not None else "imported"] += 1
    world.units_store.put(Unit(data, unit.parent, encoded_unit, unit.stored_path, unit.stored_level))
    request.written = True


def _reply(world: World, report: GeoReport) -> Response:
    state, told = _TOLD[report.status]
    return web_message(200, told, status=state, response=report.shown(world))


def _since_2_39(world: World, request: Request) -> None:
    if world.version < (2, 39):
        raise Refused(problem(world, 405, f"Request method '{request.method}' not supported"))


def _must_update(world: World, request: Request) -> None:
    if not request.actor.has("F_ORGANISATIONUNIT_ADD"):
        raise Refused(problem(world, 403, "Access is denied", "E1006"))
