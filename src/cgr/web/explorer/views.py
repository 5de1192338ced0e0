"""The pages of the Explorer (R0.2 to R0.5): tree, search, map and card, each as of the day in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from cgr.accounts.policy import Permission, may
from cgr.registry.queries.cards import open_object, uid_of
from cgr.registry.queries.finding import SHOWN, find_objects
from cgr.web.explorer import branches
from cgr.web.explorer.asking import ask
from cgr.web.explorer.cards import card_in_words
from cgr.web.explorer.maps import map_in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

    from cgr.registry.queries.cards import Card
    from cgr.web.explorer.asking import Asked

_IN_CARD = "section#card"


@require_GET
@login_required
def explorer(request: HttpRequest) -> HttpResponse:
    """Show the tree from the top, and the map."""
    return _page(request, ask(request), None)


@require_GET
@login_required
def geo_object(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Show one object: its card alone when it is for the open page, else the page around it."""
    asked = ask(request)
    card = open_object(asked.actor, uid)
    # A click on the map asks by a script, and htmx then says only that it wants a part.
    if request.headers.get("HX-Target") == _IN_CARD or request.headers.get("HX-Request-Type") == "partial":
        return render(request, "web/explorer/card.html", {"card": card_in_words(asked, card), "asked": asked})
    return _page(request, asked, card)


@require_GET
@login_required
def by_code(request: HttpRequest) -> HttpResponse:
    """Lead to the page of an object that other pages know by `type` and `code` only, as runs and reports do."""
    kind = request.GET.get("type", "")
    asked = ask(request, holding=kind)
    uid = uid_of(asked.actor, kind, request.GET.get("code", ""))
    return redirect(reverse("explorer-object", args=[uid]) + asked.query())


@require_GET
@login_required
def top(request: HttpRequest, hierarchy: str) -> HttpResponse:
    """Give a later page of what is at the top."""
    asked = ask(request, hierarchy=hierarchy)
    found = branches.top(asked, after=request.GET.get("after", ""))
    return render(request, "web/explorer/branches.html", {"branches": found})


@require_GET
@login_required
def below(request: HttpRequest, hierarchy: str, uid: UUID) -> HttpResponse:
    """Give an object's children."""
    asked = ask(request, hierarchy=hierarchy)
    card = open_object(asked.actor, uid)
    found = branches.below(asked, card.uid, card.key, card.state.type, after=request.GET.get("after", ""))
    return render(request, "web/explorer/branches.html", {"branches": found})


@require_GET
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Give what a search finds, for the open page."""
    asked = ask(request)
    return render(request, "web/explorer/found.html", _found(request, asked))


@require_GET
@login_required
def candidates(request: HttpRequest, type_code: str) -> HttpResponse:
    """Offer objects of a type whose code or label begins as typed, for the field of a parent."""
    asked = ask(request)
    text = next((str(value) for name, value in request.GET.items() if name.endswith("value")), "")
    found = find_objects(asked.actor, text, on=asked.on, of_types={type_code})
    offered = [(hit.code, in_reader_language(hit.label) if hit.label else hit.code) for hit in found.hits]
    return render(request, "web/explorer/candidates.html", {"offered": offered})


def _found(request: HttpRequest, asked: Asked) -> dict[str, object]:
    text = request.GET.get("q", "").strip()
    found = find_objects(asked.actor, text, on=asked.on)
    hits = [
        {
            "name": in_reader_language(hit.label) if hit.label else hit.code,
            "code": hit.code,
            "kind": in_reader_language(asked.types[hit.type].label),
            "inside": in_reader_language(hit.inside) if hit.inside else "",
            "address": reverse("explorer-object", args=[hit.uid]) + asked.query(),
        }
        for hit in found.hits
    ]
    return {"text": text, "hits": hits, "more": found.more, "shown": SHOWN}


def _page(request: HttpRequest, asked: Asked, card: Card | None) -> HttpResponse:
    shown = {
        "asked": asked,
        "tree": branches.whole(asked, chosen=card.key if card else None, after=request.GET.get("after", "")),
        "map": map_in_words(asked, request.GET.get("type", ""), card),
        "tops": _tops(asked),
        "basemap": settings.BASEMAP,
        **_found(request, asked),
    }
    if card:
        shown["card"] = card_in_words(asked, card)
    return render(request, "web/explorer/explorer.html", shown)


def _tops(asked: Asked) -> list[tuple[str, str, bool]]:
    """Give the types of which somebody may add or propose an object at the top, each with its form's address."""
    if asked.tree is None:
        return []
    return [
        (
            in_reader_language(kind.label),
            reverse("explorer-add", args=[kind.code]) + asked.query(),
            not may(asked.actor, Permission.EDIT_OBJECTS, organization=kind.organization, type=kind.code),
        )
        for kind in (asked.types[code] for code in asked.tree.tops)
        if asked.tree.standings[kind.code].hierarchy == asked.tree.code
        and may(asked.actor, Permission.PROPOSE_OBJECTS, organization=kind.organization, type=kind.code)
    ]
