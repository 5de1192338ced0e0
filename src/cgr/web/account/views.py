"""The pages about oneself; the flows of signing in are allauth's, the words and addresses ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import views as account
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.views import ActivateTOTPView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from cgr.accounts import actions, queries
from cgr.accounts.actors import actor_of
from cgr.accounts.signing_in import can_send_links
from cgr.core.errors import BadInput
from cgr.web.account.forms import EmailForm, PersonForm, TokenForm
from cgr.web.account.roles import roles_of
from cgr.web.confirming import confirmed
from cgr.web.failures import refused
from cgr.web.qr import qr_of
from cgr.web.words import SCOPES

if TYPE_CHECKING:
    from allauth.usersessions.models import UserSession
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.models import ApiToken


class ForgottenPassword(account.PasswordResetView):  # type: ignore[misc] # allauth says nothing of its types
    """Send a link for a new password; where none can be sent, say whom to ask instead."""

    template_name = "web/account/forgotten_password.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - as Django calls it
        """Tell the template whether there is a form."""
        return {**super().get_context_data(**kwargs), "can_send_links": can_send_links()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - as Django calls it
        """Do nothing where nothing can be sent."""
        if not can_send_links():
            without: HttpResponse = self.get(request, *args, **kwargs)
            return without
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


class ChangePassword(account.PasswordChangeView):  # type: ignore[misc] # allauth says nothing of its types
    """Change the own password; who signs in with a DHIS2 only has none (403.html says so), and gives themselves none.

    Whoever finds their browser open could else make a way in of their own: there is nothing to confirm it by.
    """

    template_name = "web/account/password.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401 - as Django calls it
        """Refuse who has no password."""
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise PermissionDenied
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer


class SetUpSecondFactor(ActivateTOTPView):  # type: ignore[misc] # allauth says nothing of its types
    """Show the seed as a QR code and as text, and take the first code."""

    template_name = "web/account/second_factor_set_up.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - as Django calls it
        """Draw the code for the template."""
        given = super().get_context_data(**kwargs)
        secret = given["form"].secret
        return {**given, "qr": qr_of(get_adapter().build_totp_url(self.request.user, secret)), "secret": secret}


@sensitive_post_parameters()
def first_administrator(request: HttpRequest, secret: str) -> HttpResponse:
    """Let whoever has the printed link make the first account."""
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="first_administrator")
    if limited is not None:
        return limited
    if not actions.link_works(secret):
        raise Http404
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.create_first_administrator(
                secret, name=given["name"], password=given["password"], email=given["email"]
            )
        except BadInput as error:
            form.add_error(None, refused(error))
        else:
            messages.success(request, gettext("The account is made. Sign in with it."))
            return redirect("sign-in")
    return render(request, "web/account/first_administrator.html", {"form": form})


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show who one is here, with which roles."""
    actor = actor_of(request.user)
    context = {"person": queries.person(actor, actor.name), "grants": roles_of(actor)}
    return render(request, "web/account/profile.html", context)


@confirmed
def email(request: HttpRequest) -> HttpResponse:
    """Change the own address."""
    actor = actor_of(request.user)
    person = queries.person(actor, actor.name)
    form = EmailForm(request.POST or None, initial={"email": person.email})
    if request.method == "POST" and form.is_valid():
        actions.set_email(actor, actor.name, email=form.cleaned_data["email"])
        messages.success(request, gettext("The address is saved."))
        return redirect("account")
    return render(request, "web/account/email.html", {"form": form})


@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """List where one is signed in."""
    rows = queries.sessions(actor_of(request.user))
    return render(request, "web/account/sessions.html", {"sessions": [_session(row, request) for row in rows]})


@login_required
@require_POST
def end_session(request: HttpRequest, key: int) -> HttpResponse:
    """End one of them."""
    actions.end_session(actor_of(request.user), key)
    messages.success(request, gettext("The session is ended."))
    return redirect("sessions")


@confirmed
def tokens(request: HttpRequest) -> HttpResponse:
    """List the own tokens, and make one. The answer to that is the only page that ever shows it."""
    actor = actor_of(request.user)
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_token(
                actor, form.cleaned_data["name"], scopes=form.cleaned_data["scopes"], days=form.cleaned_data["days"]
            )
        except BadInput as error:
            form.add_error(None, refused(error))
        else:
            form = TokenForm()
    rows = [_token(row) for row in queries.tokens(actor)]
    return render(request, "web/account/tokens.html", {"form": form, "made": made, "tokens": rows})


@login_required
@require_POST
def revoke_token(request: HttpRequest) -> HttpResponse:
    """End one of the own tokens."""
    actions.revoke_token(actor_of(request.user), request.POST.get("name", ""))
    messages.success(request, gettext("The token is revoked."))
    return redirect("tokens")


def _session(row: UserSession, request: HttpRequest) -> dict[str, object]:
    return {
        "key": row.pk,
        "device": row.user_agent,
        "ip": row.ip,
        "created": row.created_at,
        "seen": row.last_seen_at,
        "is_this_one": row.session_key == request.session.session_key,
    }


def _token(row: ApiToken) -> dict[str, object]:
    return {
        "name": row.name,
        "scopes": [SCOPES[scope] for scope in row.scopes],
        "created": row.created,
        "expires": row.expires,
        "last_used": row.last_used,
    }
