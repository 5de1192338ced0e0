"""Changing one thing about an object, and adding one: dialogs over its card, or pages of their own without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from msgspec import UNSET
from msgspec.structs import replace

from cgr.accounts.policy import Permission, may
from cgr.core.drafts import Always, History, ObjectDraft
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.numbers import whole_number
from cgr.registry.actions import ExternalIdTaken, change_object, create_object, propose
from cgr.registry.queries import types_by_code
from cgr.registry.queries.cards import open_object
from cgr.web.dialogs import leave
from cgr.web.explorer.asking import ask
from cgr.web.explorer.cards import card_in_words
from cgr.web.explorer.forms import ChangeForm, ExternalIdForm, InvalidForm, NewObjectForm
from cgr.web.explorer.kinds import InLanguages, Nothing, ParentCode, kind_of_attribute, kind_of_geometry
from cgr.web.sentences import refusal
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse
    from django.utils.functional import _StrPromise

    from cgr.core.drafts import Period, Writing
    from cgr.registry.queries.cards import Card
    from cgr.web.explorer.asking import Asked


@login_required
def change(request: HttpRequest, uid: UUID, what: str) -> HttpResponse:
    """Show the form about one thing of an object (`label`, `value.beds`, `parent.admin`, `id.hmis` …), and write it.

    For who may not edit, it is proposed.
    """
    asked = ask(request)
    card = open_object(asked.actor, uid, permission=Permission.PROPOSE_OBJECTS)
    version = request.POST.get("version", str(card.version))
    subject, _, name = what.partition(".")
    form, title = _form(request, asked, card, subject, name)
    told: list[str] = []
    if request.method == "POST":
        draft = _draft(card, subject, name, form)
        if draft is not None:
            try:
                _write(request, asked, card, draft, version=whole_number(version) or 0)
            except NotAllowed as error:
                raise Http404 from error
            except BadInput as error:
                told = [refusal_of_edit(error)]
            else:
                return leave(request, reverse("explorer-object", args=[card.uid]) + asked.query())
        if isinstance(form, ChangeForm):
            told += form.errors
    shown = card_in_words(asked, card)
    return render(
        request,
        "web/explorer/change.html",
        {
            "card": shown,
            "title": title,
            "form": form,
            "version": version,
            "told": told,
            "asked": asked,
            "over_time": isinstance(form, ChangeForm),
            "proposes": shown.proposes,
            "why": request.POST.get("why", ""),
            "back": reverse("explorer-object", args=[uid]) + asked.query(),
        },
    )


def _write(request: HttpRequest, asked: Asked, card: Card, draft: ObjectDraft, *, version: int) -> None:
    if card.may_edit:
        change_object(asked.actor, card.key, draft, version=version)
        messages.success(request, gettext("Saved."))
    else:
        propose(asked.actor, draft, version=version, reason=request.POST.get("why", ""))
        messages.success(request, gettext("It is proposed. You see under Proposals what becomes of it."))


@login_required
def add(request: HttpRequest, type_code: str) -> HttpResponse:
    """Add an object of a type, below another one or at the top; for who may not edit, it is proposed."""
    asked = ask(request)
    kind = asked.types.get(type_code)
    if kind is None or not may(asked.actor, Permission.PROPOSE_OBJECTS, organization=kind.organization, type=kind.code):
        raise Http404
    edits = may(asked.actor, Permission.EDIT_OBJECTS, organization=kind.organization, type=kind.code)
    shape = types_by_code([type_code])[type_code]
    parent = _parent(request, asked, type_code)
    geometry = kind_of_geometry(shape.geometry) if shape.geometry != "none" else None
    form = NewObjectForm(request.POST or None, geometry=geometry, initial={"start": asked.on})
    back = (reverse("explorer-object", args=[parent.uid]) if parent else reverse("explorer")) + asked.query()
    told: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            uid = _make(request, asked, _new(form, type_code, asked, parent), edits=edits)
        except NotAllowed as error:
            raise Http404 from error
        except BadInput as error:
            told = [refusal_of_edit(error)]
        else:
            return leave(request, back if uid is None else reverse("explorer-object", args=[uid]) + asked.query())
    return render(
        request,
        "web/explorer/add.html",
        {
            "form": form,
            "kind": in_reader_language(kind.label),
            "told": told,
            "back": back,
            "proposes": not edits,
            "why": request.POST.get("why", ""),
            "below": card_in_words(asked, parent) if parent else None,
        },
    )


def _make(request: HttpRequest, asked: Asked, draft: ObjectDraft, *, edits: bool) -> UUID | None:
    """Add an object, and give its uid; or propose it."""
    if edits:
        uid = create_object(asked.actor, draft)
        messages.success(request, gettext("The object is added. Complete it here."))
        return uid
    propose(asked.actor, draft, reason=request.POST.get("why", ""))
    messages.success(request, gettext("It is proposed. You see under Proposals what becomes of it."))
    return None


def _form(  # noqa: PLR0911 - one for each thing that can be changed
    request: HttpRequest, asked: Asked, card: Card, subject: str, name: str
) -> tuple[ChangeForm | Form, str]:
    data = request.POST if request.method == "POST" else None
    state = card.state
    if subject == "invalid":
        return InvalidForm(data, initial={"invalid": state.invalid}), gettext("Invalid")
    if subject == "id":
        system = next((one for one in card.systems if one.code == name), None)
        if system is None:
            raise Http404
        initial = {"value": state.external_ids.get(name, "")}
        return ExternalIdForm(data, initial=initial, system_kind=system.kind), in_reader_language(system.label)
    options: dict[str, Any] = {"on": asked.on, "data": data}
    if subject == "label":
        kind = InLanguages(gettext("Label"), _texts(state.label))
        return ChangeForm(kind, state.label, required=True, **options), gettext("Label")
    if subject == "exists":
        periods: list[Period] = [{**period, "value": True} for period in state.exists]
        return ChangeForm(Nothing(), periods, required=True, **options), gettext("Exists")
    if subject == "geometry" and card.shape.geometry != "none":
        return ChangeForm(kind_of_geometry(card.shape.geometry), state.geometry, **options), gettext("Geometry")
    if subject == "value" and name in card.shape.attributes:
        attribute = card.shape.attributes[name]
        history = state.values.get(name, [])
        return ChangeForm(kind_of_attribute(attribute, _texts(history)), history, **options), in_reader_language(
            attribute.label
        )
    for hierarchy, parent_type in card.hierarchies:
        if subject == "parent" and hierarchy.code == name:
            edges: list[Period] = [{**edge, "value": _code(card, edge)} for edge in state.parents.get(name, [])]
            label = in_reader_language(asked.types[parent_type].label) if parent_type in asked.types else parent_type
            form = ChangeForm(ParentCode(parent_type, label), edges, overlaps=True, **options)
            return form, in_reader_language(hierarchy.label)
    raise Http404


def _texts(periods: list[Period]) -> list[object]:
    return [period["value"] for period in periods]


def _code(card: Card, edge: Period) -> object:
    parent = card.parents.get(edge["value"]) if isinstance(edge["value"], int) else None
    return parent.code if parent else edge["value"]


def _draft(  # noqa: PLR0911 - the same
    card: Card, subject: str, name: str, form: ChangeForm | Form
) -> ObjectDraft | None:
    """Give what the form says, or None when something has to be corrected there first."""
    same = ObjectDraft(type=card.state.type, code=card.state.code, key=card.key)
    if not isinstance(form, ChangeForm):
        if not form.is_valid():
            return None
        if subject == "invalid":
            return replace(same, invalid=form.cleaned_data["invalid"])
        return replace(same, external_ids={name: form.cleaned_data["value"]})
    writing: Writing = form.writing()
    if writing is None:
        return None
    match subject:
        case "label":
            return replace(same, label=writing)
        case "geometry":
            return replace(same, geometry=writing)
        case "exists" if isinstance(writing, History):
            return replace(same, exists=[{"from": one["from"], "to": one["to"]} for one in writing.periods])
        case "parent":
            return replace(same, parents={name: writing})
        case _:
            return replace(same, values={name: writing})


def _parent(request: HttpRequest, asked: Asked, type_code: str) -> Card | None:
    """Give what a new object shall be below, None at the top."""
    if asked.tree is None or type_code not in asked.tree.types:
        raise Http404
    if type_code in asked.tree.tops:
        return None
    try:
        uid = UUID(request.GET.get("below", ""))
    except ValueError as error:
        raise Http404 from error
    card = open_object(asked.actor, uid)
    if asked.tree.standings[type_code].parent != card.state.type:
        raise Http404
    return card


def _new(form: NewObjectForm, type_code: str, asked: Asked, parent: Card | None) -> ObjectDraft:
    given = form.cleaned_data
    start = given["start"] and given["start"].isoformat()
    keeper = asked.tree.standings[type_code].hierarchy if asked.tree else ""
    geometry = given.get("geometry")
    return ObjectDraft(
        type=type_code,
        code=given["code"],
        key=None,
        label=Always(given["label"]),
        exists=[{"from": start, "to": None}],
        geometry=UNSET if geometry is None else Always(geometry),
        parents={keeper: Always(parent.state.code)} if parent else {},
    )


def refusal_of_edit(error: BadInput) -> str:
    """Say in the reader's language what an action refused, as far as it is what people meet."""
    if isinstance(error, ExternalIdTaken):
        told = gettext("“%(value)s” belongs to another object already: %(type)s “%(code)s”. Remove it there first.")
        return told % {"value": error.value, "type": error.holder[0], "code": error.holder[1]}
    known = _REFUSED.get(error.code)
    return str(known) if known else refusal(error)


_REFUSED: Final[dict[str, _StrPromise]] = {
    "object-changed": gettext_lazy(
        "Somebody else changed this object while the form was open. Nothing was written: look at what it is now, "
        "then change it again."
    ),
    "nothing-proposed": gettext_lazy("Nothing would change."),
    "reason-needed": gettext_lazy("Say why, in a sentence or two."),
    "proposal-decided": gettext_lazy("This proposal has been decided on already."),
    "code-taken": gettext_lazy("There is an object of this type with this code already."),
    "unknown-parent": gettext_lazy("There is no object of the parent’s type with this code."),
}
