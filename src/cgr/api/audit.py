"""The audit log: who changed what, when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from django.http.response import HttpResponseBase
from ninja import Query, Router

from cgr.accounts.policy import Permission, require_anywhere
from cgr.accounts.trail import trail
from cgr.api import shapes
from cgr.api.answers import NDJSON, Stream
from cgr.api.authentication import ApiRequest
from cgr.api.operations import operation
from cgr.api.parameters import Day, Limit, Text
from cgr.audit.queries import entry_json

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from cgr.audit.models import AuditEntry

router = Router()

Since = Annotated[Day | None, Query(description="First day (UTC).")]
Until = Annotated[Day | None, Query(description="Last day (UTC).")]
Kind = Annotated[Text | None, Query(description="Only of this kind of thing, like system or user.")]
Who = Annotated[Text | None, Query(description="Only by whom the name begins with this.")]


@operation(router, "GET", "/audit", gives=shapes.AuditEntries)
def list_audit(
    request: ApiRequest,
    since: Since = None,
    until: Until = None,
    organization: Text | None = None,
    kind: Kind = None,
    who: Who = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` of the page before.")] = None,
    limit: Limit = 100,
) -> dict[str, object]:
    """List the entries of the audit log in pages, newest first."""
    found = _found(request, since=since, until=until, organization=organization, kind=kind, who=who)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: limit + 1])
    return {
        "entries": [entry_json(row) for row in rows[:limit]],
        "next": rows[limit - 1].pk if len(rows) > limit else None,
    }


@operation(router, "GET", "/audit.ndjson", gives={"type": "string"}, media_type=NDJSON)
def export_audit(
    request: ApiRequest,
    since: Since = None,
    until: Until = None,
    organization: Text | None = None,
    kind: Kind = None,
    who: Who = None,
) -> HttpResponseBase:
    """Stream the entries, newest first, one JSON object a line: what `cgr audit export` writes."""
    found = _found(request, since=since, until=until, organization=organization, kind=kind, who=who)
    return Stream((msgspec.json.encode(entry_json(row)) + b"\n" for row in found.iterator()), content_type=NDJSON)


def _found(
    request: ApiRequest,
    *,
    since: Day | None,
    until: Day | None,
    organization: str | None,
    kind: str | None,
    who: str | None,
) -> QuerySet[AuditEntry]:
    require_anywhere(request.auth, Permission.SEE_AUDIT)
    return trail(
        request.auth, organization=organization or "", kind=kind or "", who=who or "", since=since, until=until
    )
