"""The pages of trees of terms (R0.2): terms are added, named, moved; one goes only when no object has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts.policy import Permission, may
from cgr.configuration import deleting
from cgr.core.arranging import WAYS, Spot, descendants, parent_of, step
from cgr.core.definitions import TermDefinition, TermTreeDefinition
from cgr.core.errors import BadInput
from cgr.registry import actions, queries
from cgr.web.dialogs import leave
from cgr.web.labels import label_initial
from cgr.web.systems.words import in_words
from cgr.web.types.asking import Question, remove_once_asked
from cgr.web.types.forms import DefinitionForm, NewForm, NewTermForm
from cgr.web.types.reading import branches, children_of_terms, manager, named, reader, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.arranging import Children
    from cgr.web.types.reading import Row


@require_GET
@login_required
def trees(request: HttpRequest) -> HttpResponse:
    """List the trees of terms, which the whole instance shares."""
    actor = reader(request)
    rows = [
        {"code": row["code"], "label": words_of(row["label"]), "size": len(list(_terms(row.get("terms", ()))))}
        for row in queries.export_term_trees(actor)
    ]
    return render(request, "web/types/term_trees.html", {"trees": rows, "manages": _manages(actor)})


@login_required
def tree(request: HttpRequest, tree: str) -> HttpResponse:
    """Show one tree; a button or a drop moves a term."""
    actor = reader(request)
    row = named(queries.export_term_trees(actor), tree, "tree of terms")
    children = children_of_terms(row.get("terms", ()))
    if request.method == "POST":
        return _move(request, manager(request, Permission.MANAGE_TERMS), tree, children)
    names = {one["code"]: words_of(one["label"]) for one in _terms(row.get("terms", ()))}
    context = {
        "tree": {"code": tree, "label": words_of(row["label"])},
        "branches": branches(children, names),
        "used_by": sorted(_users(actor, tree)),
        "manages": _manages(actor),
        "moved": request.GET.get("moved"),
        "way": request.GET.get("way"),
    }
    return render(request, "web/types/term_tree.html", context)


def _move(request: HttpRequest, actor: Actor, tree: str, children: Children) -> HttpResponse:
    code, way = request.POST.get("code", ""), request.POST.get("way", "")
    for possible in WAYS:  # a button has one name and one value: the way and the term
        if possible in request.POST:
            code, way = request.POST[possible], possible
    spot = step(children, code, way) if way in WAYS else _dropped(request, children, code)
    if spot is not None:
        try:
            actions.place_term(actor, tree, code, spot=spot)
        except BadInput as error:
            messages.error(request, in_words(error).told)
    asked = urlencode({"moved": code, "way": way})
    return redirect(f"{reverse('term-tree', args=[tree])}?{asked}")


def _dropped(request: HttpRequest, children: Children, code: str) -> Spot | None:
    """Give the spot where a term was dropped: below `below`, or before `before`."""
    below, before = request.POST.get("below"), request.POST.get("before")
    if below and below not in {code, *descendants(children, code)}:
        return Spot(below)
    if before and before != code:
        return Spot(parent_of(children, before), before)
    return None


@login_required
def add_tree(request: HttpRequest) -> HttpResponse:
    """Define a tree of terms."""
    actor = manager(request, Permission.MANAGE_TERMS)
    form = NewForm(request.POST or None)
    known = (row["code"] for row in queries.export_term_trees(actor))
    if request.method == "POST" and form.is_valid() and not form.refuse_taken(known):
        code = form.cleaned_data["code"]
        if _saves(actor, form, TermTreeDefinition(code, form.localized_label())):
            messages.success(request, gettext("The tree is defined. Add its terms now."))
            return leave(request, reverse("term-tree", args=[code]))
    return render(request, "web/types/form.html", {"form": form, "title": gettext("Add a tree of terms")})


@login_required
def edit_tree(request: HttpRequest, tree: str) -> HttpResponse:
    """Change the label of a tree, or delete it; what would break is named before."""
    actor = manager(request, Permission.MANAGE_TERMS)
    row = named(queries.export_term_trees(actor), tree, "tree of terms")
    if request.POST.get("do") == "remove":
        return _delete(request, actor, row)
    form = DefinitionForm(request.POST or None, initial=label_initial(row["label"]))
    if request.method == "POST" and form.is_valid():
        definition = TermTreeDefinition(tree, form.localized_label(row["label"]))
        if _saves(actor, form, definition):
            messages.success(request, gettext("Saved."))
            return leave(request, reverse("term-tree", args=[tree]))
    context = {"form": form, "title": words_of(row["label"]), "removes": gettext("Delete this tree of terms")}
    return render(request, "web/types/form.html", context)


def _delete(request: HttpRequest, actor: Actor, row: Row) -> HttpResponse:
    label, code = {"label": words_of(row["label"])}, row["code"]
    question = Question(
        title=gettext("Delete the tree of terms %(label)s?") % label,
        does=gettext("Delete the tree of terms"),
        back=reverse("term-tree", args=[code]),
        goes=gettext("It goes with all its terms."),
    )
    return remove_once_asked(
        request,
        deleting.breaking_term_tree(actor, code),
        question,
        remove=lambda: deleting.delete_term_tree(actor, code),
        told=gettext("The tree of terms %(label)s is deleted.") % label,
        leads_to=reverse("term-trees"),
    )


@login_required
def term(request: HttpRequest, tree: str) -> HttpResponse:
    """Add a term (below the one that `below` in the address names), change the label of one (`code`), or remove it."""
    actor = manager(request, Permission.MANAGE_TERMS)
    row = named(queries.export_term_trees(actor), tree, "tree of terms")
    rows = list(_terms(row.get("terms", ())))
    code, below = request.GET.get("code"), request.GET.get("below")
    former = None if code is None else named(rows, code, "term")
    above = None if below is None else named(rows, below, "term")
    if former is not None and request.POST.get("do") == "remove":
        return _remove(request, actor, tree, former)
    form = (
        NewTermForm(request.POST or None)
        if former is None
        else DefinitionForm(request.POST or None, initial=label_initial(former["label"]))
    )
    if request.method == "POST" and form.is_valid():
        taken = isinstance(form, NewTermForm) and form.refuse_taken(one["code"] for one in rows)
        label = form.localized_label(former and former["label"])
        if not taken and _saves_term(
            actor, form, tree, TermDefinition(code or form.cleaned_data["code"], label), below
        ):
            messages.success(request, gettext("Saved."))
            asked = urlencode({"moved": code or form.cleaned_data["code"]})
            return leave(request, f"{reverse('term-tree', args=[tree])}?{asked}")
    title = words_of(former["label"]) if former else gettext("Add a term")
    if above:
        title = gettext("Add a term below %(label)s") % {"label": words_of(above["label"])}
    context = {"form": form, "title": title, "removes": former is not None and gettext("Remove this term")}
    return render(request, "web/types/form.html", context)


def _remove(request: HttpRequest, actor: Actor, tree: str, former: Row) -> HttpResponse:
    back = reverse("term-tree", args=[tree])
    question = Question(
        title=gettext("Remove the term %(label)s?") % {"label": words_of(former["label"])},
        does=gettext("Remove the term"),
        back=back,
    )
    code = former["code"]
    return remove_once_asked(
        request,
        deleting.breaking_term(actor, tree, code),
        question,
        remove=lambda: deleting.remove_term(actor, tree, code, consent=True),
        told=gettext("The term is removed."),
        leads_to=back,
    )


def _saves(actor: Actor, form: DefinitionForm, definition: TermTreeDefinition) -> bool:
    try:
        actions.save_term_tree(actor, definition)
    except BadInput as error:
        form.refuse(error, in_words(error).told)
        return False
    return True


def _saves_term(actor: Actor, form: DefinitionForm, tree: str, definition: TermDefinition, below: str | None) -> bool:
    try:
        actions.save_term(actor, tree, definition, below=below)
    except BadInput as error:
        form.refuse(error, in_words(error).told)
        return False
    return True


def _terms(rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from _terms(row.get("terms", ()))


def _users(actor: Actor, tree: str) -> Iterator[tuple[str, str, str]]:
    """Give (label of the type, its code, label of the attribute) for the known attributes that draw from a tree."""
    for row in queries.export_types(actor):
        for one in row["attributes"]:
            if one.get("terms") == tree:
                yield words_of(row["label"]), row["code"], words_of(one["label"])


def _manages(actor: Actor) -> bool:
    return may(actor, Permission.MANAGE_TERMS, organization="")
