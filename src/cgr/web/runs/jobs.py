"""Jobs: every run that somebody may see, live where it is under way, and what is due next by schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.core.numbers import whole_number
from cgr.runs import queries
from cgr.sync.configs import configs
from cgr.systems.queries import systems
from cgr.web.runs.showing import state_words
from cgr.web.words import RUN_KINDS, RUN_STATES, counts_in_words, in_reader_language, other_side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse, QueryDict

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run

_ON_A_PAGE = 25
_DUE = 10


class FilterForm(forms.Form):
    """Which runs; it stands in the address."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    system = forms.ChoiceField(label=gettext_lazy("External System"), required=False)
    config = forms.CharField(label=gettext_lazy("Configuration"), required=False, max_length=50)

    def __init__(self, actor: Actor, data: QueryDict) -> None:
        """Offer the systems whose runs the actor may see."""
        super().__init__(data)
        seen = systems(actor, permission=Permission.SEE_RUNS)
        offered: dict[str, Iterable[tuple[str, object]]] = {
            "kind": RUN_KINDS.items(),
            "state": [(code, f"{sign} {_state(code)}") for code, (sign, _) in RUN_STATES.items()],
            "system": [(row.code, in_reader_language(row.label)) for row in seen],
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker
            field.choices = [("", "–"), *choices]


def _state(code: str) -> str:
    return pgettext("state of a run", "to be reviewed") if code == "new" else str(RUN_STATES[code][1])


@require_GET
@login_required
def jobs(request: HttpRequest) -> HttpResponse:
    """Show the newest runs, a page at a time: `before` is the number that the next page begins below."""
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.SEE_RUNS):
        raise Http404
    form = FilterForm(actor, request.GET)
    found = queries.runs(actor).defer("names", "settings").select_related("organization", "system", "progress")
    if form.is_valid():
        wanted = {name: value for name, value in form.cleaned_data.items() if value}
        found = found.filter(**{"system__code" if name == "system" else name: one for name, one in wanted.items()})
    else:
        found = found.none()
    before = whole_number(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: _ON_A_PAGE + 1])
    asked = request.GET.copy()
    asked.pop("before", None)
    shown = jobs_shown(rows[:_ON_A_PAGE])
    context = {
        "form": form,
        "jobs": shown,
        "more": rows[_ON_A_PAGE - 1].pk if len(rows) > _ON_A_PAGE else None,
        "asked": asked.urlencode(),
        "here": request.get_full_path(),
        "narrows": bool(asked),
        "live": any(one["under_way"] for one in shown),
        "due": _due(actor),
    }
    part = request.headers.get("HX-Target", "") == "div#jobs"
    return render(request, "web/runs/jobs_table.html" if part else "web/runs/jobs.html", context)


def jobs_shown(rows: list[Run]) -> list[dict[str, Any]]:
    """Give runs as tables of pages show them; whom the queued ones wait for is asked once for all."""
    ahead = queries.waiting_for(rows)
    return [{**_job(row), "ahead": ahead.get(row.pk)} for row in rows]


def _job(row: Run) -> dict[str, Any]:
    sign, state = state_words(row)
    under_way = row.state in {row.State.QUEUED, row.State.RUNNING}
    progress = getattr(row, "progress", None) if row.state == row.State.RUNNING else None
    return {
        "id": row.pk,
        "kind": RUN_KINDS[row.kind],
        "config": row.config,
        "system": other_side(row),
        "sign": sign,
        "state": state,
        "state_code": row.state,
        "under_way": under_way,
        "progress": progress if progress is not None and progress.total else None,
        "created": row.created,
        "started": row.started,
        "ended": row.ended,
        "actor": row.actor,
        "counts": counts_in_words(row.summary.get("counts", {})),
    }


def _due(actor: Actor) -> list[dict[str, object]]:
    rows = configs(actor).filter(next_at__isnull=False).defer("settings").order_by("next_at")[:_DUE]
    return [
        {
            "code": row.code,
            "label": in_reader_language(row.label),
            "at": row.next_at,
            "by": row.scheduled_by,
            "error": row.schedule_error,
        }
        for row in rows
    ]
