"""A run to take away: the places on its map as GeoJSON, its report as CSV or XLSX, of what is filtered (R9.3)."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.core.errors import BadInput
from cgr.core.geometry import to_geojson
from cgr.registry.queries import geometries
from cgr.runs import queries
from cgr.runs.selection import ReportedChange, ReportedProblem, page_of
from cgr.sync.downloads import CONTENT_TYPES, Format, csv_of, write_download
from cgr.web.runs.finding import asked_for
from cgr.web.runs.lines import called_of
from cgr.web.runs.words import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest

    from cgr.runs.models import Run

MOST_PLACES: Final = 2_000
"""Lines of which the map shows the places: more can't be told apart, and would take long on a slow connection."""

MOST_WKB: Final = 4_000_000
"""Bytes of geometry on one map; outlines beyond that are left out."""

MOST_XLSX: Final = 50_000
"""Changes and problems in an XLSX, which is made while somebody waits; a CSV is streamed, whatever its size."""

_IN_MEMORY = 1_000_000


@require_GET
@login_required
def places(request: HttpRequest, run: int) -> JsonResponse:
    """Give the places of the lines that are filtered, the first so many; `left_out` counts those beyond a limit."""
    row = queries.sync_run(actor_of(request.user), str(run))
    lines = page_of(row, asked_for(request.GET).which, most=MOST_PLACES)
    features = list(_features(row, lines))
    answer = JsonResponse({"type": "FeatureCollection", "features": features})
    answer["Content-Type"] = "application/geo+json"
    return answer


def _features(run: Run, lines: Sequence[ReportedChange | ReportedProblem]) -> Iterator[dict[str, Any]]:
    called = called_of(run, (one.key for one in lines))
    ours = geometries([one.key for one in lines if one.key], run.as_of.isoformat())
    room = MOST_WKB
    for one in lines:
        wkb = ours.get(one.key)
        if wkb is None:
            continue
        room -= len(wkb)
        if room < 0:
            return
        if isinstance(one, ReportedChange):
            change = one.item.change
            # On a map it matters most that something moved; a new unit never does.
            kind = "move" if "move" in change.kinds else change.kinds[0]
            line, code = one.item.pk, change.object.code
        else:
            kind, line, code = "problem", one.pk, one.problem.object.code
        yield {
            "type": "Feature",
            "geometry": to_geojson(wkb),
            "properties": {
                "kind": KINDS[kind][0],
                "label": called.get(one.key) or code,
                "url": reverse("run-line", args=[run.pk, line]),
            },
        }


@require_GET
@login_required
def report(request: HttpRequest, run: int, extension: str) -> StreamingHttpResponse | FileResponse:
    """Give the report as a file, of the lines that are filtered: CSV as it is read, XLSX up to a size."""
    row = queries.sync_run(actor_of(request.user), str(run))
    asked = asked_for(request.GET).which
    name = f"{row.config}-{row.pk}.{extension}"
    if extension == Format.CSV:
        answer = StreamingHttpResponse(csv_of(row, asked), content_type=CONTENT_TYPES[Format.CSV])
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
    if extension != Format.XLSX:
        raise Http404
    if too_large_for_xlsx(row):
        raise BadInput(
            gettext("Run %(run)s is too large for an XLSX file.") % {"run": row.pk},
            code="xlsx-too-large",
            next_step=gettext("Take the CSV file: spreadsheets open it as well."),
        )
    stream = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - the answer closes it
    write_download(row, stream, format=Format.XLSX, asked=asked)
    stream.seek(0)
    return FileResponse(stream, as_attachment=True, filename=name, content_type=CONTENT_TYPES[Format.XLSX])


def too_large_for_xlsx(run: Run) -> bool:
    """Say whether an XLSX of the run would take longer than somebody waits for a page."""
    counts: dict[str, int] = run.summary["counts"]
    lines = sum(counts.get(kind, 0) for kind in ("create", "update", "move", "group", "problem"))
    return lines > MOST_XLSX
