"""The pages of Geo-Object Types and their attributes (R0.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts.policy import Permission, may_anywhere, unknown
from cgr.configuration import deleting
from cgr.core.definitions import AttributeDefinition, TypeDefinition
from cgr.core.errors import BadInput, NotAllowed
from cgr.registry import actions, queries
from cgr.web.dialogs import leave
from cgr.web.labels import label_initial
from cgr.web.systems.words import in_words
from cgr.web.types.asking import AGAIN, Question, ask_first, remove_once_asked
from cgr.web.types.forms import AttributeForm, NewAttributeForm, NewTypeForm, TypeForm
from cgr.web.types.reading import (
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
from cgr.web.types.words import BUILT_IN, GEOMETRIES
from cgr.web.words import ATTRIBUTE_KINDS

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.web.types.reading import Row


@require_GET
@login_required
def types(request: HttpRequest) -> HttpResponse:
    """List the types that somebody may know, by organization."""
    actor = reader(request)
    places = organizations(actor)
    trees = labels(queries.export_term_trees(actor))
    by_place: dict[str, list[Row]] = {}
    for row in types_of(actor):
        by_place.setdefault(row["organization"], []).append(_shown(row, trees))
    found = [(places.get(code, code), rows) for code, rows in by_place.items()]
    context = {"places": sorted(found), "manages": may_anywhere(actor, Permission.MANAGE_DEFINITIONS)}
    return render(request, "web/types/types.html", context)


@require_GET
@login_required
def one_type(request: HttpRequest, type: str) -> HttpResponse:  # noqa: A002 - the domain's word
    """Show one type with its attributes and its places in hierarchies."""
    actor = reader(request)
    row = named(types_of(actor), type, "type")
    trees = labels(queries.export_term_trees(actor))
    context = {
        "type": _shown(row, trees),
        "organization": organizations(actor).get(row["organization"], row["organization"]),
        "built_in": BUILT_IN,
        "hierarchies": [
            (one["code"], words_of(one["label"]))
            for one in queries.export_hierarchies(actor)
            if _has(one["tree"], type)
        ],
        "manages": manages(actor, row),
    }
    return render(request, "web/types/type.html", context)


@login_required
def add_type(request: HttpRequest) -> HttpResponse:
    """Define a type."""
    actor = manager(request)
    form = NewTypeForm(request.POST or None)
    form.offer("organization", organizations(actor, Permission.MANAGE_DEFINITIONS).items())
    if request.method == "POST" and form.is_valid() and not form.refuse_taken(one["code"] for one in types_of(actor)):
        given = form.cleaned_data
        code = given["code"]
        definition = TypeDefinition(code, given["organization"], form.localized_label(), given["geometry"])
        if _saves(actor, form, definition):
            messages.success(request, gettext("The type is defined. Add its attributes now."))
            return leave(request, reverse("type", args=[code]))
    return render(request, "web/types/form.html", {"form": form, "title": gettext("Add a Geo-Object Type")})


@login_required
def edit_type(request: HttpRequest, type: str) -> HttpResponse:  # noqa: A002 - the domain's word
    """Change the label or the geometry of a type, or delete it; what would break is named before."""
    actor = manager(request)
    row = managed(actor, types_of(actor), type, "type")
    if request.POST.get("do") == "remove":
        return _delete(request, actor, row)
    form = TypeForm(request.POST or None, initial={**label_initial(row["label"]), "geometry": row["geometry"]})
    if request.method == "POST" and form.is_valid():
        label = form.localized_label(row["label"])
        definition = TypeDefinition(type, row["organization"], label, form.cleaned_data["geometry"])
        if _saves(actor, form, definition):
            messages.success(request, gettext("Saved."))
            return leave(request, reverse("type", args=[type]))
    context = {"form": form, "title": words_of(row["label"]), "removes": gettext("Delete this type")}
    return render(request, "web/types/form.html", context)


def _delete(request: HttpRequest, actor: Actor, row: Row) -> HttpResponse:
    label, code = {"label": words_of(row["label"])}, row["code"]
    question = Question(
        title=gettext("Delete the type %(label)s?") % label,
        does=gettext("Delete the type"),
        back=reverse("type", args=[code]),
        goes=gettext("It goes with its attributes. Imports and runs of the past keep what they say of it."),
    )
    return remove_once_asked(
        request,
        deleting.breaking_type(actor, code),
        question,
        remove=lambda: deleting.delete_type(actor, code),
        told=gettext("The type %(label)s is deleted.") % label,
        leads_to=reverse("types"),
    )


@login_required
def attribute(request: HttpRequest, type: str) -> HttpResponse:  # noqa: A002 - the domain's word
    """Add an attribute, change one (`code` in the address), or remove it; what would break is named before."""
    actor = manager(request)
    row = managed(actor, types_of(actor), type, "type")
    code = request.GET.get("code")
    former = None if code is None else named(row["attributes"], code, "attribute")
    if former is not None and request.POST.get("do") == "remove" and AGAIN not in request.POST:
        return _remove(request, actor, row, former)
    form: AttributeForm = (
        NewAttributeForm(request.POST or None)
        if former is None
        else AttributeForm(request.POST or None, initial=_initial(former))
    )
    form.offer("terms", labels(queries.export_term_trees(actor)).items(), empty=True)
    if request.method == "POST" and form.is_valid() and AGAIN not in request.POST:
        answer = _save(request, actor, row, former, form)
        if answer is not None:
            return answer
    title = gettext("Add an attribute") if former is None else words_of(former["label"])
    context = {"form": form, "title": title, "removes": former is not None and gettext("Remove this attribute")}
    return render(request, "web/types/form.html", context)


def _save(request: HttpRequest, actor: Actor, row: Row, former: Row | None, form: AttributeForm) -> HttpResponse | None:
    """Save an attribute and leave, or ask first; None when it was refused, which the form then shows."""
    given = form.cleaned_data
    terms = given["terms"] or None
    if isinstance(form, NewAttributeForm):
        if form.refuse_taken(one["code"] for one in row["attributes"]):
            return None
        code = given["code"]
    else:
        assert former is not None  # noqa: S101 - tells the type checker
        code = former["code"]
        if (given["kind"], terms) != (former["kind"], former.get("terms")):
            question = Question(
                title=gettext("Change the kind of %(label)s?") % {"label": words_of(former["label"])},
                does=gettext("Change the kind"),
                back=reverse("type", args=[row["code"]]),
                has_form=True,
            )
            asked = ask_first(request, deleting.breaking_attribute(actor, row["code"], code), question)
            if asked is not None:
                return asked
    label = form.localized_label(former and former["label"])
    definition = TypeDefinition(
        row["code"],
        row["organization"],
        row["label"],
        row["geometry"],
        (AttributeDefinition(code, label, given["kind"], terms),),
    )
    if not _saves(actor, form, definition):
        return None
    messages.success(request, gettext("Saved."))
    return leave(request, reverse("type", args=[row["code"]]))


def _remove(request: HttpRequest, actor: Actor, row: Row, former: Row) -> HttpResponse:
    back = reverse("type", args=[row["code"]])
    question = Question(
        title=gettext("Remove the attribute %(label)s?") % {"label": words_of(former["label"])},
        does=gettext("Remove the attribute"),
        back=back,
    )
    return remove_once_asked(
        request,
        deleting.breaking_attribute(actor, row["code"], former["code"]),
        question,
        remove=lambda: deleting.remove_attribute(actor, row["code"], former["code"], consent=True),
        told=gettext("The attribute is removed."),
        leads_to=back,
    )


def _saves(actor: Actor, form: TypeForm | AttributeForm, definition: TypeDefinition) -> bool:
    """Save what a form says; False when that was refused, which the form then shows."""
    try:
        actions.save_type(actor, definition)
    except NotAllowed as error:
        raise unknown("organization", definition.organization) from error
    except BadInput as error:
        form.refuse(error, in_words(error).told)
        return False
    return True


def _initial(row: Row) -> dict[str, str]:
    return {**label_initial(row["label"]), "kind": row["kind"], "terms": row.get("terms", "")}


def _has(tree: dict[str, Any], code: str) -> bool:
    return any(one == code or _has(below, code) for one, below in tree.items())


def _shown(row: Row, trees: dict[str, str]) -> Row:
    return {
        "code": row["code"],
        "label": words_of(row["label"]),
        "geometry": GEOMETRIES[row["geometry"]],
        "attributes": [
            {
                "code": one["code"],
                "label": words_of(one["label"]),
                "kind": ATTRIBUTE_KINDS[one["kind"]],
                "terms": one.get("terms", ""),
                "terms_label": trees.get(one.get("terms", ""), one.get("terms", "")),
            }
            for one in row["attributes"]
        ],
    }
