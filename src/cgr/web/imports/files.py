"""Import from a file (R3.4): bring it, say what its columns are; then a worker makes the preview."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may_anywhere
from cgr.accounts.queries import organizations
from cgr.core.errors import BadInput, CgrError, NotAllowed
from cgr.core.numbers import whole_number
from cgr.files.limits import MOST_BYTES
from cgr.imports import templates, uploads
from cgr.imports.files import check_file_request
from cgr.imports.offering import standings_of, types_to_import_rows_into
from cgr.systems.queries import systems
from cgr.web.failures import refused
from cgr.web.imports.column_rows import decimals, first_rows, sections
from cgr.web.imports.columns import LAYER, POINT, ColumnsForm, Offered, choice_said, said_by, typed
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse

    from cgr.accounts.actors import Actor
    from cgr.imports.models import Upload

_MEGABYTE = 2**20


@login_required
def bring(request: HttpRequest) -> HttpResponse:
    """Take a file; below the form: those that wait, and the mappings that are remembered."""
    actor = _allowed(request)
    problem = ""
    if request.method == "POST":
        asked = request.POST.get("do", "")
        if asked == "forget":
            return _forget(request, actor)
        if asked == "discard":
            uploads.discard_upload(actor, _found(actor, request.POST.get("upload", "")))
            messages.success(request, gettext("The file is removed."))
            return redirect("import-file")
        problem, kept = _keep(request, actor)
        if kept is not None:
            return redirect("import-columns", upload=kept.pk)
    return render(
        request,
        "web/imports/file.html",
        {
            "step": 1,
            "of_file": True,
            "problem": problem,
            "organizations": [(row.code, in_reader_language(row.label)) for row in _organizations(actor)],
            "chosen": request.POST.get("organization", ""),
            "most": MOST_BYTES // _MEGABYTE,
            "most_bytes": MOST_BYTES,
            "waiting": [row for row in uploads.uploads(actor) if row.run_id is None],
            "days": uploads.DAYS_KEPT,
            "remembered": templates.templates(actor),
        },
    )


def _keep(request: HttpRequest, actor: Actor) -> tuple[str, Upload | None]:
    """Keep what was sent, or say why not; a browser doesn't fill the field again, so nothing else can be kept."""
    given = request.FILES.get("file")
    if not isinstance(given, UploadedFile) or not given.name:
        return gettext("Choose a file."), None
    known = [row.code for row in _organizations(actor)]
    organization = request.POST.get("organization") or (known[0] if len(known) == 1 else "")
    if organization not in known:
        return gettext("Choose the organization that the objects belong to."), None
    try:
        with _on_this_machine(given) as path:
            return "", uploads.keep_upload(actor, path, organization=organization, name=given.name)
    except BadInput as error:
        return refused(error), None


@contextmanager
def _on_this_machine(given: UploadedFile[Any]) -> Iterator[Path]:
    """Give where the file lies; one of a few megabytes is held in memory by Django until it is asked for."""
    if isinstance(given, TemporaryUploadedFile):
        yield Path(given.temporary_file_path())
        return
    with NamedTemporaryFile(prefix="cgr-upload-") as file:
        for piece in given.chunks():
            file.write(piece)
        file.flush()
        yield Path(file.name)


def _forget(request: HttpRequest, actor: Actor) -> HttpResponse:
    try:
        found = templates.template(actor, request.POST.get("organization", ""), request.POST.get("name", ""))
        templates.forget(actor, found)
    except NotAllowed as error:
        raise Http404 from error
    messages.success(request, gettext("The mapping is forgotten. What was imported with it stays."))
    return redirect("import-file")


@login_required
def columns(request: HttpRequest, upload: int) -> HttpResponse:
    """Ask what the columns of a file are; do what a button says."""
    actor = _allowed(request)
    row = _found(actor, str(upload))
    if request.method != "POST":
        return _shown(request, actor, row, _form(actor, row))
    asked = request.POST.get("do", "")
    uploads.keep_said(actor, row, {**row.said, **typed(request.POST)})
    problem = ""
    form = None
    if asked == "look":
        problem = _look_again(actor, row)
    elif asked == "template":
        problem = _use_template(request, actor, row, request.POST.get("template", ""))
    elif asked == "preview":
        form = _form(actor, row)
        problem, run = _preview(actor, row, form)
        if run:
            return redirect("import-run", run=run)
    if problem:
        return _shown(request, actor, row, form or _form(actor, row), problem=problem)
    return redirect("import-columns", upload=row.pk)


def _look_again(actor: Actor, row: Upload) -> str:
    try:
        uploads.look_again(actor, row, choice_said(row.said))
    except BadInput as error:
        return refused(error)
    return ""


def _use_template(request: HttpRequest, actor: Actor, row: Upload, name: str) -> str:
    try:
        found = templates.template(actor, row.organization.code, name)
    except NotAllowed:
        return gettext("Choose a remembered mapping.")
    asked = templates.request_of(found, row.name)
    mapping = asked.mapping
    # What was said about how to read this file isn't part of what is remembered.
    reading = {name: row.said[name] for name in ("encoding", "delimiter") if name in row.said}
    said = {**said_by(asked), **reading, "remember": found.name}
    if mapping.sheet not in row.look["sheets"]:
        said["sheet"] = row.look["sheet"] or ""
    uploads.keep_said(actor, row, said)
    messages.success(request, gettext("The mapping “%(name)s” is filled in below.") % {"name": found.name})
    return _look_again(actor, row) if said["sheet"] != (row.look["sheet"] or "") else ""


def _preview(actor: Actor, row: Upload, form: ColumnsForm) -> tuple[str, str]:
    """Have the preview made, and give its run; or say what is wrong, at the fields if it belongs to some."""
    asked = form.request(row.name)
    if asked is None:
        return gettext("Something has to be corrected below."), ""
    name = form.value("remember").strip()
    try:
        check_file_request(actor, asked)
        with transaction.atomic():
            run = uploads.queue_upload(actor, row, asked)
            if name:
                templates.remember(actor, asked, name=name)
    except CgrError as error:
        return refused(error), ""
    return "", str(run.pk)


def _form(actor: Actor, row: Upload) -> ColumnsForm:
    types = types_to_import_rows_into(actor, row.organization.code)
    asked = row.said.get("type", "")
    code = asked if asked in types else (next(iter(types)) if len(types) == 1 else "")
    return ColumnsForm(
        row.said,
        Offered(
            look=uploads.look_of(row),
            types=types,
            shape=types.get(code),
            places=standings_of(actor, code) if code else [],
            systems=[(one.code, in_reader_language(one.label) or one.code) for one in systems(actor)],
        ),
    )


def _shown(request: HttpRequest, actor: Actor, row: Upload, form: ColumnsForm, *, problem: str = "") -> HttpResponse:
    shape, look = form.offered.shape, form.offered.look
    known = templates.templates(actor, row.organization.code)
    fit = templates.fitting(known, look.columns)
    return render(
        request,
        "web/imports/columns.html",
        {
            "step": 2,
            "of_file": True,
            "upload": row,
            "problem": problem,
            "errors": form.errors,
            "form": form,
            "said": row.said,
            "look": look,
            "first": first_rows(form),
            "types": [(code, in_reader_language(one.label) or code) for code, one in form.offered.types.items()],
            "type": shape.code if shape else "",
            "places": [(one.code, in_reader_language(one.label) or one.code) for one in form.offered.places],
            "place": form.place.code if form.place else "",
            "sections": sections(form) if shape else [],
            "has_geometry": shape is not None and shape.geometry != "none",
            "geometry": form.geometry(),
            "sources": _geometry_sources(form),
            "pair": [(name, form.column(name), form.errors.get(name, "")) for name in ("longitude", "latitude")],
            "decimals": decimals(form, "comma-geometry", form.column("longitude")),
            "since_column": form.column("valid_from_column"),
            "fitting": fit,
            "others": [one for one in known if one not in fit],
            "delimiter_words": gettext("tab") if look.delimiter == "\t" else "",
            "delimiters": _delimiters(look.delimiter),
        },
    )


def _geometry_sources(form: ColumnsForm) -> list[tuple[str, str]]:
    layer = [(LAYER, gettext("the geometry of the file"))] if form.offered.look.has_geometry else []
    return [("", gettext("not imported")), *layer, (POINT, gettext("a point in two columns"))]


def _delimiters(read: str | None) -> list[tuple[str, str]]:
    known = [(",", ","), (";", ";"), ("tab", gettext("tab")), ("|", "|")]
    chosen = "tab" if read == "\t" else (read or "")
    return known if chosen in dict(known) else [*known, (chosen, chosen)]


def _allowed(request: HttpRequest) -> Actor:
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.MANAGE_RUNS):
        raise Http404
    return actor


def _organizations(actor: Actor) -> list[Any]:
    return list(organizations(actor, permission=Permission.MANAGE_RUNS))


def _found(actor: Actor, key: str) -> Upload:
    try:
        return uploads.upload(actor, whole_number(key) or 0)
    except NotAllowed as error:
        raise Http404 from error
