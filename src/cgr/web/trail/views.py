"""The audit log as a page and as CSV, of what the signed-in person may see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from cgr.accounts import queries
from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.accounts.trail import trail
from cgr.audit.queries import entry_json
from cgr.core.numbers import whole_number
from cgr.files.spreadsheets import CSV_TYPE, csv_lines
from cgr.web.words import AUDIT_ACTIONS, AUDIT_KINDS, in_reader_language

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse, QueryDict

    from cgr.accounts.actors import Actor
    from cgr.audit.models import AuditEntry

_SHOWN = 100
_CSV = ("id", "at", "actor", "action", "kind", "subject", "organization", "origin", "before", "after")


class FilterForm(forms.Form):
    """What to look at; it stands in the address, so that a filtered log can be sent to somebody."""

    organization = forms.ChoiceField(label=gettext_lazy("Organization"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    who = forms.CharField(label=gettext_lazy("Who (name begins with)"), required=False, max_length=200)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, actor: Actor, data: QueryDict) -> None:
        """Offer the organizations whose log the actor may see, and what is logged in the order of its words."""
        super().__init__(data)
        kinds = self.fields["kind"]
        places = queries.organizations(actor, permission=Permission.SEE_AUDIT)
        field = self.fields["organization"]
        # Tells the type checker.
        assert isinstance(field, forms.ChoiceField) and isinstance(kinds, forms.ChoiceField)  # noqa: S101, PT018
        field.choices = [("", "–"), *((row.code, in_reader_language(row.label)) for row in places)]
        words = sorted(((kind, str(word)) for kind, word in AUDIT_KINDS.items()), key=lambda one: one[1].casefold())
        kinds.choices = [("", "–"), *words]


@login_required
def audit(request: HttpRequest) -> HttpResponse:
    """Show the newest entries, a page at a time: `before` is the id that the next page begins below."""
    form, found = _filtered(request)
    before = whole_number(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: _SHOWN + 1])
    more = rows[_SHOWN - 1].pk if len(rows) > _SHOWN else None
    asked = request.GET.copy()
    asked.pop("before", None)
    return render(
        request,
        "web/trail/log.html",
        {"form": form, "entries": [_shown(row) for row in rows[:_SHOWN]], "more": more, "asked": asked.urlencode()},
    )


@login_required
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Give all that is filtered as CSV, streamed."""
    _, found = _filtered(request)
    answer = StreamingHttpResponse(csv_lines(_CSV, map(_cells, found.iterator())), content_type=CSV_TYPE)
    answer["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return answer


def _filtered(request: HttpRequest) -> tuple[FilterForm, QuerySet[AuditEntry]]:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.SEE_AUDIT):
        raise Http404
    form = FilterForm(actor, request.GET)
    return form, trail(actor, **form.cleaned_data) if form.is_valid() else trail(actor).none()


def _shown(row: AuditEntry) -> dict[str, object]:
    names = sorted({*(row.before or {}), *(row.after or {})})
    changes = [(name, _text((row.before or {}).get(name)), _text((row.after or {}).get(name))) for name in names]
    action, kind = str(AUDIT_ACTIONS.get(row.action, row.action)), str(AUDIT_KINDS.get(row.kind, row.kind))
    return {"entry": row, "action": action, "kind": kind, "changes": changes}


def _text(value: object) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cells(row: AuditEntry) -> list[str]:
    values = entry_json(row)
    return ["" if values[name] is None else _text(values[name]) for name in _CSV]
