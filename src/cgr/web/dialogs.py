"""Pages that open as a dialog over another one: the same address, the same template, another frame around it.

A link opens its page in the dialog with `hx-get` and `hx-target="#dialog"`; without scripts it leads to the page.
Such a template begins with `{% extends in_dialog|yesno:"web/dialog.html,web/settings.html" %}`, and its form says
`{% if in_dialog %}hx-post="{{ request.get_full_path }}" hx-target="#dialog"{% endif %}`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import redirect

if TYPE_CHECKING:
    from django.http import HttpRequest


def is_in_dialog(request: HttpRequest) -> bool:
    """Say whether the answer goes into the dialog of a page that is open already."""
    return request.headers.get("HX-Target", "") == "dialog#dialog"


def dialogs(request: HttpRequest) -> dict[str, bool]:
    """Give templates `in_dialog`."""
    return {"in_dialog": is_in_dialog(request)}


def leave(request: HttpRequest, address: str) -> HttpResponse:
    """Lead to an address when a form is done, out of the dialog too."""
    if not is_in_dialog(request):
        return redirect(address)
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
    answer["HX-Redirect"] = address
    return answer
