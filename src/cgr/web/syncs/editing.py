"""The form of a synchronization configuration: made anew of what was typed with every button, saved by one action.

Each answer is the whole page; with scripts htmx takes the form out of it, without them the browser shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from cgr.accounts import queries as accounts
from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may, may_anywhere, require, unknown
from cgr.core.errors import BadInput, CgrError, NotAllowed
from cgr.core.mapping_rules import Finding, Severity, check_mapping, parse_mapping
from cgr.core.mapping_rules.authorities import MOVE, WRITE
from cgr.registry.catalogue import visible_hierarchies
from cgr.sync import offers
from cgr.sync.background import queue_plan
from cgr.sync.configs import config as find_config
from cgr.sync.configs import mapping_of, save_config
from cgr.systems import queries as systems
from cgr.web.sentences import refusal
from cgr.web.syncs.buttons import Known, may_add_level, press, settle
from cgr.web.syncs.drafts import draft_of, mapping_json, new_draft, read, typed_problems
from cgr.web.syncs.rows import levels_shown, limits_shown, told_by_anchor
from cgr.web.syncs.words import HEAD, LIMITS
from cgr.web.systems.words import in_words
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.core.mapping import SyncMapping
    from cgr.core.records import Localized
    from cgr.sync.models import SyncConfig
    from cgr.sync.offers import Lists
    from cgr.web.syncs.drafts import Draft

SAVES = frozenset({"save", "preview"})
_FIELD_OF = {
    "bad-code": "code",
    "code-taken": "code",
    "bad-localized-text": "label",
    "other-organization": "system",
}
_AUTHORITIES = frozenset({f"authority {WRITE}", f"authority {MOVE}"})


@login_required
def add_sync(request: HttpRequest) -> HttpResponse:
    """Register a synchronization."""
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.MANAGE_SYNCS):
        raise unknown("synchronization configuration", "")
    return _form(request, actor, None)


@login_required
def edit_sync(request: HttpRequest, code: str) -> HttpResponse:
    """Change a synchronization; its organization and ID stay."""
    actor = actor_of(request.user)
    row = find_config(actor, code)
    require(actor, Permission.MANAGE_SYNCS, organization=row.organization.code)
    return _form(request, actor, row)


@login_required
@require_POST
def refresh_lists(request: HttpRequest) -> HttpResponse:
    """Read the lists of a system anew beside a form that goes on being filled in, and say how old they are now."""
    actor = actor_of(request.user)
    code = request.GET.get("system", "")
    trouble = offers.refresh(actor, code)
    known = offers.lists(actor, system=code, hierarchy="", types=())
    answer = render(request, "web/syncs/lists.html", {"lists": _lists(known, trouble), "system": code})
    if trouble is None:
        answer["HX-Trigger"] = "lists-read"
    return answer


def _form(request: HttpRequest, actor: Actor, row: SyncConfig | None) -> HttpResponse:
    sent = request.method == "POST"
    asked = request.POST.get("do", "") if sent else ""
    draft = read(dict(request.POST.lists())) if sent else _draft_of(row)
    if row is not None:
        draft.code, draft.organization = row.code, row.organization.code
    places = _places(actor, draft)
    trouble = offers.refresh(actor, draft.system) if asked == "refresh" and draft.system else None
    listed = offers.lists(
        actor, system=draft.system, hierarchy=draft.hierarchy, types=[level.type for level in draft.levels]
    )
    known = Known(listed.types, listed.shape, listed.offers)
    press(draft, asked, known)
    findings = settle(draft, known)
    # A level may have been added, or its type chosen for it: what that can be mapped to is to be offered at once.
    listed = offers.offering(listed, [level.type for level in draft.levels])
    known = Known(listed.types, listed.shape, listed.offers)
    findings += _found(draft, known)
    refusals = _head_problems(draft) if asked in SAVES else {}
    if asked in SAVES and not refusals and not _blocking(findings, row, known):
        try:
            return _save(request, actor, draft, row, preview=asked == "preview")
        except NotAllowed:
            raise
        except BadInput as error:
            refusals[_FIELD_OF.get(error.code, "all")] = refusal(error)
    told = told_by_anchor(findings, draft)
    return render(
        request,
        "web/syncs/form.html",
        {
            "draft": draft,
            "new": row is None,
            "called": in_reader_language(row.label) if row else "",
            "address": request.path,
            "leads_back": reverse("sync", args=[row.code]) if row else reverse("syncs"),
            **places,
            "levels": levels_shown(draft, known, told),
            "limits": limits_shown(draft, told),
            "told_locale": told.get("locale", []),
            "told_levels": told.get("add-level", []),
            "elsewhere": told.get("", []),
            "refusals": refusals,
            "summary": _summary(told, refusals) if asked in SAVES else [],
            "lists": _lists(listed, trouble),
            "remote": known.shape,
            "groups": sorted(known.shape.groups.values(), key=lambda one: one.name.casefold()) if known.shape else [],
            "may_add_level": may_add_level(draft, known),
            "may_run": row is None or may(actor, Permission.MANAGE_RUNS, organization=row.organization.code),
        },
    )


def _draft_of(row: SyncConfig | None) -> Draft:
    if row is None:
        return new_draft()
    draft = draft_of(mapping_of(row))
    draft.label, draft.label_fr = row.label["default"], row.label.get("fr", "")
    draft.hierarchy, draft.system = row.hierarchy.code, row.system.code
    return draft


def _places(actor: Actor, draft: Draft) -> dict[str, list[tuple[str, str]]]:
    """Give what the head can be chosen from; what there is only one of is chosen."""
    organizations = [
        (row.code, in_reader_language(row.label))
        for row in accounts.organizations(actor, permission=Permission.MANAGE_SYNCS)
    ]
    draft.organization = _only(draft.organization, organizations)
    hierarchies = [(row.code, in_reader_language(row.label)) for row in visible_hierarchies(actor)]
    draft.hierarchy = _only(draft.hierarchy, hierarchies)
    found = [
        (row.code, in_reader_language(row.label))
        for row in systems.systems(actor, permission=Permission.MANAGE_SYSTEMS)
        if row.organization.code == draft.organization
    ]
    if draft.system not in dict(found):
        draft.system = ""  # another organization's: it would be refused
    draft.system = _only(draft.system, found)
    return {"organizations": organizations, "hierarchies": hierarchies, "systems": found}


def _only(chosen: str, choices: list[tuple[str, str]]) -> str:
    return choices[0][0] if not chosen and len(choices) == 1 else chosen


def _head_problems(draft: Draft) -> dict[str, str]:
    return {name: gettext("This field is required.") for name in HEAD if not getattr(draft, name)}


def _found(draft: Draft, known: Known) -> list[Finding]:
    """Find what the rules say; while no hierarchy is chosen there is nothing to hold the levels against."""
    problems = typed_problems(draft)
    if not known.types:
        return problems
    said = mapping_json(draft)
    if problems:
        said["limits"] = {}  # they can't be read; what is said of the rest is to stand there all the same
    try:
        mapping = parse_mapping(said)
    except BadInput as error:
        return [*problems, Finding(Severity.ERROR, "", error.message, error.next_step)]
    return [*problems, *check_mapping(mapping, known.types, known.shape)]


def _blocking(findings: Iterable[Finding], row: SyncConfig | None, known: Known) -> bool:
    """Say whether something found stands in the way of saving.

    What DHIS2 lost meanwhile stops only what depends on it (R4.4), so a configuration that names it can still be saved;
    what is chosen anew has to be there. What our account there may do is for DHIS2's administrator to change.
    """
    former: set[Finding] = set()
    if row is not None:
        former = {one for one in check_mapping(mapping_of(row), known.types, known.shape) if one.partial}
    return any(
        finding.severity is Severity.ERROR and finding not in former and finding.where not in _AUTHORITIES
        for finding in findings
    )


def _save(request: HttpRequest, actor: Actor, draft: Draft, row: SyncConfig | None, *, preview: bool) -> HttpResponse:
    save_config(
        actor,
        code=draft.code,
        organization=draft.organization,
        label=_label(draft, row),
        hierarchy=draft.hierarchy,
        system=draft.system,
        settings=_mapping(draft),
        new=row is None,
    )
    if preview:
        run = queue_plan(actor, draft.code)
        return redirect("run", run=run.pk)
    messages.success(request, gettext("Saved. Look at a preview before the first run."))
    return redirect("sync", code=draft.code)


def _mapping(draft: Draft) -> SyncMapping:
    return parse_mapping(mapping_json(draft))


def _label(draft: Draft, row: SyncConfig | None) -> Localized:
    """Give the label; what it says in languages that the form doesn't show stays."""
    others = {key: text for key, text in (row.label if row else {}).items() if key not in {"default", "fr"}}
    return {"default": draft.label, **({"fr": draft.label_fr} if draft.label_fr else {}), **others}


def _summary(told: dict[str, list[dict[str, str]]], refusals: dict[str, str]) -> list[dict[str, str]]:
    """Give what has to be corrected, with the field that it is at."""
    heads = [
        {"anchor": name, "message": f"{HEAD[name]}: {words}"} if name in HEAD else {"anchor": "", "message": words}
        for name, words in refusals.items()
    ]
    return heads + [
        {
            "anchor": anchor,
            "message": f"{LIMITS[anchor]}: {one['here']}" if anchor in LIMITS else one["message"],
        }
        for anchor, found in told.items()
        for one in found
        if one["severity"] == Severity.ERROR.value
    ]


def _lists(known: Lists, trouble: CgrError | None) -> dict[str, object]:
    return {"read_at": known.read_at, "trouble": in_words(trouble) if trouble else None}
