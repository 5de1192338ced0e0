"""External systems: registered DHIS2 servers. What we sign in with can be sent, and is never shown."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from msgspec import UNSET, Struct, UnsetType
from ninja import Query, Router

from cgr.accounts.policy import Permission, may
from cgr.api import shapes
from cgr.api.answers import etag_of, json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import require_code
from cgr.api.editing import require_match, saved
from cgr.api.operations import operation
from cgr.api.parameters import Flag, Text
from cgr.core.definitions import Label
from cgr.core.errors import NotAllowed
from cgr.core.localized import parse_localized
from cgr.dhis2.check import SystemCheck
from cgr.sync.candidates import Candidates, candidates
from cgr.systems import actions, connection, queries
from cgr.systems.plugin import dhis2_app
from cgr.systems.signing_in import SignInGiven

if TYPE_CHECKING:
    from cgr.systems.models import ExternalSystem

router = Router()


class AuthGiven(SignInGiven[str], frozen=True, forbid_unknown_fields=True):
    """How to sign in. `password`, `token` and `client_secret` are never shown; one that isn't given stays as it is."""


class SystemGiven(Struct, frozen=True, forbid_unknown_fields=True):
    """A system as it is to be. `version` and `checked_at` are only shown; what is sent for them is ignored."""

    code: str
    organization: str
    label: Label
    url: str
    auth: AuthGiven
    kind: str = "dhis2"
    description: str = ""
    enabled: bool | UnsetType = UNSET
    version: str | UnsetType | None = UNSET
    checked_at: str | UnsetType | None = UNSET


@operation(router, "GET", "/systems", gives=shapes.Systems)
def list_systems(request: ApiRequest) -> dict[str, object]:
    """List the systems."""
    return {"systems": [_shown(request, row) for row in queries.systems(request.auth)]}


@operation(router, "GET", "/systems/{code}", gives=shapes.System, etag=True)
def show_system(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one system."""
    row = queries.system(request.auth, code)
    return json_answer(_shown(request, row), headers={"ETag": _etag(row)})


@operation(
    router,
    "PUT",
    "/systems/{code}",
    takes=SystemGiven,
    gives=shapes.SavedThing,
    also=(HTTPStatus.CREATED,),
    edits=True,
    etag=True,
)
def save_system(request: ApiRequest, code: Text, body: SystemGiven) -> HttpResponseBase:
    """Register a DHIS2, or change one; organization and code are fixed after registration."""
    require_code(body.code, code)
    with transaction.atomic():
        require_match(request, _present(request, code), what=("external system", code))
        result = actions.save_system(
            request.auth,
            code,
            organization=body.organization,
            kind=body.kind,
            label=parse_localized(body.label),
            description=body.description,
            url=body.url,
            enabled=None if body.enabled is UNSET else body.enabled,
            sign_in=body.auth.sign_in(of=code, reveal=lambda secret: secret),
        )
        return saved(code, result, etag=_etag(queries.system(request.auth, code)))


@operation(router, "DELETE", "/systems/{code}", status=HTTPStatus.NO_CONTENT, edits=True)
def delete_system(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Delete a system that no external id, configuration or run refers to; others can be disabled."""
    with transaction.atomic():
        row = queries.system(request.auth, code, for_update=True)
        require_match(request, _etag(row), what=("external system", code))
        actions.delete_system(request.auth, code)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@operation(router, "POST", "/systems/{code}/enable", gives=shapes.System)
def enable_system(request: ApiRequest, code: Text) -> dict[str, object]:
    """Let a system be used again."""
    actions.enable_system(request.auth, code)
    return _shown(request, queries.system(request.auth, code))


@operation(router, "POST", "/systems/{code}/disable", gives=shapes.System)
def disable_system(request: ApiRequest, code: Text) -> dict[str, object]:
    """Have nothing read from a system or sent to it, until it is enabled again; nothing of it is lost."""
    actions.disable_system(request.auth, code)
    return _shown(request, queries.system(request.auth, code))


@operation(router, "POST", "/systems/{code}/check", gives=SystemCheck, asks_dhis2=True)
def check_system(request: ApiRequest, code: Text) -> SystemCheck:
    """Try the connection: version, who we are there, missing authorities, levels, units, clocks."""
    row = queries.system(request.auth, code, permission=Permission.MANAGE_SYSTEMS)
    return connection.check(request.auth, row, timeouts=connection.WHILE_SOMEBODY_WAITS)


@operation(router, "GET", "/systems/{code}/candidates", gives=Candidates, asks_dhis2=True)
def list_candidates(
    request: ApiRequest,
    code: Text,
    type: Annotated[Text, Query(description="The type whose level is to be mapped.")],  # noqa: A002 - the domain's word
    refresh: Flag = False,  # noqa: FBT002 - ninja gives it by name
) -> Candidates:
    """Say what a level of a type can be mapped to: as it was read last, or with `refresh` as it is now."""
    return candidates(request.auth, code, type_code=type, refresh=refresh)


@operation(
    router,
    "GET",
    "/systems/{code}/plugin",
    gives={"type": "string", "format": "binary"},
    media_type="application/zip",
)
def show_plugin(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Give the DHIS2 app that opens this registry, as a zip to install there."""
    content = dhis2_app(request.auth, code)
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="cgr-dhis2-app.zip"', "Cache-Control": "no-store"},
    )


def _present(request: ApiRequest, code: str) -> str | None:
    try:
        return _etag(queries.system(request.auth, code, for_update=True))
    except NotAllowed:
        return None  # not there, or not for them to know: then saving says which


def _etag(row: ExternalSystem) -> str:
    return etag_of(queries.system_json(row, managed=True))


def _shown(request: ApiRequest, row: ExternalSystem) -> dict[str, object]:
    managed = may(request.auth, Permission.MANAGE_SYSTEMS, organization=row.organization.code)
    return queries.system_json(row, managed=managed)
