"""The menus: what is in them follows from what the signed-in person may do."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


_MAIN: Final[list[tuple[str, _StrPromise, Permission | None, str | tuple[str, ...]]]] = [
    ("explorer", gettext_lazy("Explorer"), Permission.READ_OBJECTS, "/explorer/"),
    ("proposals", gettext_lazy("Proposals"), Permission.PROPOSE_OBJECTS, "/proposals/"),
    ("types", gettext_lazy("Types & Hierarchies"), Permission.READ_OBJECTS, "/types/"),
    ("import", pgettext_lazy("menu", "Import"), Permission.MANAGE_RUNS, "/import/"),
    ("syncs", gettext_lazy("Synchronization"), Permission.SEE_SYNCS, "/synchronization/"),
    ("jobs", gettext_lazy("Jobs"), Permission.SEE_RUNS, ("/jobs/", "/runs/")),
    ("settings", gettext_lazy("⚙ Settings"), None, "/settings/"),
]
"""Page, words, who it is for (None: whoever is signed in), and how the addresses of its pages begin."""


def menus(request: HttpRequest) -> dict[str, object]:
    """Give templates `main_menu` and `settings_menu`, computed once and when a page shows them."""
    return {"main_menu": cache(lambda: _main(request)), "settings_menu": cache(lambda: _settings(request))}


def _main(request: HttpRequest) -> list[tuple[str, str, bool]]:
    user = getattr(request, "user", None)  # an answer may be given before anybody asked who it is for
    if user is None or not user.is_authenticated:
        return []
    actor = actor_of(user)
    return [
        (reverse(name), str(words), request.path.startswith(beginning))
        for name, words, permission, beginning in _MAIN
        if permission is None or may_anywhere(actor, permission)
    ]


def _settings(request: HttpRequest) -> list[tuple[str, str, bool]]:
    actor = actor_of(request.user)
    entries = [
        ("account", gettext("Account")),
        ("mfa_index", gettext("Second factor")),
        ("sessions", gettext("Sessions")),
        ("tokens", gettext("API tokens")),
        ("localization", gettext("Localization")),
        ("organizations", gettext("Organizations")),
    ]
    if may_anywhere(actor, Permission.MANAGE_PEOPLE):
        entries.append(("people", gettext("People")))
    if may_anywhere(actor, Permission.SEE_SYSTEMS):
        entries += [("systems", gettext("External Systems")), ("compatibility", gettext("Compatibility"))]
    if may_anywhere(actor, Permission.SEE_SYNCS):
        entries.append(("syncs", gettext("External System Synchronizations")))
    if may_anywhere(actor, Permission.SEE_AUDIT):
        entries.append(("audit", gettext("Audit log")))
    addresses = [(reverse(name), words) for name, words in entries]
    here = max((address for address, _ in addresses if request.path.startswith(address)), key=len, default="")
    return [(reverse("settings"), gettext("Overview"), request.path == reverse("settings"))] + [
        (address, words, address == here) for address, words in addresses
    ]
