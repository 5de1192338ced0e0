"""Who is told when a run of a configuration ends: e-mail addresses, a webhook, and after which endings (R9.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods
from msgspec import Struct

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, require
from cgr.core.errors import BadInput
from cgr.core.notices import Ending, Notify, Webhook
from cgr.sync.configs import config as find_config
from cgr.sync.configs import notify_of, set_notify
from cgr.sync.notices import notice_findings
from cgr.sync.notify_settings import NotifyGiven
from cgr.web.dialogs import leave
from cgr.web.sentences import refusal
from cgr.web.words import RUN_STATES, in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict
    from django.utils.functional import _StrPromise

_FIELD_OF: Final = {"bad-url": "url", "secret-missing": "secret", "secret-needed-again": "secret"}
_SECRET_WANTED: Final[dict[str, _StrPromise]] = {
    "secret-missing": gettext_lazy("The webhook needs a secret to sign with. Give the same to the receiver."),
    "secret-needed-again": gettext_lazy("The address changes, so the secret is needed again."),
}


class _Typed(Struct):
    """What the form holds. The secret is taken and never shown."""

    email: str = ""
    url: str = ""
    on: tuple[str, ...] = Notify().on

    def given(self, secret: str) -> NotifyGiven:
        webhook = Webhook(self.url) if self.url else None
        addresses = tuple(self.email.replace(",", " ").replace(";", " ").split())
        return NotifyGiven(Notify(addresses, webhook, tuple(map(Ending, self.on))), secret or None)


@login_required
@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest, code: str) -> HttpResponse:
    """Show who is told, and have others told or nobody."""
    actor = actor_of(request.user)
    row = find_config(actor, code)
    require(actor, Permission.MANAGE_SYNCS, organization=row.organization.code)
    now = notify_of(row)
    typed = _as_kept(now) if now is not None else _Typed()
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = _as_typed(request.POST)
        nobody = request.POST.get("do") == "nobody" or not (typed.email or typed.url)
        try:
            set_notify(actor, code, None if nobody else typed.given(request.POST.get("secret", "")))
        except BadInput as error:
            words = _SECRET_WANTED.get(error.code) or refusal(error).removeprefix("notify: ")
            errors = {_FIELD_OF.get(error.code, "email"): str(words)}
        else:
            messages.success(request, gettext("Saved."))
            return leave(request, reverse("sync", args=[code]))
    context: dict[str, Any] = {
        "code": code,
        "label": in_reader_language(row.label),
        "typed": typed,
        "errors": errors,
        "endings": [(one.value, *RUN_STATES[one.value], one.value in typed.on) for one in Ending],
        "has_notices": now is not None,
        "has_secret": now is not None and now.webhook is not None,
        "no_mail_server": bool(notice_findings(row)),
    }
    return render(request, "web/syncs/notices.html", context)


def told_in_words(now: Notify | None) -> str:
    """Say who is told and after what, in one line; nothing where nobody is."""
    if now is None:
        return ""
    receivers = [*now.email, *([gettext("a webhook")] if now.webhook else [])]
    return f"{', '.join(receivers)} · {', '.join(str(RUN_STATES[one.value][1]) for one in now.on)}"


def _as_kept(now: Notify) -> _Typed:
    return _Typed("\n".join(now.email), now.webhook.url if now.webhook else "", tuple(one.value for one in now.on))


def _as_typed(sent: QueryDict) -> _Typed:
    on = tuple(one.value for one in Ending if one.value in sent.getlist("on"))
    return _Typed(sent.get("email", "").strip(), sent.get("url", "").strip(), on)
