"""Imports with `async=true`: the job, its messages, its summary (verified facts S14 and H22).

The import runs within the request that starts it; a client can't tell that from a quick worker.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.field_lists import parse_fields
from cgr.sandbox.http import Request, Response, json_response
from cgr.sandbox.importer import ImportParams, ImportReport, decode_payload, run_import
from cgr.sandbox.jobs import Job, Jobs, new_job, note, note_stages, note_start, started
from cgr.sandbox.messages import Refused
from cgr.sandbox.routes import ROUTER

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_IMPORT: Final = "METADATA_IMPORT"
_UNSET: Final[dict[str, Any]] = {"user": None, "filename": None, "csvImportClass": None}
_STAGES: Final = (
    "Loading file resource", "Loading file content", "Running preCreateBundle", "Creating bundle",
    "Running postCreateBundle", "Validating bundle",
)  # fmt: skip


def start_import(world: World, request: Request, params: ImportParams) -> Response:
    """Run an import as a job; gives the reply that names it. Malformed JSON fails in the job from 2.41 on."""
    queued = world.version >= (2, 41)
    payload = decode_payload(world, request.body) if not queued else {}
    parameters = _parameters(world, request, params)
    job = new_job(world, request, _IMPORT, old_name="metadataImport", parameters=parameters)
    if queued:
        note_start(world, job, "Metadata import started", _UNSET)
    else:
        note(world, job, f"({job.user}) Import:Start")
    try:
        payload = decode_payload(world, request.body) if queued else payload
        _finish(world, job, run_import(world, request.actor, payload, _job_params(world, params)))
        request.written = not params.validate_only
    except Refused as crash:
        _crash(world, job, crash)
    return started(world, request, job)


@ROUTER.route("GET", "/api/system/tasks/{kind}")
def all_tasks(world: World, request: Request) -> Response:
    """Give the messages of every job of a kind; up to 2.34 of the newest only, from 2.39 on the first and last."""
    jobs = [job for job in world.state(Jobs).by_id.values() if job.kind == request.args["kind"]]
    if world.version < (2, 35):
        return _notes_reply(world, jobs[-1].notes if jobs else [])
    if world.version < (2, 39):
        return json_response({job.uid: job.notes for job in jobs})
    return json_response({job.uid: [job.notes[0], job.notes[-1]] for job in reversed(jobs) if job.notes})


@ROUTER.route("GET", "/api/system/tasks/{kind}/{uid}")
def task(world: World, request: Request) -> Response:
    """Give the messages of one import, newest first; of a crashed one 2.41 and 2.42 show them once (H22)."""
    job = world.state(Jobs).by_id.get(request.args["uid"])
    if job is None:
        return _notes_reply(world, [])
    gone = job.crashed and job.shown and (2, 41) <= world.version < (2, 43)
    job.shown = True
    return _notes_reply(world, [] if gone else job.notes)


@ROUTER.route("GET", "/api/system/taskSummaries/{kind}/{uid}")
def summary(world: World, request: Request) -> Response:
    """Give the bare report of an import, nothing when there is none."""
    job = world.state(Jobs).by_id.get(request.args["uid"])
    if job is None or job.summary is None:
        return Response(200, b"", "")
    response = json_response(job.summary)
    if world.version < (2, 32):
        response.content_type = ""
    return response


@ROUTER.route("GET", "/api/jobConfigurations/{uid}")
def job_entry(world: World, request: Request) -> Response:
    """Show how a job ended; up to 2.40 an import leaves no such entry."""
    job = world.state(Jobs).by_id.get(request.args["uid"])
    if job is None or world.version < (2, 41):
        return messages.not_found(world, "JobConfiguration", request.args["uid"])
    shown = {
        "id": job.uid,
        "name": job.name,
        "jobType": job.kind,
        "jobStatus": "DISABLED",
        "lastExecutedStatus": "FAILED" if job.crashed else "COMPLETED",
        "created": job.created,
    }
    wanted = parse_fields(request.first("fields", "*"))
    return json_response({key: value for key, value in shown.items() if wanted.presets or key in wanted.wanted})


def _parameters(world: World, request: Request, params: ImportParams) -> dict[str, Any]:
    """Give the parameters as the summary shows them in this version."""
    shown: dict[str, Any] = params.shown(world, request.actor)
    if world.version >= (2, 37):
        shown["importReportMode"] = params.report_mode
    if world.version >= (2, 40):
        shown.pop("userOverrideMode", None)
    if world.version >= (2, 41):
        shown.pop("mergeMode", None)
        shown.pop("username", None)
        shown["async"] = True
    return shown


def _job_params(world: World, params: ImportParams) -> ImportParams:
    """2.39 and 2.40 forget the report mode on the way to the job: its summary lists everything, with names."""
    return replace(params, report_mode="DEBUG") if (2, 39) <= world.version < (2, 41) else params


def _finish(world: World, job: Job, report: ImportReport) -> None:
    job.summary = report.bare() | {"importParams": job.parameters}
    stats = job.summary["stats"]
    if world.version < (2, 41):
        _note_old_stages(world, job, report)
        unit = "seconds" if world.version < (2, 35) else "sec."
        note(world, job, f"({job.user}) Import:Done took 0.05 {unit}", completed=True)
        return
    _note_stages(world, job, report)
    counts = ", ".join(f"{stats[what]} {what}" for what in ("created", "updated", "deleted", "ignored"))
    level = "ERROR" if report.status == "ERROR" else "INFO"
    note(world, job, f"Import complete with status {report.status}, {counts}", completed=True, level=level)


def _note_old_stages(world: World, job: Job, report: ImportReport) -> None:
    for kind in report.types:
        for count, verb in ((kind.stats.created, "Creating"), (kind.stats.updated, "Updating")):
            if count:
                note(world, job, f"({job.user}) {verb} {count} object(s) of type {kind.klass.simple}")


def _note_stages(world: World, job: Job, report: ImportReport) -> None:
    note_stages(world, job, _STAGES)
    for kind in report.types:
        for count, verb, hook in (
            (kind.stats.created, "Creating", "Create"),
            (kind.stats.updated, "Updating", "Update"),
        ):
            if not count:
                continue
            name = kind.klass.simple
            for stage in (
                f"Running pre{hook} {name} bundle hooks",
                f"{verb} {count} {name} object(s) as {job.user}",
                f"Running post{hook} {name} bundle hooks",
            ):
                note(world, job, stage)
                note(world, job, f"{count} successful and 0 failed items")


def _crash(world: World, job: Job, crash: Refused) -> None:
    """End a job that failed as a whole: 2.31 never says so."""
    job.crashed = True
    if world.version < (2, 32):
        return
    body = crash.response.body
    told = msgspec.json.decode(body).get("message", "") if isinstance(body, bytes) and body else ""
    note(world, job, f"Process failed: {told}", completed=True, level="ERROR")


def _notes_reply(world: World, notes: list[dict[str, Any]]) -> Response:
    response = json_response(notes)
    response.headers["cache-control"] = "no-store"
    if world.version < (2, 32):
        response.content_type = ""
    return response
