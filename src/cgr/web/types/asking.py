"""The step between a change of a definition and its saving, when something would break: a page that says what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from msgspec import Struct

from cgr.web.dialogs import leave
from cgr.web.types.words import broken_in_words, next_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from cgr.core.breakage import Breakage

CONFIRMED = "confirmed"
AGAIN = "again"
"""Values of the button `do`'s companions: somebody consents; somebody goes back to what they typed."""

_OWN = frozenset({"csrfmiddlewaretoken", CONFIRMED, AGAIN})


class Question(Struct, frozen=True):
    """What is asked: the page's title, what the button does, and where somebody goes who doesn't want to.

    `goes`: what is lost in any case; then it is asked even when nothing else would break.
    """

    title: str
    does: str
    back: str
    has_form: bool = False
    goes: str = ""


def ask_first(request: HttpRequest, found: tuple[Breakage, ...], question: Question) -> HttpResponse | None:
    """Give the page that names what would break; None when nothing would, or a person has read it and consents.

    What can't be consented to is named with what to do about it. All that was typed goes along.
    """
    refused = any(one.refused for one in found)
    if not refused and (request.POST.get(CONFIRMED) or not (found or question.goes)):
        return None
    context = {
        "question": question,
        "found": [(one.refused, broken_in_words(one), next_step(one)) for one in found],
        "refused": refused,
        "typed": [(name, text) for name, texts in request.POST.lists() if name not in _OWN for text in texts],
    }
    return render(request, "web/types/question.html", context)


def remove_once_asked(
    request: HttpRequest,
    found: tuple[Breakage, ...],
    question: Question,
    *,
    remove: Callable[[], None],
    told: str,
    leads_to: str,
) -> HttpResponse:
    """Remove something, say so with `told` and lead on; or give the page that names what would break, first."""
    asked = ask_first(request, found, question)
    if asked is not None:
        return asked
    remove()
    messages.success(request, told)
    return leave(request, leads_to)
