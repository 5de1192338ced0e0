"""The wizard (R3.1): system, levels and sub-tree, fields and terms; then a worker makes the preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.core.errors import BadInput, CgrError, OtherSide
from cgr.imports.background import queue_import
from cgr.imports.offering import (
    find_units,
    hierarchies_to_import_into,
    systems_to_import_from,
    what_dhis2_offers,
)
from cgr.runs.queries import runs
from cgr.web.failures import refused
from cgr.web.imports.drafts import Draft
from cgr.web.imports.matching import accept_suggested, matching
from cgr.web.imports.words import KINDS, OURS
from cgr.web.runs.showing import state_words
from cgr.web.sentences import in_reader_words
from cgr.web.words import UNIT_FIELDS, in_reader_language, other_side

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.imports.offering import Chosen
    from cgr.runs.models import Run
    from cgr.systems.shapes import KeptShape

_LATEST = 10
_FROM_FILE = ":file"  # no system has such a code
_PLAIN_SOURCES = {
    "label": ("name", "shortName"),
    "code": ("code", "shortName"),
    "exists.start": ("openingDate",),
    "exists.end": ("closedDate",),
}


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """First step: from a file, or from which system. Below: the latest imports."""
    actor = _allowed(request)
    draft = Draft.of(request)
    systems = systems_to_import_from(actor)
    missing = False
    if request.method == "POST":
        chosen = request.POST.get("system", "")
        if chosen == _FROM_FILE:
            return redirect("import-file")
        if chosen in {row.code for row in systems}:
            draft.choose_system(chosen)
            draft.keep(request)
            return redirect("import-levels")
        missing = True
    latest = runs(actor).filter(kind="import")[:_LATEST]
    return render(
        request,
        "web/imports/start.html",
        {
            "step": 1,
            "draft": draft,
            "systems": [(row.code, in_reader_language(row.label), row.url) for row in systems],
            "missing": missing,
            "from_file": _FROM_FILE,
            "latest": [_latest(row) for row in latest],
        },
    )


@login_required
def levels(request: HttpRequest) -> HttpResponse:
    """Second step: which level is which type, what sub-tree, since when values hold."""
    actor = _allowed(request)
    draft = Draft.of(request)
    if not draft.system:
        return redirect("import")
    if request.method == "POST":
        return _take_levels(request, actor, draft)
    offered, away = _offered(actor, draft)
    hierarchies = hierarchies_to_import_into(actor)
    chosen = next((one for one in hierarchies if one.code == draft.hierarchy), None)
    return render(
        request,
        "web/imports/levels.html",
        {
            "step": 2,
            "draft": draft,
            "away": away,
            "offered": offered,
            "hierarchies": [(one.code, in_reader_language(one.label)) for one in hierarchies],
            "rows": _level_rows(draft, offered, chosen),
            "has_types": chosen is not None and bool(chosen.types),
        },
    )


def _take_levels(request: HttpRequest, actor: Actor, draft: Draft) -> HttpResponse:
    """Keep what the form says, whatever the button; then lead on, or back with what is wrong."""
    asked = request.POST.get("do", "")
    draft.take_levels(request.POST)
    problem = ""
    if asked == "find":
        problem = _find(actor, draft)
    elif asked == "refresh":
        _, problem = _offered(actor, draft, refresh=True)
    elif asked == "next":
        problem = _levels_problem(draft)
    draft.keep(request)
    if problem:
        messages.error(request, problem)
    return redirect("import-fields" if asked == "next" and not problem else "import-levels")


@login_required
def fields(request: HttpRequest) -> HttpResponse:
    """Third step: what fills our attributes, and which options and groups are which terms."""
    actor = _allowed(request)
    draft = Draft.of(request)
    if not draft.system or _levels_problem(draft):
        return redirect("import-levels" if draft.system else "import")
    if request.method == "POST":
        return _take_fields(request, actor, draft)
    offered, away = _offered(actor, draft)
    return render(
        request,
        "web/imports/fields.html",
        {
            "step": 3,
            "draft": draft,
            "away": away,
            "offered": offered,
            "plain": _plain(draft),
            "matching": matching(actor, draft, offered),
        },
    )


def _take_fields(request: HttpRequest, actor: Actor, draft: Draft) -> HttpResponse:
    asked = request.POST.get("do", "")
    draft.take_fields(request.POST)
    problem = ""
    if asked == "refresh":
        _, problem = _offered(actor, draft, refresh=True)
    elif asked.startswith("accept-"):
        rows = {row["code"]: row for row in matching(actor, draft, _offered(actor, draft)[0])}
        accept_suggested(draft, rows.get(asked.removeprefix("accept-")))
    elif asked == "preview":
        problem = _preview(actor, draft)
    draft.keep(request)
    if problem:
        messages.error(request, problem)
    elif asked == "preview":
        return redirect("import-run", run=draft.run)
    return redirect("import-levels" if asked == "back" else "import-fields")


def _preview(actor: Actor, draft: Draft) -> str:
    try:
        draft.run = str(queue_import(actor, draft.request(), preview=True).pk)
    except CgrError as error:
        return refused(error)
    return ""


def _allowed(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.MANAGE_RUNS):
        raise Http404
    return actor


def _offered(actor: Actor, draft: Draft, *, refresh: bool = False) -> tuple[KeptShape | None, str]:
    """Give what DHIS2 offers, and why it couldn't be asked now; a dead one is a banner, never an error page."""
    try:
        found, trouble = what_dhis2_offers(actor, draft.system, refresh=refresh)
    except (OtherSide, BadInput) as error:
        return None, refused(error)
    return found, in_reader_words(trouble) if trouble else ""


def _find(actor: Actor, draft: Draft) -> str:
    if not draft.find:
        draft.found = []
        return ""
    try:
        found = find_units(actor, draft.system, draft.find)
    except (OtherSide, BadInput) as error:
        return refused(error)
    draft.found = [{"uid": unit.uid, "name": unit.name, "level": unit.level, "parent": unit.parent} for unit in found]
    if not found:
        return gettext("No organisation unit has such a name.")
    return ""


def _levels_problem(draft: Draft) -> str:
    """Say what is missing before one can go on; whether it fits together is judged with the request."""
    if not draft.hierarchy:
        if not draft.proposed:
            return gettext("Choose a hierarchy, or give the new one a code.")
        return ""
    chosen = draft.levels_in_scope()
    if not chosen:
        return gettext("Choose a Geo-Object Type for at least one level.")
    if min(chosen) != draft.top and draft.root:
        return gettext("The levels begin with the level of the chosen unit: %(level)s.") % {"level": draft.top}
    return ""


def _level_rows(draft: Draft, offered: KeptShape | None, chosen: Chosen | None) -> list[dict[str, object]]:
    if offered is None or chosen is None:
        return []
    types = [(code, in_reader_language(shape.label)) for code, shape in chosen.types.items()]
    # Only when nothing was said yet: the types in their order, there to be changed before anything is done.
    chosen_before = draft.levels or {
        str(level.level): code for level, (code, _) in zip(offered.shape.levels, types, strict=False)
    }
    return [
        {
            "level": level.level,
            "name": level.name,
            "in_scope": level.level >= draft.top,
            "types": types,
            "chosen": chosen_before.get(str(level.level), ""),
        }
        for level in offered.shape.levels
    ]


def _plain(draft: Draft) -> list[dict[str, object]]:
    return [
        {
            "ours": ours,
            "words": OURS[ours],
            "sources": [(name, UNIT_FIELDS[name]) for name in sources],
            "chosen": draft.plain.get(ours, ""),
        }
        for ours, sources in _PLAIN_SOURCES.items()
    ]


def _latest(row: Run) -> dict[str, object]:
    sign, state = state_words(row)
    counts = row.summary.get("counts", {})
    return {
        "id": row.pk,
        "system": other_side(row),
        "sign": sign,
        "state": gettext("preview") if row.state == "new" else state,
        "state_code": row.state,
        "moment": row.ended or row.created,
        "actor": row.actor,
        "counts": [(*KINDS[name], number) for name, number in counts.items() if number and name in KINDS],
    }
