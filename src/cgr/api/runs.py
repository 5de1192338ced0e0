"""Runs, of synchronizations and imports alike: listed, reported, and whatever can be done with one."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from django.http.response import HttpResponseBase
from msgspec import Struct
from ninja import Query, Router

from cgr.api import shapes
from cgr.api.answers import json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.parameters import Day, Limit, Text
from cgr.api.starting import started
from cgr.core.errors import BadInput
from cgr.imports.background import cancel_import, resume_import
from cgr.imports.reports import document_of, result_of
from cgr.runs import queries, selection
from cgr.runs.progress import progress_json
from cgr.runs.selection import Page, Which
from cgr.sync import actions, background, reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.runs.models import Run

router = Router()
_ACCEPTED = HTTPStatus.ACCEPTED


class ApplyAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """`digest` says which plan was reviewed, `consents` which guards are lifted, `why` is kept with the run."""

    digest: str
    consents: tuple[str, ...] = ()
    why: str = ""


@operation(router, "GET", "/runs", gives=shapes.Runs)
def list_runs(
    request: ApiRequest,
    config: Text | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List runs, newest first."""
    found = queries.runs(request.auth, config=config)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: limit + 1])
    return {"runs": queries.runs_json(rows[:limit]), "next": str(rows[limit - 1].pk) if len(rows) > limit else None}


@operation(router, "GET", "/runs/{run}", gives=shapes.Report)
def show_run(request: ApiRequest, run: Text) -> HttpResponseBase:
    """Show a plan, or the report of a run; of an import, what it did. It is streamed: a run can have many changes.

    A look for drift has counts only: what it found is read at /syncs/{code}/drift.
    """
    found = queries.run(request.auth, run)
    if found.kind == found.Kind.SYNC:
        return json_answer({"kind": found.kind, **reports.report_of(found)})
    if found.kind == found.Kind.DRIFT:
        return json_answer(reports.look_of(found))
    head = {
        "id": str(found.pk),
        "kind": found.kind,
        "state": found.state,
        "started": found.started.isoformat() if found.started else None,
        "ended": found.ended.isoformat() if found.ended else None,
        "error": found.error,
        "progress": progress_json(found),
        "notices": found.notices,
    }
    return json_answer({**head, **document_of(result_of(found))})


@operation(router, "GET", "/runs/{run}/items", gives=shapes.Items)
def list_items(  # noqa: PLR0913, PLR0917 - each narrows the list, and ninja gives them by name
    request: ApiRequest,
    run: Text,
    category: Literal["change", "problem", "note"] = "change",
    outcome: Annotated[list[str] | None, Query(description="Only changes with one of these outcomes.")] = None,
    code: Annotated[list[str] | None, Query(description="Only lines with one of these problem codes.")] = None,
    level: Annotated[list[Annotated[int, Query(ge=0, le=999)]] | None, Query(description="Only these levels.")] = None,
    kind: Annotated[list[str] | None, Query(description="Only changes of one of these kinds.")] = None,
    object: Annotated[Text | None, Query(description="TYPE:CODE: only lines about this object.")] = None,  # noqa: A002 - the domain's word
    after: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List the changes, problems or notes of a run in pages, as its report has them."""
    found = queries.run(request.auth, run)
    asked = selection.which(
        outcomes=outcome or (), codes=code or (), levels=level or (), kinds=kind or (), object=object or ""
    )
    lines = list(_items(found, category, asked, Page(-1 if after is None else after, limit + 1)))
    following = str(lines[limit - 1][1]) if len(lines) > limit else None
    return {"items": [line for line, _ in lines[:limit]], "next": following}


@operation(
    router,
    "POST",
    "/runs/{run}/apply",
    takes=ApplyAsked,
    gives=shapes.QueuedRun,
    status=_ACCEPTED,
    starts_run=True,
)
def apply_plan(request: ApiRequest, run: Text, body: ApplyAsked) -> HttpResponseBase:
    """Have a worker apply a plan that somebody reviewed."""
    return started(
        request,
        lambda: background.queue_apply(
            request.auth,
            queries.sync_run(request.auth, run),
            digest=body.digest,
            consents=body.consents,
            why=body.why,
        ),
    )


@operation(router, "POST", "/runs/{run}/cancel", gives=shapes.RunState)
def cancel_run(request: ApiRequest, run: Text) -> dict[str, str]:
    """Stop a run: at once if nothing was sent, else after the batch in flight. Of an import nothing is kept."""
    found = queries.run(request.auth, run)
    cancel = cancel_import if found.kind == found.Kind.IMPORT else actions.cancel
    return {"id": str(found.pk), "state": cancel(request.auth, found).state}


@operation(router, "POST", "/runs/{run}/resume", gives=shapes.QueuedRun, status=_ACCEPTED, starts_run=True)
def resume_run(request: ApiRequest, run: Text) -> HttpResponseBase:
    """Have a worker go on with a run that died or had to stop; an import begins again.

    The preview of an import is carried out; an import that ended is followed by another, which goes by the answers.
    """

    def resume() -> Run:
        found = queries.run(request.auth, run)
        go_on = resume_import if found.kind == found.Kind.IMPORT else background.queue_resume
        return go_on(request.auth, found)

    return started(request, resume)


@operation(router, "POST", "/runs/{run}/undo", gives=shapes.QueuedRun, status=_ACCEPTED, starts_run=True)
def undo_run(
    request: ApiRequest,
    run: Text,
    close: Annotated[Day | None, Query(description="The closedDate for units that the run created.")] = None,
) -> HttpResponseBase:
    """Have a worker make the plan that puts back what a run changed; it is applied like any plan."""
    return started(
        request,
        lambda: background.queue_undo(request.auth, queries.sync_run(request.auth, run), close=close),
    )


@operation(router, "POST", "/runs/{run}/retry", gives=shapes.QueuedRun, status=_ACCEPTED, starts_run=True)
def retry_run(request: ApiRequest, run: Text) -> HttpResponseBase:
    """Have a worker make a plan for only those objects of a run that weren't done."""

    def retry() -> Run:
        found = queries.sync_run(request.auth, run)
        return background.queue_plan(request.auth, found.config, only=f"failed-of:{found.pk}")

    return started(request, retry)


def _items(run: Run, category: str, asked: Which, page: Page) -> Iterator[tuple[Any, int]]:
    if run.kind == run.Kind.SYNC:
        yield from reports.items_of(run, category, asked, page=page)
        return
    if category == "note":
        raise BadInput(
            "The notes of an import are about all of it.",
            code="bad-filter",
            next_step=f"They stand in its report: /api/v1/runs/{run.pk}",
        )
    for body, position in selection.selected_bodies(run, category, asked, page=page):
        yield msgspec.Raw(body.encode()), position
