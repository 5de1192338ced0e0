"""Drift: what somebody changed in DHIS2 since both sides agreed on it (R9.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cgr.accounts.actors import actor_of
from cgr.core.numbers import whole_number
from cgr.runs.queries import runs
from cgr.sync import background
from cgr.sync import drift as drifting
from cgr.sync.configs import config as find_config
from cgr.web.failures import refused_in_words
from cgr.web.runs.showing import is_under_way, progress_of
from cgr.web.runs.words import field_label
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.sync.drift import Drift

_ON_A_PAGE = 100
_FURTHEST = 1_000_000_000


@require_http_methods(["GET", "POST"])
@login_required
def drift(request: HttpRequest, code: str) -> HttpResponse:
    """Show what the last look found and no run has settled since; a post has a worker look again."""
    actor = actor_of(request.user)
    if request.method == "POST":
        with refused_in_words(request):
            background.queue_look(actor, code)
        return redirect("drift", code=code)
    start = whole_number(request.GET.get("from", ""), most=_FURTHEST) or 0
    found = drifting.known(actor, code, start=start, limit=_ON_A_PAGE + 1)  # one more tells whether there is more
    config = find_config(actor, code)
    look = runs(actor, config=code).filter(kind="drift").defer("names", "settings").first()
    under_way = look is not None and is_under_way(look)
    context = {
        **(progress_of(look, {}) if look is not None and under_way else {}),
        "under_way": under_way,
        "failed": look.error if look is not None and look.state == look.State.FAILURE else None,
        "here": request.get_full_path(),
        "looked": config.drift_looked,
        "config": config,
        "label": in_reader_language(config.label),
        "system": in_reader_language(config.system.label) or config.system.code,
        "agreed": found.agreed,
        "counts": found.counts,
        "lines": [_line(one) for one in found.drift[:_ON_A_PAGE]],
        "next": start + _ON_A_PAGE if len(found.drift) > _ON_A_PAGE else None,
    }
    part = request.headers.get("HX-Target", "") == "div#drift"
    return render(request, "web/runs/drift_found.html" if part else "web/runs/drift.html", context)


def _line(one: Drift) -> dict[str, Any]:
    return {
        "deleted": one.kind == "deleted",
        "type": one.object["type"],
        "code": one.object["code"],
        "uid": one.uid,
        "level": one.level,
        "fields": [(field_label(field["label"]), field["words"]) for field in one.fields.values()],
        "when": (one.last_updated or "").replace("T", " ")[:16],
        "by": one.last_updated_by,
    }
