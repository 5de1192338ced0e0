"""The pages of External Systems (R1): the list, the form, the test of the connection, the app, the compatibility."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may, may_anywhere
from cgr.core.errors import BadInput, CgrError, NotAllowed
from cgr.dhis2.compatibility import compatibility_of, compatibility_table
from cgr.dhis2.plugin import FILE_NAME
from cgr.dhis2.versions import parse_version
from cgr.sync.configs import configs
from cgr.systems import actions, queries
from cgr.systems.connection import WHILE_SOMEBODY_WAITS, check, look_around, try_out
from cgr.systems.plugin import assumed_address, dhis2_app
from cgr.systems.registering import client_registration
from cgr.systems.signing_in import CODE, OAUTH2
from cgr.web.dialogs import leave
from cgr.web.systems.forms import NewSystemForm, SystemForm
from cgr.web.systems.listing import listed
from cgr.web.systems.listing import shown as shown_system
from cgr.web.systems.words import (
    compatibility_in_words,
    found_in_words,
    in_words,
    prospect_in_words,
    registration_in_words,
    users_in_words,
)
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cgr.accounts.actors import Actor
    from cgr.systems.models import ExternalSystem

_SECRETS = ("password", "token", "client_secret")


@require_GET
@login_required
def systems(request: HttpRequest) -> HttpResponse:
    """List the systems that somebody may see; those that they manage lead to a form."""
    actor = _allowed(request, Permission.SEE_SYSTEMS)
    manages = may_anywhere(actor, Permission.MANAGE_SYSTEMS)
    return render(request, "web/systems/list.html", {"systems": listed(actor), "manages": manages})


@require_GET
@login_required
def compatibility(request: HttpRequest) -> HttpResponse:
    """Show what each DHIS2 version can do."""
    _allowed(request, Permission.SEE_SYSTEMS)
    rows = [compatibility_in_words(row) for row in compatibility_table()]
    return render(request, "web/systems/compatibility.html", {"rows": rows})


@sensitive_post_parameters(*_SECRETS)
@login_required
def add_system(request: HttpRequest) -> HttpResponse:
    """Register a system."""
    actor = _allowed(request, Permission.MANAGE_SYSTEMS)
    form = NewSystemForm(actor, request.POST or None)
    if request.POST.get("do") == "test":
        return _try_out(request, actor, form)
    if request.method == "POST" and form.is_valid() and _save(actor, form, None):
        if form.cleaned_data["auth"] == OAUTH2:
            messages.success(
                request,
                gettext("The external system is registered. Now make it known to that DHIS2: see OAuth2 below."),
            )
        else:
            messages.success(request, gettext("The external system is registered. Test the connection now."))
        return leave(request, reverse("system", args=[form.cleaned_data["code"]]))
    return render(request, "web/systems/add.html", {"form": form})


def _try_out(request: HttpRequest, actor: Actor, form: NewSystemForm) -> HttpResponse:
    """Test what the form says, and keep nothing: into the open dialog, or on the page where scripts are off."""
    shown: dict[str, object] = {"tested": True}
    if form.can_be_tried():
        place = {name: form.cleaned_data[name] for name in ("organization", "url")}
        sign_in = form.sign_in()
        try:
            if sign_in.kind == OAUTH2:
                prospect = look_around(actor, **place, sign_in=sign_in, timeouts=WHILE_SOMEBODY_WAITS)
                shown["prospect"] = prospect_in_words(prospect, grant=sign_in.grant)
            else:
                found = try_out(actor, **place, sign_in=sign_in, timeouts=WHILE_SOMEBODY_WAITS)
                shown["found"] = found_in_words(found)
        except NotAllowed as error:
            raise Http404 from error
        except CgrError as error:
            shown["failure"] = in_words(error)
    if request.headers.get("HX-Target", "").endswith("#tested"):
        return render(request, "web/systems/tested.html", {**shown, "form": form})
    return render(request, "web/systems/add.html", {**shown, "form": form})


@sensitive_post_parameters(*_SECRETS)
@login_required
def system(request: HttpRequest, code: str) -> HttpResponse:
    """Show the form of a system; do what the button says."""
    actor = actor_of(request.user)
    row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
    asked = request.POST.get("do", "") if request.method == "POST" else ""
    if asked in ("enable", "disable", "delete"):
        return _switch(request, actor, row, asked)
    saving = asked in ("save", "test")
    form = SystemForm(row, request.POST if saving else None)
    shown: dict[str, object] = {}
    if saving and form.is_valid() and _save(actor, form, row):
        if asked == "save":
            messages.success(request, gettext("Saved."))
            return redirect("system", code=code)
        row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
        form = SystemForm(row)
        shown = _test(actor, row)
    elif asked == "registration":
        shown = _registration(actor, row)
        row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
    return render(request, "web/systems/system.html", {**_page(actor, row), "form": form, **shown})


@require_GET
@login_required
def app(request: HttpRequest, code: str) -> HttpResponse:
    """Give the app that is installed in a DHIS2 and opens the registry from there (R10)."""
    actor = actor_of(request.user)
    try:
        content = dhis2_app(actor, code)
    except NotAllowed as error:
        raise Http404 from error
    except BadInput as error:
        failure = in_words(error)
        return render(request, "web/systems/refused.html", {"failure": failure}, status=400)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return answer


def _allowed(request: HttpRequest, permission: Permission) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, permission):
        raise Http404
    return actor


def _save(actor: Actor, form: SystemForm, row: ExternalSystem | None) -> bool:
    """Keep what the form says; False when that was refused, which the form then shows."""
    given = form.cleaned_data
    try:
        actions.save_system(
            actor,
            row.code if row else given["code"],
            organization=row.organization.code if row else given["organization"],
            kind=row.kind if row else given["type"],
            label=form.localized_label(row.label if row else None),
            description=given["description"],
            url=given["url"],
            sign_in=form.sign_in(),
            new=row is None,
        )
    except NotAllowed as error:
        raise Http404 from error
    except BadInput as error:
        form.refuse(error, in_words(error).told)
        return False
    return True


def _test(actor: Actor, row: ExternalSystem) -> dict[str, object]:
    try:
        return {"found": found_in_words(check(actor, row, timeouts=WHILE_SOMEBODY_WAITS))}
    except CgrError as error:
        return {"failure": in_words(error)}


def _registration(actor: Actor, row: ExternalSystem) -> dict[str, object]:
    try:
        found = client_registration(actor, row.code)
    except CgrError as error:
        return {"failure": in_words(error)}
    return {"registration": {**registration_in_words(found), "body": json.dumps(found.body, indent=1)}}


def _switch(request: HttpRequest, actor: Actor, row: ExternalSystem, asked: str) -> HttpResponse:
    does = {"enable": actions.enable_system, "disable": actions.disable_system, "delete": actions.delete_system}
    try:
        does[asked](actor, row.code)
    except BadInput as error:
        messages.error(request, in_words(error).told)
        return redirect("system", code=row.code)
    messages.success(request, gettext("Done."))
    return redirect("systems") if asked == "delete" else redirect("system", code=row.code)


def _page(actor: Actor, row: ExternalSystem) -> dict[str, object]:
    return {
        "system": shown_system(row),
        "compatibility": _compatibility(row.version),
        "uses": [users_in_words(name, count) for name, count in queries.users_of(row)],
        "syncs": [(one.code, in_reader_language(one.label)) for one in configs(actor).filter(system=row)],
        "manages_syncs": may_anywhere(actor, Permission.MANAGE_SYNCS),
        "oauth": row.auth_kind == OAUTH2,
        "by_consent": row.auth_kind == OAUTH2 and row.grant == CODE,
        "signed_in_as": queries.signed_in_as(row),
        "manages_people": may(actor, Permission.MANAGE_PEOPLE, organization=row.organization.code),
        "app_address": assumed_address(),
    }


def _compatibility(version: str) -> dict[str, object] | None:
    try:
        found = compatibility_of(parse_version(version))
    except ValueError:
        return None  # not tried yet, or something that doesn't read as a version
    return compatibility_in_words(found) if found else None
