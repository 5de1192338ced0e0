"""Organizations: who owns types, hierarchies, systems and configurations."""

from __future__ import annotations

from http import HTTPStatus

from django.http.response import HttpResponseBase
from ninja import Router

from cgr.accounts import actions, queries
from cgr.accounts.policy import unknown
from cgr.api import shapes
from cgr.api.answers import etag_of, json_answer
from cgr.api.authentication import ApiRequest
from cgr.api.bodies import require_code
from cgr.api.editing import definitions_held, require_match, saved
from cgr.api.operations import operation
from cgr.api.parameters import Text
from cgr.configuration.document import OrganizationEntry
from cgr.core.localized import parse_localized

router = Router()


@operation(router, "GET", "/organizations", gives=shapes.Organizations)
def list_organizations(request: ApiRequest) -> dict[str, object]:
    """List the organizations that the actor belongs to."""
    return {"organizations": [{"code": row.code, "label": row.label} for row in queries.organizations(request.auth)]}


@operation(router, "GET", "/organizations/{code}", gives=shapes.Organization, etag=True)
def show_organization(request: ApiRequest, code: Text) -> HttpResponseBase:
    """Show one organization."""
    found = _found(request, code)
    if found is None:
        raise unknown("organization", code)
    return json_answer(found, headers={"ETag": etag_of(found)})


@operation(
    router,
    "PUT",
    "/organizations/{code}",
    takes=OrganizationEntry,
    gives=shapes.SavedThing,
    also=(HTTPStatus.CREATED,),
    edits=True,
    etag=True,
)
def save_organization(request: ApiRequest, code: Text, body: OrganizationEntry) -> HttpResponseBase:
    """Make an organization, or change its label."""
    require_code(body.code, code)
    with definitions_held():
        present = _found(request, code)
        require_match(request, None if present is None else etag_of(present), what=("organization", code))
        result = actions.save_organization(request.auth, code, label=parse_localized(body.label))
        return saved(code, result, etag=etag_of(_found(request, code)))


def _found(request: ApiRequest, code: str) -> dict[str, object] | None:
    row = queries.organizations(request.auth).filter(code=code).first()
    return None if row is None else {"code": row.code, "label": row.label}
