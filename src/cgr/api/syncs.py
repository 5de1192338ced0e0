"""Synchronization configurations in the form of the configuration file: kept, checked, planned, watched, scheduled."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from msgspec import UNSET, Struct, UnsetType
from ninja import Router

from cgr.api import shapes
from cgr.api.answers import etag_of, json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import read_day, require_code
from cgr.api.editing import require_match, saved
from cgr.api.operations import operation
from cgr.api.parameters import Text
from cgr.api.starting import started
from cgr.core.definitions import SyncDefinition
from cgr.core.errors import NotAllowed
from cgr.core.localized import parse_localized
from cgr.core.mapping_rules import findings_json
from cgr.core.notices import Ending, Notify, Webhook
from cgr.core.schedule import Schedule
from cgr.sync import actions, background, configs
from cgr.sync import drift as drifting
from cgr.sync.drift import DriftFound
from cgr.sync.notify_settings import NotifyGiven
from cgr.sync.schedules import schedule_json
from cgr.sync.scheduling import set_schedule

if TYPE_CHECKING:
    from cgr.sync.models import SyncConfig

router = Router()


class WebhookGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to post the end of a run. The secret is never shown; one that isn't given stays as it is."""

    url: str
    secret: str | None = None


class NoticesGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told when a run ends, and after which endings."""

    email: tuple[str, ...] = ()
    webhook: WebhookGiven | None = None
    on: tuple[Ending, ...] = Notify().on

    def notify(self) -> NotifyGiven:
        """Give what is kept with the configuration."""
        webhook = Webhook(self.webhook.url) if self.webhook else None
        return NotifyGiven(Notify(self.email, webhook, self.on), self.webhook.secret if self.webhook else None)


class SyncGiven(SyncDefinition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A configuration as it is to be. `schedule` and `notify` stay as they are when absent, and end when null."""

    notify: NoticesGiven | UnsetType | None = UNSET


class PlanAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """What to plan. `as_of`: the day whose state is sent, default today. `only`: `failed-of:RUN`.

    With `apply` the plan is applied at once, unless a guard stops it that isn't among `consents`; `why` is kept.
    """

    as_of: str | None = None
    only: str = ""
    apply: bool = False
    consents: tuple[str, ...] = ()
    why: str = ""


@operation(router, "GET", "/syncs", gives=shapes.SyncConfigs)
def list_syncs(request: ApiRequest) -> dict[str, object]:
    """List the synchronization configurations."""
    return {"syncs": configs.export(request.auth)}


@operation(router, "GET", "/syncs/{code}", gives=shapes.SyncConfig, etag=True)
def show_sync(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one configuration."""
    row = configs.config(request.auth, code)
    return json_answer(configs.config_json(row), headers={"ETag": _etag(row)})


@operation(
    router,
    "PUT",
    "/syncs/{code}",
    takes=SyncGiven,
    gives=shapes.SavedThing,
    also=(HTTPStatus.CREATED,),
    edits=True,
    etag=True,
)
def save_sync(request: ApiRequest, code: Text, body: SyncGiven) -> HttpResponseBase:
    """Make a configuration, or change it; its mapping is checked against the registry, DHIS2 isn't asked here."""
    require_code(body.code, code)
    with transaction.atomic():
        require_match(request, _present(request, code), what=("synchronization configuration", code))
        result = configs.save_config(
            request.auth,
            code=code,
            organization=body.organization,
            label=parse_localized(body.label),
            hierarchy=body.hierarchy,
            system=body.system,
            settings=body.mapping(),
            schedule=body.schedule,
            notify=body.notify.notify() if isinstance(body.notify, NoticesGiven) else body.notify,
        )
        return saved(code, result, etag=_etag(configs.config(request.auth, code)))


@operation(router, "DELETE", "/syncs/{code}", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_sync(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Delete a configuration; its runs keep the settings that they were planned with."""
    with transaction.atomic():
        require_match(
            request,
            _etag(configs.config(request.auth, code, for_update=True)),
            what=("synchronization configuration", code),
        )
        configs.delete_config(request.auth, code)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@operation(router, "POST", "/syncs/{code}/check", gives=shapes.CheckedConfig, asks_dhis2=True)
def check_sync(request: ApiRequest, code: Text) -> dict[str, object]:
    """Hold a configuration against the live DHIS2."""
    return findings_json(actions.check(request.auth, code))


@operation(
    router,
    "POST",
    "/syncs/{code}/plans",
    takes=PlanAsked,
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def make_plan(request: ApiRequest, code: Text, body: PlanAsked) -> HttpResponseBase:
    """Have a worker make a plan, and with `apply` apply it."""
    on = None if body.as_of is None else read_day(body.as_of, field="as_of")
    return started(
        request,
        lambda: background.queue_plan(
            request.auth,
            code,
            as_of=on,
            only=body.only,
            then_apply=body.apply,
            consents=body.consents,
            why=body.why,
        ),
    )


@operation(router, "GET", "/syncs/{code}/drift", gives=DriftFound)
def show_drift(request: ApiRequest, code: Text) -> DriftFound:
    """Show what the last look at DHIS2 found to be otherwise than agreed, and nothing has settled since."""
    return drifting.known(request.auth, code)


@operation(
    router,
    "POST",
    "/syncs/{code}/drift",
    gives=shapes.QueuedRun,
    status=HTTPStatus.ACCEPTED,
    starts_run=True,
)
def look_for_drift(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Have a worker look for what somebody changed or deleted in DHIS2 since it was last agreed on.

    What it finds is read by GET once the run has ended.
    """
    return started(request, lambda: background.queue_look(request.auth, code))


@operation(router, "GET", "/syncs/{code}/schedule", gives=shapes.ScheduleState, etag=True)
def show_schedule(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show when a configuration runs by itself."""
    return _schedule(configs.config(request.auth, code))


@operation(
    router,
    "PUT",
    "/syncs/{code}/schedule",
    takes=Schedule,
    gives=shapes.ScheduleState,
    edits=True,
    etag=True,
)
def save_schedule(request: ApiRequest, code: Text, body: Schedule) -> HttpResponseBase:
    """Have a configuration run by itself, with the rights of who set it last: of the token, while it is good."""
    with transaction.atomic():
        require_match(
            request,
            etag_of(configs.config(request.auth, code, for_update=True).schedule),
            what=("synchronization configuration", code),
        )
        return _schedule(set_schedule(request.auth, code, body))


@operation(router, "DELETE", "/syncs/{code}/schedule", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_schedule(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Have a configuration run only when somebody asks."""
    with transaction.atomic():
        require_match(
            request,
            etag_of(configs.config(request.auth, code, for_update=True).schedule),
            what=("synchronization configuration", code),
        )
        set_schedule(request.auth, code, None)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _schedule(row: SyncConfig) -> HttpResponseBase:
    return json_answer(schedule_json(row), headers={"ETag": etag_of(row.schedule)})


def _present(request: ApiRequest, code: str) -> str | None:
    try:
        return _etag(configs.config(request.auth, code, for_update=True))
    except NotAllowed:
        return None  # not there, or not for them to know: then saving says which


def _etag(row: SyncConfig) -> str:
    return etag_of(configs.config_json(row))
