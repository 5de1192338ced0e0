"""The lines of a run for tables and cards: what changes from what to what, what is wrong, what became of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.core.localized import pick
from cgr.core.plan_words import Names, field_sides, group_words
from cgr.registry.queries import labels
from cgr.runs import queries
from cgr.runs.selection import ReportedChange, ReportedProblem, line_of
from cgr.sync.reports import outcome_of
from cgr.web.runs.words import KINDS, OUTCOMES, field_label, problem_words, side

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.http import HttpRequest, HttpResponse

    from cgr.runs.models import Run


@require_GET
@login_required
def line(request: HttpRequest, run: int, line: int) -> HttpResponse:
    """Show one change or problem whole: every field, both parents, what was sent and what DHIS2 answered."""
    row = queries.sync_run(actor_of(request.user), str(run))
    found = line_of(row, line)
    if found is None:
        raise Http404
    (shown,) = lines_shown(row, [found])
    exchange = {"sent": _readable(found.sent), "answer": _readable(found.answer)}
    return render(request, "web/runs/line.html", {"run": row, "line": shown, "parents": _parents(shown), **exchange})


def lines_shown(run: Run, found: Sequence[ReportedChange | ReportedProblem]) -> list[dict[str, Any]]:
    """Give lines as templates show them; names of all objects are looked up in one query."""
    names = msgspec.convert(run.names, Names)
    called = called_of(run, (one.key for one in found))
    return [
        {
            **(_change(one, run, names) if isinstance(one, ReportedChange) else _problem(one)),
            "name": called.get(one.key, ""),
        }
        for one in found
    ]


def called_of(run: Run, keys: Iterable[int]) -> dict[int, str]:
    """Give key → what the object was called at the day of the run, in the language that is sent."""
    locale = run.settings.get("locale", "default")
    found = labels({key for key in keys if key}, run.as_of.isoformat())
    return {key: pick(label, locale) or "" for key, label in found.items()}


def _change(one: ReportedChange, run: Run, names: Names) -> dict[str, Any]:
    change = one.item.change
    ended = run.started is not None
    outcome = outcome_of(one.item, run) if ended else {"outcome": None}
    error: dict[str, Any] = outcome.get("error") or {}
    sides = [(key, field_sides(key, field, names)) for key, field in change.fields.items()]
    return {
        "id": one.item.pk,
        "kinds": [KINDS[kind] for kind in change.kinds],
        "colour": KINDS[change.kinds[0]][0],
        "level": change.level,
        "type": change.object.type,
        "code": change.object.code,
        "uid": change.uid,
        "fields": [(key, field_label(one.label), side(one.before), side(one.after)) for key, one in sides],
        "groups": group_words(change, names),
        "outcome": OUTCOMES.get(outcome["outcome"] or ""),
        "problem": _wrong(error) if error else None,
    }


def _problem(one: ReportedProblem) -> dict[str, Any]:
    problem = one.problem
    blocked_by = problem.blocked_by
    return {
        "id": one.pk,
        "kinds": [KINDS["problem"]],
        "colour": "problem",
        "level": problem.level,
        "type": problem.object.type,
        "code": problem.object.code,
        "uid": problem.uid or "",
        "fields": [],
        "groups": [],
        "outcome": None,
        "problem": _wrong(
            {
                "code": problem.code.value,
                "message": problem.message,
                "next_step": problem.next_step,
                "blocked_by": {"type": blocked_by.type, "code": blocked_by.code} if blocked_by else None,
            }
        ),
    }


def _wrong(error: dict[str, Any]) -> dict[str, Any]:
    means, todo = problem_words(error["code"])
    return {
        "code": error["code"],
        "means": means,
        "todo": todo,
        "message": error.get("message") or "",
        "next_step": error.get("next_step") or "",
        "blocked_by": error.get("blocked_by"),
        "dhis2_code": error.get("dhis2_code") or "",
    }


def _parents(shown: dict[str, Any]) -> tuple[str, str] | None:
    """Give the old and the new parent of a unit that moves."""
    return next(((before, after) for key, _, before, after in shown["fields"] if key == "parent"), None)


def _readable(text: str | None) -> str | None:
    return None if text is None else json.dumps(json.loads(text), indent=2, ensure_ascii=False)
