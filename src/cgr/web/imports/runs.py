"""One import: how far it is, what it would do or did, on a table and a map; and what is done with it next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.numbers import INTEGER, whole_number
from cgr.imports import reports
from cgr.imports.answers import count_answers
from cgr.imports.background import cancel_import, resume_import
from cgr.imports.notices import RECEIVERS
from cgr.imports.uploads import upload_of
from cgr.registry import queries as registry
from cgr.runs.progress import progress_json
from cgr.runs.queries import ahead_of
from cgr.web.failures import refused
from cgr.web.imports.words import KINDS, ONE, OURS, STEPS, carry_out_in_words
from cgr.web.runs.showing import state_words
from cgr.web.words import in_reader_language, other_side

if TYPE_CHECKING:
    from django.http import HttpRequest

    from cgr.accounts.actors import Actor
    from cgr.core.records import OurType
    from cgr.imports.reports import Change
    from cgr.runs.items import Line
    from cgr.runs.models import Run

SHOWN = 50
_ON_THE_MAP = 2_000
_FIELDS_SHOWN = 6
_LONGEST = 120
_PROPERTY = "attribute:"


@login_required
def import_run(request: HttpRequest, run: str) -> HttpResponse:
    """Show an import; do what a button says."""
    actor = actor_of(request.user)
    row = found_or_404(actor, run)
    if request.method == "POST":
        return _do(request, actor, row)
    return render(request, "web/imports/run.html", _page(request, actor, row))


@require_GET
@login_required
def places(request: HttpRequest, run: str) -> HttpResponse:
    """Give the places that change, and those that wait for a person, as GeoJSON: as many as a map can show."""
    row = found_or_404(actor_of(request.user), run)
    features = [
        {
            "type": "Feature",
            "geometry": place,
            "properties": {"kind": KINDS[change.kind][0], "label": _name(change)},
        }
        for _, change in reports.changes(row, kind=request.GET.get("kind", ""), limit=_ON_THE_MAP).lines
        if (place := change.fields.get("geometry", {}).get("to"))
    ]
    features += [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": trouble.unit.point},
            "properties": {"kind": "problem", "label": trouble.unit.name},
        }
        for _, trouble in ([] if row.is_of_file else reports.problems(row, limit=_ON_THE_MAP).lines)
        if trouble.unit is not None and trouble.unit.point is not None
    ]
    answer = JsonResponse({"type": "FeatureCollection", "features": features})
    answer["Content-Type"] = "application/geo+json"
    return answer


def found_or_404(actor: Actor, run: str) -> Run:
    """Give an import that the actor may know of."""
    try:
        return reports.import_run(actor, run)
    except (NotAllowed, BadInput) as error:
        raise Http404 from error


def of_dhis2_or_404(actor: Actor, run: str) -> Run:
    """Give an import of a DHIS2; one of a file has no units to ask about."""
    row = found_or_404(actor, run)
    if row.is_of_file:
        raise Http404
    return row


def heading(row: Run) -> dict[str, Any]:
    """Give what every page of an import says of it, and in which step of the wizard it stands."""
    sign, state = state_words(row)
    is_preview = row.state == row.State.NEW or bool(row.request.get("preview"))
    return {
        "id": row.pk,
        "system": other_side(row),
        "state": gettext("preview") if row.state == row.State.NEW else state,
        "state_code": row.state,
        "sign": sign,
        "is_preview": is_preview,
        "open": row.state in {row.State.QUEUED, row.State.RUNNING},
        "conflicts": row.summary.get("counts", {}).get("conflict", 0),
        "started": row.started,
        "ended": row.ended,
        "actor": row.actor,
        "is_of_file": row.is_of_file,
    }


def _do(request: HttpRequest, actor: Actor, row: Run) -> HttpResponse:
    asked = request.POST.get("do", "")
    try:
        if asked == "cancel":
            cancel_import(actor, row)
            messages.success(request, gettext("Cancelled. Nothing of it was kept."))
            return redirect("import-run", run=str(row.pk))
        if asked in ("run", "preview"):
            row = resume_import(actor, row, preview=asked == "preview", notify=_told(request))
    except NotAllowed as error:
        raise Http404 from error
    except BadInput as error:
        messages.error(request, refused(error))
    return redirect("import-run", run=str(row.pk))


def _told(request: HttpRequest) -> tuple[str, ...] | None:
    """Give who is told by e-mail, as the box says; where there is none, None: as it was."""
    address = _own_address(request)
    if not address:
        return None
    return (address,) if request.POST.get("notify") else ()


def _own_address(request: HttpRequest) -> str:
    return request.user.email if request.user.is_authenticated and settings.EMAIL_CONFIGURED else ""


def _page(request: HttpRequest, actor: Actor, row: Run) -> dict[str, Any]:
    head = heading(row)
    counts = row.summary.get("counts", {})
    kind = request.GET.get("kind", "")
    level = request.GET.get("level", "")
    like = request.GET.get("like", "").strip()[:100]
    after = request.GET.get("after", "")
    asked = {name: value for name, value in (("kind", kind), ("level", level), ("like", like)) if value}
    listed = None
    # What wasn't counted yet has no notes either.
    counted = bool(row.summary.get("levels")) or (row.is_of_file and "notes" in row.summary)
    if not head["open"] and counted:
        listed = reports.changes(
            row,
            after=position_asked(after),
            kind=kind if kind in KINDS else "",
            level=whole_number(level, most=INTEGER),
            like=like,
            limit=SHOWN,
        )
    shapes = _types(row)
    types = {code: in_reader_language(shape.label) for code, shape in shapes.items()}
    kinds = [(name, *KINDS[name]) for name in KINDS if counts.get(name) or name not in _rare(row)]
    upload = upload_of(row) if row.is_of_file else None
    return {
        "step": (3 if row.is_of_file else 4) + (0 if head["is_preview"] else 1),
        "of_file": row.is_of_file,
        "upload": upload.pk if upload is not None else None,
        "counted": counted,
        "run": head,
        "draft": None if row.is_of_file else request.session.get("import"),
        "manages": may(actor, Permission.MANAGE_RUNS, organization=row.organization.code),
        "progress": _progress(row) if row.state == row.State.RUNNING else None,
        "ahead": ahead_of(row),
        "error": row.error,
        "address": _own_address(request),
        "is_told": bool(row.request.get(RECEIVERS)),
        "notices": row.notices,
        "answered": count_answers(row) if row.state == row.State.NEW and not row.is_of_file else 0,
        "kinds": kinds,
        "levels": [
            {
                "level": one["level"],
                "type": types.get(one["type"], one["type"]),
                "numbers": [(*KINDS[name], one["counts"].get(name, 0)) for name, *_ in kinds],
            }
            for one in row.summary.get("levels", [])
        ],
        "totals": [(*KINDS[name], counts.get(name, 0)) for name, *_ in kinds],
        "notes": row.summary.get("notes", []),
        "carry_out": carry_out_in_words(counts),
        "changes": _changes(listed.lines, shapes) if listed else [],
        "more": listed.more if listed else None,
        "asked": asked,
    }


def _rare(row: Run) -> tuple[str, ...]:
    """Give the kinds that are left out while there is none of them; nothing vanishes because a file lacks it."""
    return ("skipped", "vanished") if row.is_of_file else ("skipped",)


def position_asked(text: str) -> int:
    """Give the position in a run behind which a page begins, as an address names it; before the first without one."""
    position = whole_number(text, most=INTEGER)
    return -1 if position is None else position


def _progress(row: Run) -> dict[str, object] | None:
    found = progress_json(row)
    if found is None:
        return None
    return {**found, "words": STEPS.get(str(found["step"]), found["step"])}


def _types(row: Run) -> dict[str, OurType]:
    """Give the types of an import with their attributes; a proposed one isn't there before it is made."""
    codes = [row.settings["type"]] if "type" in row.settings else row.settings.get("levels", {}).values()
    return registry.types_by_code(codes)


def _changes(lines: list[tuple[Line, Change]], types: dict[str, OurType]) -> list[dict[str, object]]:
    """Give the rows of the table; an object whose label stays as it is is named by the one it has."""
    codes: dict[str, set[str]] = {}
    for _, change in lines:
        codes.setdefault(change.object.type, set()).update(_codes(change))
    keys = {
        (type_code, code): key
        for type_code, of_type in codes.items()
        for code, key in registry.keys_by_code(type_code, sorted(of_type)).items()
    }
    labels = registry.labels(keys.values(), timezone.localdate().isoformat())
    rows = []
    for line, change in lines:
        now = next((code for code in _codes(change) if (change.object.type, code) in keys), "")
        label = labels.get(keys.get((change.object.type, now), 0))
        name = _name(change, in_reader_language(label) if label else "")
        rows.append({**_change(line.level, change, types.get(change.object.type)), "name": name, "code_now": now})
    return rows


def _codes(change: Change) -> list[str]:
    """Give the codes that the object may have: of an import that changes it, the one before or after."""
    before = change.fields.get("code", {}).get("from")
    return [change.object.code, *([before] if before else [])]


def _change(level: int, change: Change, shape: OurType | None) -> dict[str, object]:
    colour, sign, _ = KINDS[change.kind]
    fields = [
        (_ours(name, shape), _text(one.get("from")), _text(one.get("to")))
        for name, one in change.fields.items()
        if change.kind != "new" or name not in ("code", "label")
    ]
    return {
        "colour": colour,
        "sign": sign,
        "word": ONE[change.kind],
        "uid": change.uid,
        "level": level,
        "line": change.line,
        "code": change.object.code,
        "type": in_reader_language(shape.label) if shape else change.object.type,
        "type_code": change.object.type,
        "is_new": change.kind == "new",
        "fields": fields[:_FIELDS_SHOWN],
        "others": max(0, len(fields) - _FIELDS_SHOWN),
    }


def _name(change: Change, known: str = "") -> str:
    label = change.fields.get("label", {}).get("to")
    return (in_reader_language(label) if isinstance(label, dict) else known) or change.object.code


def _ours(name: str, shape: OurType | None) -> str:
    """Give what a field is called: ours by its word, an attribute by its label."""
    if name in OURS:
        return str(OURS[name])
    code = name.removeprefix(_PROPERTY)
    attribute = shape.attributes.get(code) if shape else None
    return (in_reader_language(attribute.label) if attribute else "") or code


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None or value == "":
        return "–"
    if isinstance(value, dict) and "coordinates" in value:
        return _shape(value)
    if isinstance(value, dict):
        return in_reader_language(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)[:_LONGEST]


def _shape(value: dict[str, Any]) -> str:
    if value.get("type") == "Point":
        x, y = value["coordinates"][:2]
        return f"{x:.5f}, {y:.5f}"
    return gettext("an area") if "Polygon" in str(value.get("type")) else gettext("a geometry")
