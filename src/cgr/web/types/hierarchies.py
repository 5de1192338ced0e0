"""The pages of hierarchies (R0.3): trees of types, built one step at a time; what would break is named before."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts.policy import Permission, may_anywhere
from cgr.configuration import deleting
from cgr.core.arranging import IN, OUT, descendants, step
from cgr.core.breakage import Kept
from cgr.core.definitions import HierarchyDefinition
from cgr.core.errors import BadInput
from cgr.registry import actions, queries
from cgr.web.dialogs import leave
from cgr.web.labels import label_initial
from cgr.web.systems.words import in_words
from cgr.web.types.asking import Question, ask_first, remove_once_asked
from cgr.web.types.forms import HierarchyForm, NewHierarchyForm, PlaceForm
from cgr.web.types.reading import (
    branches,
    children_of_types,
    labels,
    managed,
    manager,
    manages,
    named,
    organizations,
    reader,
    types_of,
    words_of,
)

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.arranging import Children
    from cgr.web.types.reading import Row

_TAKE_OUT = "take-out"


@require_GET
@login_required
def hierarchies(request: HttpRequest) -> HttpResponse:
    """List the hierarchies that somebody may know."""
    actor = reader(request)
    rows, names, places = queries.export_hierarchies(actor), labels(types_of(actor)), organizations(actor)
    known = labels(rows)
    shown = [
        {
            "code": row["code"],
            "label": known[row["code"]],
            "organization": places.get(row["organization"], row["organization"]),
            "inherits": known.get(row.get("inherits", ""), row.get("inherits", "")),
            "branches": branches(children_of_types(row["tree"]), names),
        }
        for row in rows
    ]
    context = {"hierarchies": shown, "manages": may_anywhere(actor, Permission.MANAGE_DEFINITIONS)}
    return render(request, "web/types/hierarchies.html", context)


@login_required
def hierarchy(request: HttpRequest, hierarchy: str) -> HttpResponse:
    """Show one hierarchy; a button or a drop moves a type, or takes it out."""
    actor = reader(request)
    rows = queries.export_hierarchies(actor)
    row = named(rows, hierarchy, "hierarchy")
    if request.method == "POST":
        return _change(request, actor, managed(actor, rows, hierarchy, "hierarchy"))
    children, names = children_of_types(row["tree"]), labels(types_of(actor))
    inherited, known = row.get("inherits"), labels(rows)
    context = {
        "hierarchy": {"code": hierarchy, "label": words_of(row["label"])},
        "organization": organizations(actor).get(row["organization"], row["organization"]),
        "inherited": None if inherited is None else {"code": inherited, "label": known.get(inherited, inherited)},
        "above": _above(children, inherited, rows, names),
        "branches": branches(children, names),
        "manages": manages(actor, row),
        "moved": request.GET.get("moved"),
        "way": request.GET.get("way"),
    }
    return render(request, "web/types/hierarchy.html", context)


def _above(children: Children, inherited: str | None, rows: list[Row], names: dict[str, str]) -> list[Row]:
    """Give the types above this hierarchy's own, as the inherited one has them."""
    found = next((row for row in rows if row["code"] == inherited), None)
    if found is None:
        return []
    tops = set(children.get(None, ()))
    return _pruned(branches(children_of_types(found["tree"]), names), tops)


def _pruned(rows: list[Row], tops: set[str]) -> list[Row]:
    """Keep what leads to one of the tops."""
    kept = []
    for row in rows:
        below = _pruned(row["below"], tops)
        if below or any(one["code"] in tops for one in row["below"]):
            kept.append({**row, "below": below})
    return kept


def _change(request: HttpRequest, actor: Actor, row: Row) -> HttpResponse:
    """Move a type or take it out, unless that would break something; ask first where a person may consent."""
    children = children_of_types(row["tree"])
    way = next((one for one in (OUT, IN, _TAKE_OUT) if one in request.POST), "")
    code = request.POST.get(way or "code", "")
    here = reverse("hierarchy", args=[row["code"]])
    below = None
    if way != _TAKE_OUT:
        spot = step(children, code, way)
        below = request.POST.get("below") if spot is None else spot.parent
        if spot is None and (not below or below in {code, *descendants(children, code)}):
            return redirect(here)
    found = deleting.breaking_place(actor, row["code"], code)
    if way != _TAKE_OUT:  # what stands below it moves along
        found = tuple(one for one in found if one.kept is not Kept.TYPES_BELOW)
    label = labels(types_of(actor)).get(code, code)
    title = gettext("Take %(label)s out of the hierarchy?") if way == _TAKE_OUT else gettext("Move %(label)s?")
    question = Question(
        title=title % {"label": label},
        does=gettext("Take it out") if way == _TAKE_OUT else gettext("Move it"),
        back=here,
    )
    asked = ask_first(request, found, question)
    if asked is not None:
        return asked
    try:
        if way == _TAKE_OUT:
            deleting.take_out_type(actor, row["code"], code, consent=True)
            messages.success(request, gettext("%(label)s is taken out of the hierarchy.") % {"label": label})
        else:
            actions.place_type(actor, row["code"], code, below=below)
    except BadInput as error:
        messages.error(request, in_words(error).told)
    return redirect(f"{here}?{urlencode({'moved': code, 'way': way})}")


@login_required
def add_hierarchy(request: HttpRequest) -> HttpResponse:
    """Define a hierarchy."""
    actor = manager(request)
    rows = queries.export_hierarchies(actor)
    form = NewHierarchyForm(request.POST or None)
    form.offer("organization", organizations(actor, Permission.MANAGE_DEFINITIONS).items())
    form.offer("inherits", labels(rows).items(), empty=True)
    if request.method == "POST" and form.is_valid() and not form.refuse_taken(row["code"] for row in rows):
        given = form.cleaned_data
        label, inherits = form.localized_label(), given["inherits"] or None
        definition = HierarchyDefinition(given["code"], given["organization"], label, inherits=inherits)
        if _saves(actor, form, definition):
            messages.success(request, gettext("The hierarchy is defined. Place its types now."))
            return leave(request, reverse("hierarchy", args=[given["code"]]))
    return render(request, "web/types/form.html", {"form": form, "title": gettext("Add a hierarchy")})


@login_required
def edit_hierarchy(request: HttpRequest, hierarchy: str) -> HttpResponse:
    """Change the label of a hierarchy, or which one it continues; or delete it, after what would break is named."""
    actor = manager(request)
    rows = queries.export_hierarchies(actor)
    row = managed(actor, rows, hierarchy, "hierarchy")
    if request.POST.get("do") == "remove":
        return _delete(request, actor, row)
    initial = {**label_initial(row["label"]), "inherits": row.get("inherits", "")}
    form = HierarchyForm(request.POST or None, initial=initial)
    others = {code: words for code, words in labels(rows).items() if code != hierarchy}
    form.offer("inherits", others.items(), empty=True)
    if request.method == "POST" and form.is_valid():
        label, inherits = form.localized_label(row["label"]), form.cleaned_data["inherits"] or None
        definition = HierarchyDefinition(hierarchy, row["organization"], label, inherits=inherits)
        if _saves(actor, form, definition):
            messages.success(request, gettext("Saved."))
            return leave(request, reverse("hierarchy", args=[hierarchy]))
    context = {"form": form, "title": words_of(row["label"]), "removes": gettext("Delete this hierarchy")}
    return render(request, "web/types/form.html", context)


def _delete(request: HttpRequest, actor: Actor, row: Row) -> HttpResponse:
    label, code = {"label": words_of(row["label"])}, row["code"]
    question = Question(
        title=gettext("Delete the hierarchy %(label)s?") % label,
        does=gettext("Delete the hierarchy"),
        back=reverse("hierarchy", args=[code]),
        goes=gettext("Only the tree goes; its types stay."),
    )
    return remove_once_asked(
        request,
        deleting.breaking_hierarchy(actor, code),
        question,
        remove=lambda: deleting.delete_hierarchy(actor, code),
        told=gettext("The hierarchy %(label)s is deleted.") % label,
        leads_to=reverse("hierarchies"),
    )


@login_required
def place(request: HttpRequest, hierarchy: str) -> HttpResponse:
    """Put a type that isn't in the hierarchy yet below another one (`below` in the address), or at the top."""
    actor = manager(request)
    row = managed(actor, queries.export_hierarchies(actor), hierarchy, "hierarchy")
    known = labels(types_of(actor))
    placed = {code for codes in children_of_types(row["tree"]).values() for code in codes}
    below = request.GET.get("below")
    form = PlaceForm(request.POST or None, choices=[pair for pair in known.items() if pair[0] not in placed])
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["type"]
        try:
            actions.place_type(actor, hierarchy, code, below=below)
        except BadInput as error:
            form.add_error("type", in_words(error).told)
        else:
            return leave(request, f"{reverse('hierarchy', args=[hierarchy])}?{urlencode({'moved': code})}")
    title = gettext("Add a type at the top")
    if below is not None:
        title = gettext("Add a type below %(label)s") % {"label": known.get(below, below)}
    return render(request, "web/types/form.html", {"form": form, "title": title, "does": gettext("Add")})


def _saves(actor: Actor, form: HierarchyForm, definition: HierarchyDefinition) -> bool:
    try:
        actions.save_hierarchy(actor, definition)
    except BadInput as error:
        form.refuse(error, in_words(error).told)
        return False
    return True
