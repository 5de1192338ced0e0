"""Proposals: a list of those that wait or were decided, and each with what it would change and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.numbers import whole_number
from cgr.registry import actions, queries
from cgr.registry.catalogue import visible_hierarchies
from cgr.registry.queries import proposals as reading
from cgr.systems.queries import systems
from cgr.web.explorer.changing import refusal_of_edit
from cgr.web.proposals.words import STATES, name_in_words, value_in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized
    from cgr.registry.models import Proposal

_SHOWN = 50


@require_GET
@login_required
def proposals(request: HttpRequest) -> HttpResponse:
    """List those that somebody may decide on and their own: the open ones, or all (`state` in the address)."""
    actor = _reader(request)
    state = "" if request.GET.get("state") == "all" else "open"
    before = whole_number(request.GET.get("before", ""))
    rows = list(reading.proposals(actor, state=state, before=before).defer("draft", "fields")[: _SHOWN + 1])
    labels = queries.type_labels({row.type for row in rows})
    context = {
        "proposals": [{**_shown(row), "kind": _label(labels.get(row.type), row.type)} for row in rows[:_SHOWN]],
        "older": rows[_SHOWN - 1].pk if len(rows) > _SHOWN else None,
        "all": not state,
    }
    return render(request, "web/proposals/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def proposal(request: HttpRequest, number: int) -> HttpResponse:
    """Show one, before → after by field; accept, reject or withdraw it."""
    actor = _reader(request)
    row = reading.proposal(actor, str(number))
    told = ""
    if request.method == "POST":
        try:
            _decide(request, actor, row)
        except NotAllowed as error:
            raise Http404 from error
        except BadInput as error:
            told = refusal_of_edit(error)
        else:
            return redirect(reverse("proposal", args=[row.pk]))
        row = reading.proposal(actor, str(number))
    fields, version = reading.proposed(row)
    shape = queries.types_by_code([row.type]).get(row.type)
    hierarchies = {one.code: in_reader_language(one.label) for one in visible_hierarchies(actor)}
    known = {one.code: in_reader_language(one.label) for one in systems(actor)}
    context = {
        "proposal": {**_shown(row), "kind": _label(None if shape is None else shape.label, row.type)},
        "fields": [
            {
                "name": name_in_words(one.name, shape, hierarchies=hierarchies, systems=known),
                "then": value_in_words(one.name, one.then, shape),
                "now": value_in_words(one.name, one.now, shape),
                "becomes": value_in_words(one.name, one.becomes, shape),
                "moved_on": one.moved_on,
            }
            for one in fields
        ],
        "moved_on": any(one.moved_on for one in fields),
        "version": version,
        "decides": row.state == "open" and reading.may_decide(actor, row),
        "withdraws": row.state == "open" and row.person_id == actor.user_id,
        "told": told,
        "answer": request.POST.get("answer", ""),
    }
    return render(request, "web/proposals/proposal.html", context)


def _decide(request: HttpRequest, actor: Actor, row: Proposal) -> None:
    match request.POST.get("do"):
        case "accept":
            actions.accept(actor, row.pk, version=whole_number(request.POST.get("version", "")) or 0)
            messages.success(request, gettext("The proposal is accepted: what it proposed is done."))
        case "reject":
            actions.reject(actor, row.pk, reason=request.POST.get("answer", ""))
            messages.success(request, gettext("The proposal is rejected. Whoever made it sees why."))
        case "withdraw":
            actions.withdraw(actor, row.pk)
            messages.success(request, gettext("The proposal is withdrawn."))


def _reader(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.PROPOSE_OBJECTS):
        raise Http404
    return actor


def _shown(row: Proposal) -> dict[str, object]:
    sign, state, kind = STATES[row.state]
    return {
        "row": row,
        "code": row.code if row.object is None else row.object.code,
        "is_new": row.object is None,
        "object_at": "" if row.object is None else reverse("explorer-object", args=[row.object.uid]),
        "organization": in_reader_language(row.organization.label),
        "sign": sign,
        "state": state,
        "state_kind": kind,
    }


def _label(label: Localized | None, code: str) -> str:
    return in_reader_language(label) if label else code
