"""The wizard (R3.1): system, levels and sub-tree, fields and terms; then a worker makes the preview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.core.errors import BadInput, CgrError, OtherSide
from cgr.imports.background import queue_import
from cgr.imports.offering import (
    AttributeSources,
    Chosen,
    attribute_sources,
    find_units,
    hierarchies_to_import_into,
    suggested_groups,
    suggested_terms,
    systems_to_import_from,
    what_dhis2_offers,
)
from cgr.runs.queries import runs
from cgr.web.failures import refused
from cgr.web.imports.drafts import ATTRIBUTE, FIELD, GROUPS, Draft
from cgr.web.imports.words import FIELDS, KINDS, OURS
from cgr.web.words import RUN_STATES, in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.records import RemoteAttribute, RemoteShape
    from cgr.runs.models import Run
    from cgr.systems.shapes import KeptShape

_LATEST = 10
_PLAIN_SOURCES = {
    "label": ("name", "shortName"),
    "code": ("code", "shortName"),
    "exists.start": ("openingDate",),
    "exists.end": ("closedDate",),
}


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """First step: from which system. Below: the latest imports."""
    actor = _allowed(request)
    draft = Draft.of(request)
    systems = systems_to_import_from(actor)
    missing = False
    if request.method == "POST":
        chosen = request.POST.get("system", "")
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
    problem = ""
    asked = request.POST.get("do", "")
    if request.method == "POST":
        draft.take_levels(request.POST)
        if asked == "find":
            problem = _find(actor, draft)
        draft.keep(request)
        if asked == "next" and not (problem := _levels_problem(draft)):
            return redirect("import-fields")
    offered, away = _offered(actor, draft, refresh=asked == "refresh")
    hierarchies = hierarchies_to_import_into(actor)
    chosen = next((one for one in hierarchies if one.code == draft.hierarchy), None)
    return render(
        request,
        "web/imports/levels.html",
        {
            "step": 2,
            "draft": draft,
            "problem": problem,
            "away": away,
            "offered": offered,
            "hierarchies": [(one.code, in_reader_language(one.label)) for one in hierarchies],
            "rows": _level_rows(draft, offered, chosen),
            "has_types": chosen is not None and bool(chosen.types),
        },
    )


@login_required
def fields(request: HttpRequest) -> HttpResponse:
    """Third step: what fills our attributes, and which options and groups are which terms."""
    actor = _allowed(request)
    draft = Draft.of(request)
    if not draft.system or _levels_problem(draft):
        return redirect("import-levels" if draft.system else "import")
    asked = request.POST.get("do", "")
    problem = ""
    if request.method == "POST":
        draft.take_fields(request.POST)
        draft.keep(request)
        if asked == "back":
            return redirect("import-levels")
    offered, away = _offered(actor, draft, refresh=asked == "refresh")
    matching = _matching(actor, draft, offered) if offered is not None and draft.hierarchy else []
    if asked.startswith("accept-"):
        _accept(draft, next((row for row in matching if row["code"] == asked.removeprefix("accept-")), None))
        draft.keep(request)
        matching = _matching(actor, draft, offered) if offered is not None else []
    if asked == "preview":
        try:
            run = queue_import(actor, draft.request(), preview=True)
        except BadInput as error:
            problem = refused(error)
        except CgrError as error:
            raise Http404 from error
        else:
            draft.run = str(run.pk)
            draft.keep(request)
            return redirect("import-run", run=str(run.pk))
    return render(
        request,
        "web/imports/fields.html",
        {
            "step": 3,
            "draft": draft,
            "problem": problem,
            "away": away,
            "offered": offered,
            "plain": _plain(draft),
            "matching": matching,
        },
    )


def _allowed(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.MANAGE_RUNS):
        raise Http404
    return actor


def _offered(actor: Actor, draft: Draft, *, refresh: bool) -> tuple[KeptShape | None, str]:
    """Give what DHIS2 offers, and why it couldn't be asked now; a dead one is a banner, never an error page."""
    try:
        found, trouble = what_dhis2_offers(actor, draft.system, refresh=refresh)
    except (OtherSide, BadInput) as error:
        return None, refused(error)
    return found, trouble or ""


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
    fresh = not draft.levels
    return [
        {
            "level": level.level,
            "name": level.name,
            "in_scope": level.level >= draft.top,
            "types": types,
            "chosen": (types[number][0] if number < len(types) else "")
            if fresh
            else draft.levels.get(str(level.level), ""),
        }
        for number, level in enumerate(offered.shape.levels)
    ]


def _plain(draft: Draft) -> list[dict[str, object]]:
    return [
        {
            "ours": ours,
            "words": OURS[ours],
            "sources": [(name, FIELDS[name]) for name in sources],
            "chosen": draft.plain.get(ours, ""),
        }
        for ours, sources in _PLAIN_SOURCES.items()
    ]


def _matching(actor: Actor, draft: Draft, offered: KeptShape | None) -> list[dict[str, Any]]:
    if offered is None:
        return []
    chosen = next((one for one in hierarchies_to_import_into(actor) if one.code == draft.hierarchy), None)
    wanted = draft.levels_in_scope().values()
    types = [shape for code, shape in chosen.types.items() if code in wanted] if chosen else []
    return [_row(draft, sources, offered.shape) for sources in attribute_sources(types, offered.shape)]


def _row(draft: Draft, sources: AttributeSources, shape: RemoteShape) -> dict[str, Any]:
    attribute = sources.attribute
    selections = [(f"{ATTRIBUTE}{one.id}", f"{one.name} ({one.value_type})") for one in sources.remote]
    selections += [(f"{FIELD}{name}", str(FIELDS[name])) for name in sources.fields]
    if sources.groups:
        selections.append((GROUPS, gettext("Org Unit Groups")))
    chosen = draft.sources.get(attribute.code, "")
    row: dict[str, Any] = {
        "code": attribute.code,
        "label": in_reader_language(attribute.label),
        "kind": attribute.kind,
        "selections": selections,
        "chosen": chosen,
        "pairs": [],
        "suggested": 0,
    }
    if attribute.kind == "term":
        row |= _pairs(draft, sources, shape.attributes.get(chosen.removeprefix(ATTRIBUTE)), chosen)
    return row


def _pairs(draft: Draft, sources: AttributeSources, remote: RemoteAttribute | None, chosen: str) -> dict[str, Any]:
    """Give the rows of a table of terms, with what is suggested where nothing was chosen."""
    attribute = sources.attribute
    terms = [(code, in_reader_language(label)) for code, label in (attribute.terms or {}).items()]
    if chosen == GROUPS:
        found = suggested_groups(attribute, sources.groups)
        groups = [(group.id, group.name) for group in sources.groups]
        names = dict(groups)
        said = draft.groups.get(attribute.code, {})
        pairs = [
            {
                "name": f"group-{attribute.code}|{code}",
                "key": code,
                "from": label,
                "choices": groups,
                "chosen": said.get(code, ""),
                "suggestion": found[code].target if code in found and not said.get(code) else "",
                "suggested": names.get(found[code].target, "") if code in found and not said.get(code) else "",
            }
            for code, label in terms
        ]
    elif remote is not None and remote.options:
        by_option = suggested_terms(attribute, remote)
        names = dict(terms)
        said = draft.terms.get(attribute.code, {})
        pairs = [
            {
                "name": f"term-{attribute.code}|{option.code}",
                "key": option.code,
                "from": option.name,
                "choices": terms,
                "chosen": said.get(option.code, ""),
                "suggestion": by_option[option.code].term
                if option.code in by_option and not said.get(option.code)
                else "",
                "suggested": names.get(by_option[option.code].term, "")
                if option.code in by_option and not said.get(option.code)
                else "",
            }
            for option in remote.options
        ]
    else:
        pairs = []
    return {"pairs": pairs, "suggested": sum(1 for pair in pairs if pair["suggestion"]), "by_groups": chosen == GROUPS}


def _accept(draft: Draft, row: dict[str, Any] | None) -> None:
    """Take over the suggestions for one attribute, as the person has seen them."""
    if row is None:
        return
    kept = draft.groups if row["by_groups"] else draft.terms
    for pair in row["pairs"]:
        if pair["suggestion"]:
            kept.setdefault(row["code"], {})[pair["key"]] = pair["suggestion"]


def _latest(row: Run) -> dict[str, object]:
    sign, state = RUN_STATES[row.state]
    counts = row.summary.get("counts", {})
    return {
        "id": row.pk,
        "system": in_reader_language(row.system.label),
        "sign": sign,
        "state": gettext("preview") if row.state == "new" else state,
        "state_code": row.state,
        "moment": row.ended or row.created,
        "actor": row.actor,
        "counts": [(*KINDS[name], number) for name, number in counts.items() if number and name in KINDS],
    }
