"""The pages: fetch what the signed-in person may see, hand it to a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from cgr.accounts.actors import actor_of
from cgr.runs import queries as runs
from cgr.systems import queries as systems
from cgr.web.words import COUNTS, RUN_KINDS, RUN_STATES, in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.runs.models import Run
    from cgr.systems.models import ExternalSystem

_RUNS_SHOWN = 50


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the systems and the latest runs."""
    actor = actor_of(request.user)
    return render(
        request,
        "web/home.html",
        {
            "systems": [_system(row) for row in systems.systems(actor)],
            "runs": [_run(row) for row in runs.runs(actor)[:_RUNS_SHOWN]],
            "runs_shown": _RUNS_SHOWN,
        },
    )


def _system(row: ExternalSystem) -> dict[str, object]:
    return {
        "code": row.code,
        "label": in_reader_language(row.label),
        "organization": in_reader_language(row.organization.label),
        "url": row.url,
        "version": row.version,
        "checked_at": row.checked_at,
    }


def _run(row: Run) -> dict[str, object]:
    sign, state = RUN_STATES[row.state]
    counts = row.summary.get("counts", {})
    return {
        "id": row.pk,
        "kind": RUN_KINDS[row.kind],
        "config": row.config,
        "system": row.system.code if row.system else "",
        "sign": sign,
        "state": state,
        "state_code": row.state,
        "started": row.started,
        "ended": row.ended,
        "counts": [(COUNTS.get(name, name), number) for name, number in counts.items() if number],
    }
