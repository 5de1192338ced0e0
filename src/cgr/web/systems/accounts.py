"""The page of the people who may sign in here with their account of a DHIS2 (R2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission
from cgr.core.errors import BadInput, NotAllowed
from cgr.systems import linking, queries
from cgr.web.confirming import confirmed
from cgr.web.systems.forms import LinkForm
from cgr.web.systems.words import in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@confirmed
def linked_accounts(request: HttpRequest, code: str) -> HttpResponse:
    """Show who is linked to which account; link and unlink."""
    actor = actor_of(request.user)
    row = queries.system(actor, code, permission=Permission.MANAGE_PEOPLE)
    asked = request.POST.get("do", "")
    form = LinkForm(request.POST if asked == "link" else None)
    if request.method == "POST":
        try:
            if asked == "unlink":
                linking.unlink_account(actor, code, person=request.POST.get("person", ""))
            elif asked == "link" and form.is_valid():
                linking.link_account(actor, code, **form.cleaned_data)
        except NotAllowed as error:
            if asked != "link":
                raise Http404 from error
            form.add_error("person", in_words(error).told)
        except BadInput as error:
            form.add_error(None, in_words(error).told)
        else:
            if not form.errors:
                messages.success(request, gettext("Done."))
                return redirect(request.path)
    context = {
        "form": form,
        "code": code,
        "label": in_reader_language(row.label),
        "offered": row.people_sign_in,
        "links": linking.linked_accounts(actor, code),
    }
    return render(request, "web/systems/accounts.html", context)
