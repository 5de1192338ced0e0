"""The first page: what needs somebody now, the latest runs, the systems at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from cgr.accounts.actors import actor_of
from cgr.runs import queries as runs
from cgr.web.runs.jobs import jobs_shown
from cgr.web.systems.listing import listed

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_RUNS_SHOWN = 20
_ATTENTION_SHOWN = 10
_NEEDS_SOMEBODY = frozenset({"new", "warning", "failure"})


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show what a person who signs in looks for first."""
    actor = actor_of(request.user)
    found = list(runs.runs(actor).defer("names", "settings")[:_RUNS_SHOWN])
    waiting = [row for row in runs.latest_of_each(actor) if row.state in _NEEDS_SOMEBODY]
    known = listed(actor)
    return render(
        request,
        "web/home.html",
        {
            "attention": jobs_shown(waiting[:_ATTENTION_SHOWN]),
            "more_attention": max(0, len(waiting) - _ATTENTION_SHOWN),
            "untried": [one for one in known if one["enabled"] and not one["checked_at"] and not one["failure"]],
            "failing": [one for one in known if one["enabled"] and one["failure"]],
            "systems": known,
            "runs": jobs_shown(found),
            "runs_shown": _RUNS_SHOWN,
        },
    )
