"""The menu of the settings: what is in it follows from what the signed-in person may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere

if TYPE_CHECKING:
    from django.http import HttpRequest


def settings_menu(request: HttpRequest) -> dict[str, object]:
    """Give templates `settings_menu`, computed when a page shows it."""
    return {"settings_menu": lambda: _entries(request)}


def _entries(request: HttpRequest) -> list[tuple[str, str, bool]]:
    actor = actor_of(request.user)
    entries = [
        ("account", gettext("Account")),
        ("mfa_index", gettext("Second factor")),
        ("sessions", gettext("Sessions")),
        ("tokens", gettext("API tokens")),
    ]
    if may_anywhere(actor, Permission.MANAGE_PEOPLE):
        entries.append(("people", gettext("People")))
    if may_anywhere(actor, Permission.SEE_SYSTEMS):
        entries += [("systems", gettext("External Systems")), ("compatibility", gettext("Compatibility"))]
    if may_anywhere(actor, Permission.SEE_AUDIT):
        entries.append(("audit", gettext("Audit log")))
    addresses = [(reverse(name), words) for name, words in entries]
    here = max((address for address, _ in addresses if request.path.startswith(address)), key=len, default="")
    return [(address, words, address == here) for address, words in addresses]
