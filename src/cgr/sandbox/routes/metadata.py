"""`/api/metadata`: the importer's door, and the export of whole classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.importer import decode_payload, read_params, run_import
from cgr.sandbox.messages import problem
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.tasks import start_import
from cgr.sandbox.selection import Selection

if TYPE_CHECKING:
    from cgr.sandbox.world import World


def unsupported_content(world: World, request: Request) -> Response | None:
    """Refuse a body that isn't said to be JSON."""
    given = request.headers.get("content-type", "application/json")
    if given.split(";")[0].strip() == "application/json":
        return None
    told = (
        f"Content-Type '{given}' is not supported"
        if world.version >= (2, 41)
        else f"Content type '{given}' not supported"
    )
    return problem(world, 415, told)


def charge_import(world: World, request: Request, payload: dict[str, Any], *, validate: bool = False) -> None:
    """Say before an import what it will cost."""
    units = world.units_store.units
    objects = [one for value in payload.values() if isinstance(value, list) for one in value]
    updated = sum(1 for one in objects if isinstance(one, dict) and one.get("id") in units)
    request.importing = True
    request.delay = world.latency.importing(
        len(units), created=len(objects) - updated, updated=updated, validate=validate
    )


@ROUTER.route("POST", "/api/metadata")
def import_metadata(world: World, request: Request) -> Response:
    """Import a payload."""
    if (refusal := unsupported_content(world, request)) is not None:
        return refusal
    params = read_params(world, request)
    if params.run_async:
        return start_import(world, request, params)
    payload = decode_payload(world, request.body)
    charge_import(world, request, payload, validate=params.validate_only)
    report = run_import(world, request.actor, payload, params)
    request.written = not params.validate_only
    return report.response(request.api_version)


@ROUTER.route("GET", "/api/metadata")
def export_metadata(world: World, request: Request) -> Response:
    """Export the classes asked for, whole objects unless `fields` says otherwise."""
    presenter = Presenter(world, request)
    zone = "+0000" if world.version >= (2, 39) else ""
    reply: dict[str, object] = {
        "system": {"id": world.system_id, "rev": world.revision, "version": world.release, "date": world.now() + zone}
    }
    for plural, klass in KLASSES.items():
        if request.first(plural) != "true":
            continue
        plan = presenter.plan(klass, request.first("fields", ":owner"))
        selection = Selection(world, request, klass, presenter.known_names(klass))
        if klass is ORGANISATION_UNIT:
            units = world.units_store.units
            reply[plural] = [plan.render(units[uid]) for uid in selection.unit_ids()]
        else:
            reply[plural] = [plan.render(stored) for stored in selection.objects()]
    return json_response(reply)
