"""The overview of the settings in the form of the manual page, the organizations, language and time zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts import actions, queries
from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may, may_anywhere
from cgr.core.errors import BadInput
from cgr.core.localized import DEFAULT
from cgr.sync import configs
from cgr.web.account.roles import roles_of
from cgr.web.dialogs import leave
from cgr.web.labels import label_initial
from cgr.web.settings.forms import LocalizationForm, NewOrganizationForm, OrganizationForm
from cgr.web.systems.listing import listed
from cgr.web.systems.words import in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor

_SYNCS_SHOWN = 50


@require_GET
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show what there is to set, section by section, as far as it is for who asks."""
    actor = actor_of(request.user)
    sees_systems = may_anywhere(actor, Permission.SEE_SYSTEMS)
    sees_syncs = may_anywhere(actor, Permission.SEE_SYNCS)
    context = {
        "roles": roles_of(actor),
        "organizations": _organizations(actor),
        "manages_organizations": _manages_organizations(actor),
        "manages_people": may_anywhere(actor, Permission.MANAGE_PEOPLE),
        "sees_systems": sees_systems,
        "systems": listed(actor) if sees_systems else [],
        "manages": may_anywhere(actor, Permission.MANAGE_SYSTEMS),
        "sees_syncs": sees_syncs,
        "syncs": _syncs(actor) if sees_syncs else [],
        "manages_syncs": may_anywhere(actor, Permission.MANAGE_SYNCS),
    }
    return render(request, "web/settings/overview.html", context)


@require_GET
@login_required
def organizations(request: HttpRequest) -> HttpResponse:
    """List the organizations that somebody belongs to."""
    actor = actor_of(request.user)
    context = {"organizations": _organizations(actor), "manages": _manages_organizations(actor)}
    return render(request, "web/settings/organizations.html", context)


@login_required
def add_organization(request: HttpRequest) -> HttpResponse:
    """Make an organization."""
    actor = _manager(request)
    form = NewOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        if _saves(actor, code, form, new=True):
            messages.success(request, gettext("The organization is there. Add its people now."))
            return leave(request, reverse("organizations"))
    return render(request, "web/settings/form.html", {"form": form, "title": gettext("Add an organization")})


@login_required
def organization(request: HttpRequest, organization: str) -> HttpResponse:
    """Change the label of an organization."""
    actor = _manager(request)
    row = queries.organization(actor, organization)
    form = OrganizationForm(request.POST or None, initial=label_initial(row.label))
    if request.method == "POST" and form.is_valid() and _saves(actor, organization, form, former=row.label):
        messages.success(request, gettext("Saved."))
        return leave(request, reverse("organizations"))
    return render(request, "web/settings/form.html", {"form": form, "title": in_reader_language(row.label)})


@login_required
def localization(request: HttpRequest) -> HttpResponse:
    """Let a person choose the language and the time zone in which the pages are shown to them."""
    actor = actor_of(request.user)
    person = queries.person(actor, actor.name)
    form = LocalizationForm(request.POST or None, initial={"language": person.language, "time_zone": person.time_zone})
    if request.method == "POST" and form.is_valid():
        actions.set_localization(actor, **form.cleaned_data)
        chosen = form.cleaned_data["language"]
        with translation.override(chosen or translation.get_language()):
            messages.success(request, gettext("Saved."))
        answer = redirect("localization")
        if chosen:
            answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, samesite="Lax")
        else:
            answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return answer
    return render(request, "web/settings/localization.html", {"form": form, "now": timezone.now()})


def _manages_organizations(actor: Actor) -> bool:
    return may(actor, Permission.MANAGE_ORGANIZATIONS, organization="")


def _manager(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not _manages_organizations(actor):
        raise Http404
    return actor


def _organizations(actor: Actor) -> list[dict[str, str]]:
    return [
        {
            "code": row.code,
            "label": in_reader_language(row.label),
            "in_french": row.label.get("fr", ""),
            "default": row.label[DEFAULT],
        }
        for row in queries.organizations(actor)
    ]


def _saves(
    actor: Actor, code: str, form: OrganizationForm, *, former: dict[str, str] | None = None, new: bool = False
) -> bool:
    """Save what the form says; False when that was refused, which the form then shows."""
    try:
        actions.save_organization(actor, code, label=form.localized_label(former), new=new)
    except BadInput as error:
        told = gettext("This code is taken.") if error.code == "code-taken" else in_words(error).told
        form.add_error("code" if error.code in {"bad-code", "code-taken"} and "code" in form.fields else None, told)
        return False
    return True


def _syncs(actor: Actor) -> list[dict[str, str]]:
    return [
        {
            "code": row.code,
            "label": in_reader_language(row.label),
            "system": in_reader_language(row.system.label),
            "hierarchy": in_reader_language(row.hierarchy.label),
        }
        for row in configs.configs(actor)[:_SYNCS_SHOWN]
    ]
