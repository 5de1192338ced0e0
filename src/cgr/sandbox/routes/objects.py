"""The collections and objects of every class: lists, single objects, POST, PUT, DELETE, translations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT, Klass
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.importer import ImportParams, ImportReport, decode_payload, failure_text, run_import
from cgr.sandbox.importer.writing import Writer
from cgr.sandbox.listing import list_objects
from cgr.sandbox.messages import Refused, container_page, forbidden, not_found, problem, web_message
from cgr.sandbox.presentation import Presenter
from cgr.sandbox.routes import ROUTER
from cgr.sandbox.routes.metadata import charge_import, unsupported_content
from cgr.sandbox.selection import stored_object
from cgr.sandbox.uids import is_uid, new_uid
from cgr.sandbox.units import Unit, data_of

if TYPE_CHECKING:
    from cgr.sandbox.http import Handler
    from cgr.sandbox.units import Stored
    from cgr.sandbox.world import World

_UNCACHED: Final = {"cache-control": "no-cache, private"}


def find(world: World, request: Request, klass: Klass, uid: str) -> Stored:
    """Give an object the user may see; raises Refused with the version's 400, 403 or 404."""
    if world.version >= (2, 41) and not is_uid(uid):
        raise Refused(container_page(400, "Invalid request parameters."))
    stored = stored_object(world, klass, uid)
    if stored is None:
        raise Refused(not_found(world, klass.simple, uid))
    if not permissions.may_read(request.actor, klass, data_of(stored)):
        raise Refused(not_found(world, klass.simple, uid) if world.version >= (2, 41) else forbidden(world))
    return stored


def single_params(request: Request, strategy: str, *, merge: bool = False) -> ImportParams:
    """Give the parameters of an import that one object endpoint makes."""
    return ImportParams(
        report_mode="FULL",
        strategy=strategy,
        merge=merge,
        skip_translation=request.first("skipTranslation") == "true",
    )


def object_reply(world: World, report: ImportReport, uid: str, klass: Klass, *, created: bool = False) -> Response:
    """Give the reply of a single-object write: the object's report in the envelope."""
    shown: dict[str, Any] = {"responseType": "ObjectReport", "klass": klass.java_name}
    found = [one for kind in report.types for one in kind.objects.values() if one.findings]
    if not found:
        shown["uid"] = uid
        if world.version >= (2, 35):
            shown["errorReports"] = []
        return web_message(201 if created else 200, response=shown)
    if found[0].uid is not None:
        shown["uid"] = found[0].uid
    shown["errorReports"] = [finding.shown(world.version) for finding in found[0].findings]
    status = report.status if found[0].findings[0].code == "E4030" else "ERROR"
    return web_message(409, failure_text(world.version), status=status, response=shown)


def _register(klass: Klass) -> None:
    path = f"/api/{klass.plural}"
    ROUTER.route("GET", path)(_listing(klass))
    ROUTER.route("POST", path)(_creating(klass))
    if klass is not ORGANISATION_UNIT:  # units have relatives to show there: routes.units
        ROUTER.route("GET HEAD", path + "/{uid}")(_showing(klass))
    ROUTER.route("PUT", path + "/{uid}")(_replacing(klass))
    ROUTER.route("DELETE", path + "/{uid}")(_deleting(klass))
    ROUTER.route("PUT", path + "/{uid}/translations")(_translating(klass))
    ROUTER.route("GET", path + "/{uid}/{prop}")(_showing_property(klass))


def _listing(klass: Klass) -> Handler:
    return lambda world, request: list_objects(world, request, klass)


def show_object(world: World, request: Request, klass: Klass) -> Response:
    """Answer GET of one object."""
    stored = find(world, request, klass, request.args["uid"])
    presenter = Presenter(world, request)
    plan = presenter.plan(klass, request.first("fields", "*"), single=True)
    own_parent = isinstance(stored, Unit) and stored.parent == stored.uid
    if own_parent and plan.asks_parent and world.version >= (2, 43):
        return Response(200, b"", headers=dict(_UNCACHED))  # verified fact H5
    return _uncached(plan.render(stored))


def _uncached(shown: dict[str, object]) -> Response:
    response = json_response(shown)
    response.headers |= _UNCACHED
    return response


def _showing(klass: Klass) -> Handler:
    return lambda world, request: show_object(world, request, klass)


def _showing_property(klass: Klass) -> Handler:
    def show(world: World, request: Request) -> Response:
        stored = find(world, request, klass, request.args["uid"])
        prop = request.args["prop"]
        presenter = Presenter(world, request)
        if prop not in presenter.known_names(klass):
            told = f"Property {prop} does not exist on {klass.java_name}"
            raise Refused(problem(world, 404, told, "E1005"))
        inner = request.first("fields", "*" if prop != "parent" else "")
        fields = f"{prop}[{inner}]" if _is_reference(klass, prop) else prop
        return _uncached(presenter.show(klass, stored, fields))

    return show


def _is_reference(klass: Klass, prop: str) -> bool:
    declared = next((one for one in klass.properties if one.name == prop), None)
    return prop in {"children", "organisationUnitGroups"} or (
        declared is not None and declared.kind in {"reference", "references"}
    )


def _creating(klass: Klass) -> Handler:
    def create(world: World, request: Request) -> Response:
        if (refusal := unsupported_content(world, request)) is not None:
            return refusal
        given = decode_payload(world, request.body)
        if not permissions.may_create(request.actor, klass) and not permissions.may_create(
            request.actor, klass, permissions.PRIVATE
        ):
            return forbidden(world, "You don't have the proper permissions to create this object.")
        uid = given.setdefault("id", new_uid())
        given.pop("translations", None)
        charge_import(world, request, {klass.plural: [given]})
        report = run_import(world, request.actor, {klass.plural: [given]}, single_params(request, "CREATE"))
        request.written = True
        response = object_reply(world, report, uid, klass, created=True)
        if response.status == 201:  # noqa: PLR2004 - created
            response.headers["location"] = f"{request.origin}/api/{klass.plural}/{uid}"
        return response

    return create


def _replacing(klass: Klass) -> Handler:
    def replace(world: World, request: Request) -> Response:
        uid = request.args["uid"]
        stored = find(world, request, klass, uid)
        if (refusal := unsupported_content(world, request)) is not None:
            return refusal
        if not permissions.may_update(request.actor, klass, data_of(stored)):
            return forbidden(world, "You don't have the proper permissions to update this object.")
        given = decode_payload(world, request.body)
        given["id"] = uid
        merge = world.version < (2, 41) and request.first("mergeMode") == "MERGE"
        charge_import(world, request, {klass.plural: [given]})
        params = single_params(request, "UPDATE", merge=merge)
        report = run_import(world, request.actor, {klass.plural: [given]}, params)
        request.written = True
        return object_reply(world, report, uid, klass)

    return replace


def _deleting(klass: Klass) -> Handler:
    def delete(world: World, request: Request) -> Response:
        uid = request.args["uid"]
        stored = find(world, request, klass, uid)
        if not permissions.may_delete(request.actor, klass, data_of(stored)):
            return forbidden(world, "You don't have the proper permissions to delete this object.")
        report = run_import(world, request.actor, {klass.plural: [{"id": uid}]}, single_params(request, "DELETE"))
        request.written = True
        return object_reply(world, report, uid, klass)

    return delete


def _translating(klass: Klass) -> Handler:
    def translate(world: World, request: Request) -> Response:
        stored = find(world, request, klass, request.args["uid"])
        given = msgspec.json.decode(request.body or b"{}")
        writer = Writer(world, request.actor, ImportParams())
        data = data_of(stored)
        data["translations"] = given.get("translations", [])
        data["lastUpdated"] = writer.now
        if isinstance(stored, Unit):
            world.units_store.touch(stored.uid)
        else:
            world.objects_version += 1
        request.written = True
        return Response(204, b"", "")

    return translate


for _klass in KLASSES.values():
    _register(_klass)
