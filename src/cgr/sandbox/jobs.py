"""Jobs: what runs with `async=true`, its messages newest first, its summary (verified facts S14 and H22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from cgr.sandbox import messages
from cgr.sandbox.uids import new_uid

if TYPE_CHECKING:
    from cgr.sandbox.http import Request, Response
    from cgr.sandbox.world import World


class Job(msgspec.Struct):
    """One job; `summary` is what taskSummaries gives, None when there is nothing."""

    uid: str
    kind: str
    name: str
    created: str
    user: str
    parameters: dict[str, Any]
    notes: list[dict[str, Any]] = msgspec.field(default_factory=list)
    summary: dict[str, Any] | None = None
    crashed: bool = False
    shown: bool = False


class Jobs(msgspec.Struct):
    """The jobs of a world, by id, oldest first."""

    by_id: dict[str, Job] = msgspec.field(default_factory=dict)


def new_job(world: World, request: Request, kind: str, *, old_name: str, parameters: dict[str, Any]) -> Job:
    """Make a job; from 2.41 on it is named after its kind and the time, before it is `old_name`."""
    millis = int(world.clock().timestamp() * 1000)
    name = f"{kind} ({millis})" if world.version >= (2, 41) else old_name
    job = Job(new_uid(), kind, name, world.now(), request.actor.username, parameters)
    world.state(Jobs).by_id[job.uid] = job
    return job


def note(world: World, job: Job, message: str, *, completed: bool = False, level: str = "INFO") -> dict[str, Any]:
    """Add a message to a job; gives it, to be added to."""
    # 2.34 to 2.38 give every message the id of its job.
    uid = job.uid if (2, 33) <= world.version < (2, 39) else new_uid()
    told: dict[str, Any] = {"uid": uid, "level": level, "category": job.kind, "time": world.now()}
    told |= {"message": message, "completed": completed}
    if world.version >= (2, 33):
        told["id"] = uid
    job.notes.insert(0, told)
    return told


def note_start(world: World, job: Job, message: str, unset: dict[str, Any]) -> None:
    """Add the first message of a job of 2.41 and later, which shows its parameters, the unset ones as null."""
    note(world, job, message).update({"dataType": "PARAMETERS", "data": {**unset, **job.parameters}})


def note_stages(world: World, job: Job, stages: tuple[str, ...]) -> None:
    """Add the messages of the stages a job went through."""
    for stage in stages:
        note(world, job, stage)


def started(world: World, request: Request, job: Job, *, located: bool = True) -> Response:
    """Give the reply to the request that started a job."""
    path = f"/api/system/tasks/{job.kind}"
    told: dict[str, Any] = {"name": job.name, "id": job.uid, "created": job.created, "jobType": job.kind}
    if world.version >= (2, 41):
        told |= {"jobStatus": "NOT_STARTED", "jobParameters": job.parameters}
    elif world.version >= (2, 37):
        told["jobStatus"] = "SCHEDULED"
    told["relativeNotifierEndpoint"] = f"{path}/{job.uid}"
    if world.version >= (2, 42):
        told["responseType"] = "JobConfiguration"
    response = messages.web_message(200, f"Initiated {job.name}", response=told)
    if located:
        response.headers["location"] = request.origin + path
    return response
