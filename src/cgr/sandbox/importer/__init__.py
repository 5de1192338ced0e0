"""The metadata importer: reads, checks, writes and reports as DHIS2 does, hazards included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgr.sandbox import permissions
from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT, Klass
from cgr.sandbox.http import Response
from cgr.sandbox.importer import errors
from cgr.sandbox.importer.checks import Batch, Checker
from cgr.sandbox.importer.errors import Finding
from cgr.sandbox.importer.params import ImportParams, read_params
from cgr.sandbox.importer.reading import Incoming, PayloadReader
from cgr.sandbox.importer.report import ImportReport, ObjectReport, TypeReport, failure_text
from cgr.sandbox.importer.writing import Writer
from cgr.sandbox.messages import Refused, problem
from cgr.sandbox.selection import stored_object
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.people import User
    from cgr.sandbox.units import Stored
    from cgr.sandbox.world import World

__all__ = [
    "ImportParams", "ImportReport", "ObjectReport", "TypeReport", "decode_payload", "failure_text", "read_params",
    "run_import",
]  # fmt: skip


def decode_payload(world: World, body: bytes) -> dict[str, Any]:
    """Read the JSON of a request; an empty body or anything but an object counts as `{}` (verified fact H15)."""
    if not body:
        if world.version < (2, 32):
            raise Refused(problem(world, 500, None))
        return {}
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError as broken:
        word = body.decode(errors="replace").split()[0][:20] if body.split() else ""
        told = (
            f"Unrecognized token '{word}': was expecting"
            " (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
        )
        raise Refused(problem(world, 409, told)) from broken
    return value if isinstance(value, dict) else {}


def run_import(world: World, user: User, payload: dict[str, Any], params: ImportParams) -> ImportReport:
    """Import a payload; raises Refused where the request fails as a whole, then nothing is written."""
    report = ImportReport(world, user, params)
    batches = _read(world, payload, params, report)
    if params.skip_validation and params.validate_only:
        report.types.clear()  # nothing was asked, nothing is told (verified fact H23, last row)
        return report
    if params.strategy == "DELETE":
        _delete(world, user, params, batches)
        return report
    checker = Checker(world, user, params, batches)
    for batch in batches.values():
        checker.run(batch)
    failed = any(batch.report.has_findings for batch in batches.values())
    refused = failed and params.atomic
    kept = {plural: _kept(batch) for plural, batch in batches.items()}
    for plural, batch in batches.items():
        stats = batch.report.stats
        stats.ignored = batch.report.blamed
        if refused:
            stats.ignored += len(kept[plural])
        else:
            stats.created = sum(incoming.stored is None for incoming in kept[plural])
            stats.updated = len(kept[plural]) - stats.created
    if refused or params.validate_only:
        return report
    _write(world, user, params, batches, kept)
    for plural, batch in batches.items():
        _mention_written(checker, batch, kept[plural])
    return report


def _read(world: World, payload: dict[str, Any], params: ImportParams, report: ImportReport) -> dict[str, Batch]:
    batches: dict[str, Batch] = {}
    for plural, klass in KLASSES.items():
        given = payload.get(plural)
        if not given:
            continue
        reader = PayloadReader(world, klass)
        values = list(given.values()) if isinstance(given, dict) else given if isinstance(given, list) else [given]
        batch = Batch(klass, TypeReport(klass, world.version))
        for index, value in enumerate(values):
            incoming = reader.read(value, index)
            incoming.stored = _match(world, klass, incoming, params)
            group = batch.fresh if incoming.stored is None else batch.stored
            incoming.place = len(group)
            group.append(incoming)
        batches[plural] = batch
        report.types.append(batch.report)
    if params.strategy != "DELETE":
        _refuse_own_parents(world, batches)
    return batches


def _match(world: World, klass: Klass, incoming: Incoming, params: ImportParams) -> Stored | None:
    """Find the object that exists already."""
    if params.identifier != "CODE" and (found := stored_object(world, klass, incoming.uid)) is not None:
        return found
    code = incoming.data.get("code")
    if params.identifier == "UID" or not code:
        return None
    if klass is ORGANISATION_UNIT:
        found_uid = world.units_store.by_code.get(code)
    else:
        stored = world.objects.get(klass.plural, {})
        found_uid = next((uid for uid, one in stored.items() if one.get("code") == code), None)
    if found_uid is None:
        return None
    incoming.uid = incoming.data["id"] = found_uid
    return stored_object(world, klass, found_uid)


def _refuse_own_parents(world: World, batches: dict[str, Batch]) -> None:
    """From 2.43 on nothing can be said to a unit that is its own parent: the connection ends (H5)."""
    batch = batches.get(ORGANISATION_UNIT.plural)
    if batch is None or world.version < (2, 43):
        return
    for incoming in batch.stored:
        if getattr(incoming.stored, "parent", None) == incoming.uid:
            raise Refused(Response(close=True))


def _kept(batch: Batch) -> list[Incoming]:
    """Give what wasn't refused, in the order of the payload."""
    kept = [incoming for incoming in batch.all() if id(incoming) not in batch.removed]
    kept.sort(key=lambda incoming: incoming.index)
    return kept


def _write(
    world: World, user: User, params: ImportParams, batches: dict[str, Batch], kept: dict[str, list[Incoming]]
) -> None:
    writer = Writer(world, user, params)
    for plural, batch in batches.items():
        writer.refuse_impossible(batch, kept[plural], with_sets="optionSets" in batches)
    # Options before their sets here, so that a set finds its members; both sides are put in step by the writer.
    order = sorted(batches, key=lambda plural: plural == "optionSets")
    for plural in order:
        writer.write(batches[plural].klass, kept[plural])


def _mention_written(checker: Checker, batch: Batch, kept: list[Incoming]) -> None:
    """List the written objects, which FULL shows; up to 2.32 under their place among those left (O2)."""
    if checker.version >= (2, 33):
        for incoming in kept:
            batch.report.written(incoming, incoming.index)
        return
    for group in (batch.fresh, batch.stored):
        left = [incoming for incoming in group if id(incoming) not in batch.removed]
        # Units are sorted by level before they are written, which tells only roots from the rest (api.md 5.3).
        left.sort(key=lambda incoming: incoming.parent is not None)
        for place, incoming in enumerate(left):
            batch.report.written(incoming, place)


def _delete(world: World, user: User, params: ImportParams, batches: dict[str, Batch]) -> None:
    checker_version = world.version
    for batch in batches.values():
        report, klass = batch.report, batch.klass
        for incoming in batch.fresh:
            label = errors.named(klass, incoming.uid, None)
            report.find(incoming, Finding("E5001", klass.java_name, ("UID", label), main_id=incoming.uid), 0)
            report.stats.ignored += 1
        for place, incoming in enumerate(batch.stored):
            index = batch.size + place if checker_version >= (2, 33) else place
            finding = deletion_finding(world, user, klass, incoming.uid)
            if finding is not None:
                report.find(incoming, finding, index if finding.code == "E4030" else incoming.index)
                report.stats.ignored += 1
            elif not params.validate_only:
                Writer(world, user, params).delete(klass, incoming.uid)
                report.stats.deleted += 1
                report.written(incoming, index)


def deletion_finding(world: World, user: User, klass: Klass, uid: str) -> Finding | None:
    """Give why an object can't be deleted, or None; raises Refused where older versions fail as a whole."""
    stored = stored_object(world, klass, uid)
    data = stored.data if isinstance(stored, Unit) else stored or {}
    # In 2.34.2 an import with DELETE looks at no authority (C20).
    if world.version[:2] != (2, 34) and not permissions.may_delete(user, klass, data):
        who = f"{user.name} [{user.uid}] (User)"
        return Finding("E3002", klass.java_name, (who, errors.named(klass, uid, None)))
    if klass is not ORGANISATION_UNIT or not world.units_store.children.get(uid):
        return None
    units = world.units_store
    names = ",".join(str(units.units[child].data.get("name")) for child in units.children[uid])
    reason = f"OrganisationUnit ({names})"
    if world.version >= (2, 39):
        return Finding("E4030", klass.java_name, (), (reason,))
    if world.version < (2, 35):
        told = "Could not delete due to association with another object: OrganisationUnit"
        raise Refused(problem(world, 409, told))
    told = f"Object could not be deleted because it is associated with another object: {reason}"
    raise Refused(problem(world, 409, told, "E4030", code_since=(2, 35)))
