"""One page for every state of a run: planned, waiting for review, under way, ended; and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cgr.accounts.actors import actor_of
from cgr.core.run_choices import Choice
from cgr.imports import background as imports
from cgr.runs import queries
from cgr.sync import actions, background
from cgr.sync.undoing import require_undoable
from cgr.web.dialogs import leave
from cgr.web.failures import refused_in_words
from cgr.web.runs.finding import asked_for
from cgr.web.runs.showing import Page, is_under_way, offered, page_of_run, progress_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, QueryDict

    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run


class ApplyForm(forms.Form):
    """Consent to each guard that stops a plan, and why; it has no field where nothing stops it."""

    why = forms.CharField(label=gettext_lazy("Why is this right?"), max_length=500)

    def __init__(self, run: Run, data: QueryDict | None = None) -> None:
        """Ask for what this plan needs."""
        super().__init__(data)
        self.guards = run.summary.get("guards", [])
        if not self.guards:
            del self.fields["why"]
        for guard in self.guards:
            self.fields[guard["code"]] = forms.BooleanField(
                label=gettext("I have looked at it, and it is right."),
                error_messages={"required": gettext("Nothing is sent before you consent.")},
            )

    @property
    def consents(self) -> list[str]:
        """The guards that are consented to."""
        return [guard["code"] for guard in self.guards]


class UndoForm(forms.Form):
    """The day on which units that the run created are closed; they can't be deleted."""

    close = forms.DateField(
        label=gettext_lazy("Close the units that this run created on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


@require_http_methods(["GET", "POST"])
@login_required
def run(request: HttpRequest, run: int) -> HttpResponse:
    """Show a run, and do what somebody chose."""
    actor = actor_of(request.user)
    row = queries.run(actor, str(run))
    form = None
    if request.method == "POST":
        if request.POST.get("choice") == Choice.APPLY:
            form = ApplyForm(row, request.POST)
            if form.is_valid():
                return _do(request, actor, row, form)
        else:
            return _do(request, actor, row, form)
    page = page_of_run(actor, row, asked_for(request.GET))
    return render(request, "web/runs/run.html", _context(page, form or ApplyForm(row)))


def _context(page: Page, form: ApplyForm) -> dict[str, object]:
    guards = [(words, form[code]) for words, code in page.guards]
    return {**page.context(), "form": form, "guards": guards}


def _do(request: HttpRequest, actor: Actor, row: Run, form: ApplyForm | None) -> HttpResponse:
    """Do it, and lead to the page that shows what comes of it; what can't be done (any more) is said there."""
    here = reverse("run", args=[row.pk])
    chosen = request.POST.get("choice", "")
    if chosen not in offered(actor, row):
        messages.error(request, gettext("This can't be done with a run that is in this state."))
        return redirect(here)
    with refused_in_words(request):
        match chosen:
            case Choice.APPLY if form is not None:
                why = form.cleaned_data.get("why", "")
                digest = request.POST.get("digest", "")
                background.queue_apply(actor, row, digest=digest, consents=form.consents, why=why)
            case Choice.DISCARD | Choice.CANCEL:
                (imports.cancel_import if row.kind == row.Kind.IMPORT else actions.cancel)(actor, row)
            case Choice.RESUME:
                (imports.resume_import if row.kind == row.Kind.IMPORT else background.queue_resume)(actor, row)
            case Choice.RETRY:
                again = background.queue_plan(actor, row.config, only=f"failed-of:{row.pk}")
                return redirect("run", run=again.pk)
    return redirect(here)


@require_GET
@login_required
def live(request: HttpRequest, run: int) -> HttpResponse:
    """Give what of the page changes by itself; once the run has come to rest, the whole of it."""
    actor = actor_of(request.user)
    row = queries.run(actor, str(run))
    if is_under_way(row):
        return render(request, "web/runs/live.html", progress_of(row))
    page = page_of_run(actor, row, asked_for(request.GET))
    answer = render(request, "web/runs/whole.html", _context(page, ApplyForm(row)))
    answer["HX-Retarget"] = "#run"
    answer["HX-Reswap"] = "outerMorph"  # what is typed into the filters stays, and so do focus and scrolled places
    return answer


@require_http_methods(["GET", "POST"])
@login_required
def undo(request: HttpRequest, run: int) -> HttpResponse:
    """Have the plan made that undoes a run; it is reviewed like any other."""
    actor = actor_of(request.user)
    row = queries.sync_run(actor, str(run))
    require_undoable(actor, row)
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = background.queue_undo(actor, row, close=form.cleaned_data["close"])
        return leave(request, reverse("run", args=[made.pk]))
    created = row.summary["counts"].get("create", 0)
    return render(request, "web/runs/undo.html", {"run": row, "form": form, "created": created})
