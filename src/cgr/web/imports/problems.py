"""Units that wait for a person: what DHIS2 has beside what the registry has, and the three answers (R3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may
from cgr.core.errors import BadInput, CgrError, NeedsConsent, NotAllowed
from cgr.core.importing import parse_answer
from cgr.imports import reports
from cgr.imports.answers import answers_of, count_answers, is_answerable, parent_type_of, resolve, withdraw
from cgr.imports.suggesting import Suggested, accept, acceptable, suggestions
from cgr.registry import queries as registry
from cgr.registry.queries.finding import find_objects
from cgr.web.failures import refused
from cgr.web.imports.refused import listed
from cgr.web.imports.runs import SHOWN, found_or_404, heading, of_dhis2_or_404, position_asked
from cgr.web.imports.words import DECISIONS, TROUBLES, reasons_in_words
from cgr.web.words import in_reader_digits, in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.importing import Brief, Candidate
    from cgr.runs.models import Run

_LISTED = 100
_SCORES = ("0.95", "0.9", "0.85", "0.8", "0.7")
_USUAL = "0.9"
_FOUND_SHOWN = 10
_CAN_BE_SAME = frozenset({"code-taken", "type-mismatch", "duplicate-external-id"})


@login_required
def problems(request: HttpRequest, run: str) -> HttpResponse:
    """List conflicts, or with `show=suggestions` new units that resemble objects; take an answer."""
    actor = actor_of(request.user)
    row = found_or_404(actor, run)
    if row.is_of_file:
        return listed(request, row)
    if request.method == "POST":
        problem = _answer(request, actor, row)
        if not problem:
            return redirect(request.get_full_path())
    else:
        problem = ""
    which = request.GET.get("show", "")
    position = position_asked(request.GET.get("after", ""))
    page = _suggested(row, position) if which == "suggestions" else _conflicts(row, position)
    _search_parent(actor, page["items"], uid=request.GET.get("for", ""), text=request.GET.get("find", ""))
    return render(
        request,
        "web/imports/problems.html",
        {
            **page,
            **_frame(actor, row),
            "step": 6,
            "which": which,
            "after": position if position >= 0 else "",
            "problem": problem,
            "typed": request.POST if problem else {},
            "scores": _SCORES,
            "usual": _USUAL,
        },
    )


@login_required
def above(request: HttpRequest, run: str) -> HttpResponse:
    """Show what accepting all suggestions from a score on would link; do it when that was seen."""
    actor = actor_of(request.user)
    row = of_dhis2_or_404(actor, run)
    text = request.POST.get("above", "") or request.GET.get("above", _USUAL)
    problem = ""
    try:
        score = float(text)
    except ValueError:
        score = float(_USUAL)
    try:
        if request.method == "POST":
            done = accept(actor, row, above=score, expected=int(request.POST.get("expected", "0") or 0))
            n = len(done.accepted)
            messages.success(request, ngettext("%(n)s unit is linked.", "%(n)s units are linked.", n) % {"n": n})
            return redirect("import-problems", run=run)
        found = acceptable(actor, row, above=score)
    except NotAllowed as error:
        raise Http404 from error
    except (NeedsConsent, BadInput, ValueError) as error:
        problem = refused(error) if isinstance(error, CgrError) else gettext("Something has to be corrected below.")
        found = acceptable(actor, row, above=score if 0 < score <= 1 else float(_USUAL))
    page = found.accepted[:_LISTED]
    names = _Names(row, _objects(page), [each.suggestion.unit for each in page if each.suggestion.unit is not None])
    return render(
        request,
        "web/imports/above.html",
        {
            **_frame(actor, row),
            "step": 6,
            "problem": problem,
            "above": f"{found.above:g}",
            "scores": _SCORES,
            "count": len(found.accepted),
            "left": len(found.open),
            "rows": [_suggestion(each, names) for each in page],
        },
    )


def _frame(actor: Actor, row: Run) -> dict[str, Any]:
    return {
        "run": heading(row),
        "manages": may(actor, Permission.MANAGE_RUNS, organization=row.organization.code),
        "answered": count_answers(row),
        "ready": is_answerable(row),
    }


def _answer(request: HttpRequest, actor: Actor, row: Run) -> str:
    """Take one answer; give what was refused, so that nothing typed is lost."""
    item = request.POST.get("item", "")
    said = request.POST.get("as", "")
    code = request.POST.get("code", "").strip()
    try:
        if said == "undecided":
            withdraw(actor, row, item=item)
        else:
            text = f"{said}:{code}" if code and said in ("existing", "new", "under") else said
            resolve(actor, row, item=item, answer=parse_answer(text))
    except NotAllowed as error:
        if error.code != "unknown-or-not-allowed" or not may(
            actor, Permission.MANAGE_RUNS, organization=row.organization.code
        ):
            raise Http404 from error
        return gettext("There is no object with the code “%(code)s”.") % {"code": code}
    except CgrError as error:
        return refused(error)
    return ""


def _conflicts(row: Run, after: int) -> dict[str, Any]:
    listed = reports.problems(row, after=after, limit=SHOWN)
    answers = answers_of(row, [line.uid for line, _ in listed.lines])
    shown = [candidate for _, trouble in listed.lines for candidate in trouble.candidates]
    names = _Names(
        row,
        [(one.object.type, one.object.code) for one in shown],
        [trouble.unit for _, trouble in listed.lines if trouble.unit is not None],
    )
    levels = {line.level for line, trouble in listed.lines if trouble.code == "parent-missing"}
    above = {level: parent_type_of(row, level) for level in levels if level}
    called = registry.type_labels(sorted({code for code in above.values() if code}))
    types = {code: in_reader_language(label) for code, label in called.items()}
    items = [
        {
            **_unit(trouble.uid, trouble.unit, names),
            "why": TROUBLES.get(trouble.code, trouble.code),
            "told": trouble.message,
            "next_step": trouble.next_step,
            "candidates": [_candidate(one, names) for one in trouble.candidates],
            "can_be_new": trouble.code == "code-taken",
            "can_be_same": bool(line.level) and trouble.code in _CAN_BE_SAME,
            "keeper": trouble.object if trouble.code == "duplicate-external-id" else None,
            "inside": types.get(above.get(line.level) or "", "") if trouble.code == "parent-missing" else "",
            "inside_type": above.get(line.level) if trouble.code == "parent-missing" else None,
            "code": trouble.object.code if trouble.object else "",
            "answer": _told(answers.get(trouble.uid)),
        }
        for line, trouble in listed.lines
    ]
    return {"items": items, "more": listed.more}


def _search_parent(actor: Actor, items: list[dict[str, Any]], *, uid: str, text: str) -> None:
    """Add to the item that somebody searches a parent for what is found, by code, external id or label."""
    for item in items:
        if item["uid"] == uid and item.get("inside_type") and text.strip():
            found = find_objects(actor, text, on=timezone.localdate(), of_types=[item["inside_type"]])
            item["typed"] = text
            item["found"] = [
                {
                    "code": hit.code,
                    "label": in_reader_language(hit.label) if hit.label else hit.code,
                    "parent": in_reader_language(hit.inside) if hit.inside else "",
                }
                for hit in found.hits[:_FOUND_SHOWN]
            ]


def _suggested(row: Run, after: int) -> dict[str, Any]:
    found = suggestions(row, after=after, limit=SHOWN + 1)
    page = found[:SHOWN]
    answers = answers_of(row, [each.line.uid for each in page])
    units = [each.suggestion.unit for each in page if each.suggestion.unit is not None]
    names = _Names(row, _objects(page), units)
    items = [
        {
            **_suggestion(each, names),
            "can_be_new": True,
            "can_be_same": True,
            "answer": _told(answers.get(each.line.uid)),
        }
        for each in page
    ]
    return {"items": items, "more": page[-1].position if len(found) > SHOWN else None}


def _objects(page: Iterable[Suggested]) -> list[tuple[str, str]]:
    return [(one.object.type, one.object.code) for each in page for one in each.suggestion.candidates]


def _suggestion(each: Suggested, names: _Names) -> dict[str, Any]:
    return {
        **_unit(each.suggestion.uid, each.suggestion.unit, names),
        "candidates": [_candidate(one, names) for one in each.suggestion.candidates],
    }


def _unit(uid: str, unit: Brief | None, names: _Names) -> dict[str, Any]:
    parent = unit.parent if unit is not None else None
    return {
        "uid": uid,
        "name": (unit.name if unit is not None else "") or uid,
        "parent": names.of_unit(parent) if parent else "",
    }


def _candidate(one: Candidate, names: _Names) -> dict[str, Any]:
    label, parent = names.of_object(one.object.type, one.object.code)
    return {
        "code": one.object.code,
        "label": label,
        "parent": parent,
        "score": in_reader_digits(f"{one.score:.2f}"),
        "reasons": reasons_in_words(one),
    }


def _told(row: Any) -> dict[str, Any] | None:  # noqa: ANN401 - an answer of the room, or none
    if row is None:
        return None
    return {"words": DECISIONS[row.decision], "code": row.code, "by": row.by, "at": row.at}


class _Names:
    """The labels of the objects of one page, and of those above units, read in a few queries."""

    def __init__(self, row: Run, objects: Iterable[tuple[str, str]], units: Iterable[Brief]) -> None:
        self._codes: dict[tuple[str, str], int] = {}
        wanted: dict[str, set[str]] = {}
        for type_code, code in objects:
            wanted.setdefault(type_code, set()).add(code)
        parents = {unit.parent for unit in units if unit.parent}
        self._above = registry.id_holders(row.dhis2.code, parents)
        for type_code, code in self._above.values():
            wanted.setdefault(type_code, set()).add(code)
        for type_code, codes in wanted.items():
            found = registry.keys_by_code(type_code, sorted(codes))
            self._codes |= {(type_code, code): key for code, key in found.items()}
        day = timezone.localdate().isoformat()
        self._parents = registry.parents_of(self._codes.values(), hierarchy=row.settings.get("hierarchy", ""), on=day)
        self._labels = registry.labels({*self._codes.values(), *self._parents.values()}, day)

    def of_object(self, type_code: str, code: str) -> tuple[str, str]:
        """Give the labels of an object and of the one above; the code, and nothing, where there is none."""
        key = self._codes.get((type_code, code))
        if key is None:
            return code, ""
        return self._label(key) or code, self._label(self._parents.get(key))

    def of_unit(self, uid: str) -> str:
        """Give the label of the object that has a unit's id, else the id."""
        holder = self._above.get(uid)
        return (self._label(self._codes.get(holder)) if holder else "") or uid

    def _label(self, key: int | None) -> str:
        label = self._labels.get(key) if key is not None else None
        return in_reader_language(label) if label else ""
