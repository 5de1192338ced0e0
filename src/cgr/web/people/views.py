"""The pages about people: who they are, which roles they have, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters

from cgr.accounts import actions, queries
from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.core.errors import BadInput
from cgr.web.confirming import confirmed
from cgr.web.failures import refused
from cgr.web.people.forms import NewPersonForm, RoleForm
from cgr.web.words import ROLES, in_reader_language

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.accounts.models import User


def _manager(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.MANAGE_PEOPLE):
        raise Http404
    return actor


@login_required
def people(request: HttpRequest) -> HttpResponse:
    """List the people whom the actor manages."""
    rows = queries.people(_manager(request))
    return render(request, "web/people/list.html", {"people": [_person(row) for row in rows]})


@sensitive_post_parameters("password")
@confirmed
def add_person(request: HttpRequest) -> HttpResponse:
    """Add a person with a first role."""
    actor = _manager(request)
    form = NewPersonForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            actions.add_user(actor, given["name"], password=given["password"], email=given["email"], **form.chosen())
        except BadInput as error:
            form.add_error(None, refused(error))
        else:
            messages.success(request, gettext("The person can sign in now."))
            return redirect("people")
    return render(request, "web/people/add.html", {"form": form})


@confirmed
def person(request: HttpRequest, key: int) -> HttpResponse:
    """Show one person; change what the button says."""
    actor = _manager(request)
    row = queries.people(actor).filter(pk=key).first()
    if row is None:
        raise Http404
    form = RoleForm(actor, request.POST if request.POST.get("do") == "give-role" else None)
    if request.method == "POST":
        try:
            _do(actor, row.username, request, form)
        except BadInput as error:
            messages.error(request, refused(error))
        else:
            messages.success(request, gettext("Done."))
            return redirect("people" if not queries.people(actor).filter(pk=key).exists() else request.path)
    return render(request, "web/people/person.html", {"person": _person(row), "form": form})


def _do(actor: Actor, name: str, request: HttpRequest, form: RoleForm) -> None:
    asked = request.POST.get("do", "")
    simple: dict[str, Callable[[Actor, str], object]] = {
        "deactivate": actions.deactivate,
        "activate": actions.activate,
        "remove-second-factor": actions.remove_second_factor,
        "revoke-instance": actions.revoke_instance,
    }
    if asked in simple:
        simple[asked](actor, name)
    elif asked == "end-role":
        actions.end_membership(actor, name, organization=request.POST.get("organization", ""))
    elif asked == "give-role" and form.is_valid():
        chosen = form.chosen()
        if chosen["role"] == actions.SYSTEM_ADMINISTRATOR:
            actions.grant_instance(actor, name)
        else:
            actions.set_membership(actor, name, **chosen)
    else:
        raise BadInput(
            gettext("Nothing was changed."), code="usage", next_step=gettext("Use one of the buttons of the page.")
        )


def _person(row: User) -> dict[str, object]:
    return {
        "key": row.pk,
        "name": row.username,
        "email": row.email,
        "is_active": row.is_active,
        "is_system_administrator": row.is_system_administrator,
        "last_sign_in": row.last_login,
        "grants": [
            {
                "code": one.organization.code,
                "place": in_reader_language(one.organization.label),
                "role": ROLES[one.role],
                "types": one.types,
            }
            for one in getattr(row, "shown", [])
        ],
    }
