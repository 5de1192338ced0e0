"""The pages of synchronizations beside their form: the list, one with its runs, what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may, may_anywhere, require
from cgr.core.errors import BadInput
from cgr.core.mapping_rules import Severity
from cgr.core.numbers import whole_number
from cgr.core.schedule import Schedule
from cgr.registry.queries import terms_in_use, type_shapes
from cgr.runs import queries as runs
from cgr.runs.progress import progress_json
from cgr.sync.background import queue_plan
from cgr.sync.checking import checked
from cgr.sync.configs import config as find_config
from cgr.sync.configs import configs, delete_config, mapping_of, notify_of
from cgr.sync.schedules import schedule_of
from cgr.sync.scheduling import set_schedule
from cgr.systems import queries as systems
from cgr.systems.shapes import kept
from cgr.web.dialogs import leave
from cgr.web.runs.showing import state_words
from cgr.web.sentences import refusal
from cgr.web.syncs.glance import glance
from cgr.web.syncs.notices import told_in_words
from cgr.web.syncs.words import said
from cgr.web.systems.words import in_words
from cgr.web.words import counts_in_words, in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run
    from cgr.sync.models import SyncConfig

_RUNS_SHOWN = 20
_OPEN = frozenset({"queued", "running"})


@require_GET
@login_required
def syncs(request: HttpRequest) -> HttpResponse:
    """List the configurations that somebody may see, with what came last and what comes next."""
    actor = _allowed(request)
    rows = list(configs(actor).defer("settings"))
    latest = runs.latest_runs(actor, [row.code for row in rows])
    return render(
        request,
        "web/syncs/list.html",
        {
            "syncs": [{**_sync(row), "run": _run(latest[row.code]) if row.code in latest else None} for row in rows],
            "manages": may_anywhere(actor, Permission.MANAGE_SYNCS),
            "has_system": bool(rows) or systems.systems(actor, permission=Permission.MANAGE_SYSTEMS).exists(),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def sync(request: HttpRequest, code: str) -> HttpResponse:
    """Show one configuration; make a preview, or hold it against its DHIS2, when that is asked for."""
    actor, row = _one(request, code)
    asked = request.POST.get("do", "")
    if asked == "preview":
        run = queue_plan(actor, code)
        return redirect("run", run=run.pk)
    found = checked(actor, code, now=asked == "check")
    return render(
        request,
        "web/syncs/sync.html",
        {
            "sync": _sync(row),
            "levels": glance(mapping_of(row), found.types, found.shape),
            "findings": [said(one) for one in found.findings],
            "errors": sum(1 for one in found.findings if one.severity is Severity.ERROR),
            "read_at": found.read_at,
            "trouble": in_words(found.trouble) if found.trouble else None,
            "manages": may(actor, Permission.MANAGE_SYNCS, organization=row.organization.code),
            "manages_system": may(actor, Permission.MANAGE_SYSTEMS, organization=row.system.organization.code),
            "told": told_in_words(notify_of(row)),
            **_runs(request, actor, row),
        },
    )


@require_GET
@login_required
def runs_of_sync(request: HttpRequest, code: str) -> HttpResponse:
    """Give the list of runs alone, for the page that looks again while one is under way."""
    actor, row = _one(request, code)
    return render(request, "web/syncs/runs.html", {"sync": _sync(row), **_runs(request, actor, row)})


@login_required
@require_http_methods(["GET", "POST"])
def delete_sync(request: HttpRequest, code: str) -> HttpResponse:
    """Say what goes with a configuration and what stays, and delete it when that is wanted."""
    actor, row = _one(request, code)
    require(actor, Permission.MANAGE_SYNCS, organization=row.organization.code)
    open_now = runs.open_runs(row.system_id, config=row.code).exists()
    if request.method == "POST" and not open_now:
        delete_config(actor, code)
        messages.success(request, gettext("The synchronization is deleted. Its runs are kept."))
        return leave(request, reverse("syncs"))
    return render(request, "web/syncs/delete.html", {"sync": _sync(row), "open_now": open_now})


@login_required
@require_http_methods(["GET", "POST"])
def run_sync(request: HttpRequest, code: str) -> HttpResponse:
    """Say what a run will do, and start it. No guard is consented to here: that is done with a preview in sight."""
    actor, row = _one(request, code)
    require(actor, Permission.MANAGE_RUNS, organization=row.organization.code)
    if request.method == "POST":
        run = queue_plan(actor, code, then_apply=True)
        return leave(request, reverse("run", args=[run.pk]))
    mapping = mapping_of(row)
    known = kept(row.system)
    return render(
        request,
        "web/syncs/run.html",
        {
            "sync": _sync(row),
            "levels": glance(mapping, type_shapes(row.hierarchy.code), known.shape if known else None),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
def schedule(request: HttpRequest, code: str) -> HttpResponse:
    """Have a configuration run by itself, otherwise, not for a while, or no more."""
    actor, row = _one(request, code)
    require(actor, Permission.MANAGE_RUNS, organization=row.organization.code)
    now = schedule_of(row)
    typed = {
        "cron": now.cron if now else "30 2 * * *",
        "time_zone": now.time_zone if now else "UTC",
        "apply": now.apply if now else True,
    }
    problem = ""
    if request.method == "POST":
        asked = request.POST.get("do", "save")
        typed = {
            "cron": " ".join(request.POST.get("cron", "").split()),
            "time_zone": request.POST.get("time_zone", "").strip(),
            "apply": request.POST.get("apply", "run") == "run",
        }
        try:
            set_schedule(actor, code, _wanted(asked, now, typed))
        except BadInput as error:
            problem = refusal(error)
        else:
            messages.success(request, gettext("Saved."))
            return leave(request, reverse("sync", args=[code]))
    zones = sorted(available_timezones())
    context = {"sync": _sync(row), "typed": typed, "refused": problem, "has_schedule": now is not None, "zones": zones}
    return render(request, "web/syncs/schedule.html", context)


def _wanted(asked: str, now: Schedule | None, typed: dict[str, object]) -> Schedule | None:
    if asked == "remove":
        return None
    if asked in ("pause", "continue") and now is not None:
        return Schedule(now.cron, now.time_zone, now.apply, paused=asked == "pause")
    paused = now.paused if now is not None else False
    return Schedule(str(typed["cron"]), str(typed["time_zone"]), bool(typed["apply"]), paused=paused)


@require_GET
@login_required
def terms(request: HttpRequest) -> HttpResponse:
    """Say how many objects have which term: asked for beside the form, because all objects are gone through."""
    actor = _allowed(request)
    type_code, attribute = request.GET.get("type", ""), request.GET.get("attribute", "")
    found = terms_in_use(actor, type_code, attribute)
    unmapped = set(request.GET.getlist("term"))
    counts = sorted((term, count) for term, count in (found or {}).items() if term in unmapped)
    context = {"too_long": found is None, "counts": counts, "total": sum(count for _term, count in counts)}
    return render(request, "web/syncs/terms.html", context)


def _allowed(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.SEE_SYNCS):
        raise Http404
    return actor


def _one(request: HttpRequest, code: str) -> tuple[Actor, SyncConfig]:
    actor = actor_of(request.user)
    return actor, find_config(actor, code)


def _sync(row: SyncConfig) -> dict[str, object]:
    now = schedule_of(row)
    return {
        "code": row.code,
        "label": in_reader_language(row.label),
        "organization": in_reader_language(row.organization.label),
        "system": in_reader_language(row.system.label),
        "system_code": row.system.code,
        "system_enabled": row.system.enabled,
        "hierarchy": in_reader_language(row.hierarchy.label),
        "schedule": now,
        "next_at": row.next_at,
        "scheduled_by": row.scheduled_by,
        "schedule_error": row.schedule_error,
    }


def _runs(request: HttpRequest, actor: Actor, row: SyncConfig) -> dict[str, object]:
    """Give a page of the runs of a configuration, newest first; `before` in the address: only older ones."""
    before = whole_number(request.GET.get("before", ""))
    found = runs.runs(actor, config=row.code).exclude(kind="drift").defer("names", "settings")
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found[: _RUNS_SHOWN + 1])
    shown = [_run(one) for one in page[:_RUNS_SHOWN]]
    return {
        "runs": shown,
        "runs_live": any(one.state in _OPEN for one in page),
        "older": page[_RUNS_SHOWN - 1].pk if len(page) > _RUNS_SHOWN else None,
        "before": before,
    }


def _run(row: Run) -> dict[str, object]:
    sign, state = state_words(row)
    return {
        "id": row.pk,
        "sign": sign,
        "state": state,
        "state_code": row.state,
        "when": row.ended or row.started or row.created,
        "started": row.started,
        "ended": row.ended,
        "by": row.actor,
        "counts": counts_in_words(row.summary.get("counts", {})),
        "progress": progress_json(row) if row.state == "running" else None,
    }
