"""Signing in to a DHIS2 by OAuth2 in the browser: for a system, to link an account, or to sign in here (R2.1, R2.2).

What is expected back is kept sealed in the session and taken out before it is used, so an answer counts once and only
in the browser that began. A page of its own leads to DHIS2: the content security policy lets no form lead elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.utils import perform_login
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from msgspec import structs

from cgr.accounts import queries as accounts
from cgr.accounts.actors import actor_of
from cgr.core.errors import CgrError, NotAllowed
from cgr.systems import authorization, linking
from cgr.systems import queries as systems
from cgr.systems.authorization import Answer, Pending, Purpose
from cgr.web.confirming import confirmed
from cgr.web.systems.words import in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

_KEPT = "oauth_pending"
_OWN_DOING = frozenset({"account-not-linked", "oauth-not-completed", "oauth-state", "unknown-or-not-allowed"})
"""Why signing in with a DHIS2 fails where the person can do something; else only an administrator can."""


@never_cache
@login_required
@require_POST
def begin_connect(request: HttpRequest, code: str) -> HttpResponse:
    """Lead an administrator to the DHIS2 of a system, to let the registry act there."""
    return _lead_there(request, lambda: authorization.begin_authorization(actor_of(request.user), code))


@never_cache
@require_POST
@confirmed
def begin_link(request: HttpRequest, code: str) -> HttpResponse:
    """Lead a person to a DHIS2, to link the account they sign in with there: from then on it opens this one."""
    return _lead_there(request, lambda: linking.begin_link(actor_of(request.user), code))


@never_cache
@require_GET
def begin_sign_in(request: HttpRequest, code: str) -> HttpResponse:
    """Send somebody to a DHIS2, to sign in here with their account there."""
    try:
        url, pending = linking.begin_sign_in(code)
    except CgrError as error:
        return _failed(request, error)
    request.session[_KEPT] = pending.sealed()
    return HttpResponseRedirect(url)


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take whoever comes back from DHIS2."""
    fields = request.GET
    answer = Answer(code=fields.get("code", ""), state=fields.get("state", ""), error=fields.get("error", ""))
    actor = actor_of(request.user)
    try:
        pending = authorization.open_pending(request.session.pop(_KEPT, ""))
        match pending.purpose:
            case Purpose.CONNECT:
                account = authorization.complete_authorization(actor, pending, answer)
                return _done(request, _("The registry is signed in to that DHIS2."), account)
            case Purpose.LINK:
                account = linking.complete_link(actor, pending, answer)
                return _done(request, _("Your account of that DHIS2 is linked."), account)
            case Purpose.SIGN_IN:
                return _sign_in(request, linking.complete_sign_in(pending, answer))
    except CgrError as error:
        return _failed(request, error)


def sign_in_offers() -> list[dict[str, str]]:
    """Give the systems that people may sign in with, for the list on the sign-in page (web/oauth_offers.html)."""
    return [{"code": row.code, "label": in_reader_language(row.label)} for row in systems.open_to_people()]


def offers(_request: HttpRequest) -> dict[str, object]:
    """Give templates the list, which is read only where it is shown."""
    return {"dhis2_sign_ins": sign_in_offers}


def _sign_in(request: HttpRequest, person: int) -> HttpResponse:
    """Begin the session of a person; the one place where a DHIS2 account becomes a sign-in here."""
    user = accounts.active_person(person)
    if user is None:
        raise NotAllowed(
            "This account is switched off.",
            code="account-not-linked",
            next_step="Ask an administrator to switch it on.",
        )
    # By the same way as a password: whoever has a second factor is asked for it.
    response: HttpResponse = perform_login(request, user)
    return response


def _lead_there(request: HttpRequest, begin: Callable[[], tuple[str, Pending]]) -> HttpResponse:
    try:
        url, pending = begin()
    except CgrError as error:
        return _failed(request, error)
    request.session[_KEPT] = pending.sealed()
    return render(request, "web/oauth_leave.html", {"url": url, "host": pending.url})


def _done(request: HttpRequest, words: str, account: str) -> HttpResponse:
    return render(request, "web/oauth_done.html", {"words": words, "account": account})


def _failed(request: HttpRequest, error: CgrError) -> HttpResponse:
    status = 404 if error.code == "unknown-or-not-allowed" else 403 if isinstance(error, NotAllowed) else 400
    failure = in_words(error)
    if not request.user.is_authenticated and error.code not in _OWN_DOING:
        step = _("Sign in with your password meanwhile, and tell an administrator of this registry.")
        failure = structs.replace(failure, next_step=step)
    return render(request, "web/oauth_failed.html", {"failure": failure}, status=status)


urlpatterns = [
    path("oauth/callback/", callback, name="oauth-callback"),
    path("sign-in/dhis2/<str:code>/", begin_sign_in, name="oauth-sign-in"),
    path("systems/<str:code>/authorize/", begin_connect, name="oauth-connect"),
    path("systems/<str:code>/link/", begin_link, name="oauth-link"),
]
