"""Imports: the organisation units of a DHIS2 become Geo-Objects."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from msgspec import Struct, field
from ninja import Query, Router

from cgr.api import shapes
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import read_day
from cgr.api.operations import operation
from cgr.api.parameters import Flag, Limit, Text
from cgr.api.starting import address_told, started
from cgr.core.errors import BadInput
from cgr.core.importing import ImportMapping, parse_answer
from cgr.imports import answers, suggesting
from cgr.imports.actions import Request
from cgr.imports.background import queue_import
from cgr.imports.reports import import_run
from cgr.imports.suggesting import suggestion_json

router = Router()


class ImportAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What to import. `levels`: DHIS2 level → type; or `propose`, to make types and hierarchy from the levels' names.

    `root`: only this organisation unit and what is below it. `from`: the day from which values hold, or `opening`.
    """

    system: str
    hierarchy: str
    levels: dict[int, str] | None = None
    propose: bool = False
    root: str | None = None
    start: str = field(name="from", default="opening")
    mapping: ImportMapping = ImportMapping()

    def request(self) -> Request:
        """Give what the import goes by; BadInput when neither or both of levels and proposal are asked for."""
        if bool(self.levels) == self.propose:
            raise BadInput(
                "Say which level is which type, or have them proposed.",
                code="import-settings",
                next_step="Give either levels or propose.",
            )
        return Request(
            system=self.system,
            hierarchy=self.hierarchy,
            levels=dict(sorted(self.levels.items())) if self.levels else None,
            root=self.root,
            start=None if self.start == "opening" else read_day(self.start, field="from").isoformat(),
            mapping=self.mapping,
        )


class AnswerGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """`as`: `existing:CODE` for the object that the unit is, `new` or `new:CODE` for a new one, `skip` to leave it out.

    `under:CODE` names the object that a unit is in whose own parent has none.
    """

    answer: str = field(name="as")


class SuggestionsAccepted(Struct, frozen=True, forbid_unknown_fields=True):
    """From which score on, above 0 and up to 1. `expected`: how many were seen; others by now are 409."""

    above: float
    expected: int | None = None


@operation(
    router,
    "POST",
    "/imports",
    takes=ImportAsked,
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def start_import(
    request: ApiRequest,
    body: ImportAsked,
    preview: Flag = False,  # noqa: FBT002 - ninja gives it by name
    notify: Flag = False,  # noqa: FBT002 - as above
) -> HttpResponseBase:
    """Have a worker import organisation units, live; what conflicts is listed and left out.

    With `preview` it only finds out what that would do, and keeps it: its state is then `new`, and resuming it carries
    it out, with what was answered. With `notify` an e-mail says to who asks how the import ended.
    """
    asked, told = body.request(), address_told(request, asked=notify)
    return started(request, lambda: queue_import(request.auth, asked, preview=preview, notify=told))


@operation(
    router,
    "POST",
    "/imports/preview",
    takes=ImportAsked,
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def preview_import(request: ApiRequest, body: ImportAsked) -> HttpResponseBase:
    """Have a worker find out what an import would do, as `/imports` does with `preview`; nothing is written."""
    asked = body.request()
    return started(request, lambda: queue_import(request.auth, asked, preview=True))


@operation(router, "POST", "/imports/{run}/items/{uid}/answer", takes=AnswerGiven, gives=shapes.ImportAnswer)
def answer_item(request: ApiRequest, run: Text, uid: Text, body: AnswerGiven) -> dict[str, object]:
    """Answer a unit that an import couldn't decide on; what continues the import goes by it.

    An object that the unit is gets its id at once.
    """
    found = import_run(request.auth, run)
    kept = answers.resolve(request.auth, found, item=uid, answer=parse_answer(body.answer))
    return {"run": str(found.pk), "item": uid, "as": body.answer, "by": kept.by, "at": kept.at.isoformat()}


@operation(router, "DELETE", "/imports/{run}/items/{uid}/answer", status=HTTPStatus.NO_CONTENT)
def withdraw_answer(request: ApiRequest, run: Text, uid: Text) -> HttpResponseBase:
    """Take an answer back; an object that got the unit's id by it loses it again."""
    answers.withdraw(request.auth, import_run(request.auth, run), item=uid)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@operation(router, "GET", "/imports/{run}/suggestions", gives=shapes.Suggestions)
def list_suggestions(
    request: ApiRequest,
    run: Text,
    above: Annotated[float, Query(ge=0, le=1, description="Only those that have at least this score.")] = 0.0,
    after: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List objects without an id that units of an import resemble, the most alike first."""
    found = import_run(request.auth, run)
    rows = suggesting.suggestions(found, after=-1 if after is None else after, above=above, limit=limit + 1)
    return {
        "run": str(found.pk),
        "suggestions": [suggestion_json(each) for each in rows[:limit]],
        "next": str(rows[limit - 1].position) if len(rows) > limit else None,
    }


@operation(
    router, "POST", "/imports/{run}/suggestions/accept", takes=SuggestionsAccepted, gives=shapes.AcceptedSuggestions
)
def accept_suggestions(
    request: ApiRequest,
    run: Text,
    body: SuggestionsAccepted,
    preview: Flag = False,  # noqa: FBT002 - ninja gives it by name
) -> dict[str, object]:
    """Link every unit that clearly resembles an object, from a score on; `open` have to be looked at one by one.

    With `preview` it only says which.
    """
    found = import_run(request.auth, run)
    done = (
        suggesting.acceptable(request.auth, found, above=body.above)
        if preview
        else suggesting.accept(request.auth, found, above=body.above, expected=body.expected)
    )
    return {
        "run": str(found.pk),
        "above": done.above,
        "accepted": [suggestion_json(each) for each in done.accepted],
        "open": [suggestion_json(each) for each in done.open],
    }
