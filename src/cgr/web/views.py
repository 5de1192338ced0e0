"""The first page: what needs somebody now, the latest runs, the systems at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.registry.queries.proposals import waiting
from cgr.runs import queries as runs
from cgr.web.runs.jobs import jobs_shown
from cgr.web.systems.listing import listed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.runs.models import Run

_RUNS_SHOWN = 20
_ATTENTION_SHOWN = 10
_NEEDS_SOMEBODY = frozenset({"new", "warning", "failure"})


def _needs_somebody(row: Run) -> bool:
    """Say whether a run waits for a person: a preview in which nothing changes and nothing is wrong doesn't."""
    counts = row.summary.get("counts", {})
    empty = row.state == row.State.NEW and not any(number for name, number in counts.items() if name != "unchanged")
    return row.state in _NEEDS_SOMEBODY and not empty


def _untried(system: dict[str, object]) -> bool:
    return bool(system["enabled"]) and not system["checked_at"] and not system["failure"]


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show what a person who signs in looks for first."""
    actor = actor_of(request.user)
    found = list(runs.runs(actor).defer("names", "settings")[:_RUNS_SHOWN])
    undecided = [row for row in runs.latest_of_each(actor) if _needs_somebody(row)]
    known = listed(actor)
    used = {row.system.code for row in found if row.system is not None and row.started is not None}
    return render(
        request,
        "web/home.html",
        {
            "attention": jobs_shown(undecided[:_ATTENTION_SHOWN]),
            "more_attention": max(0, len(undecided) - _ATTENTION_SHOWN),
            "untried": [one for one in known if _untried(one) and one["code"] not in used],
            "failing": [one for one in known if one["enabled"] and one["failure"]],
            "systems": known,
            "manages_systems": may_anywhere(actor, Permission.MANAGE_SYSTEMS),
            "runs": jobs_shown(found),
            "proposals": waiting(actor),
            "runs_shown": _RUNS_SHOWN,
        },
    )
