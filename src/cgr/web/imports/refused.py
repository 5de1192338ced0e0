"""Rows of a file that were not imported: where each stands and why, and a file of them to be corrected (R3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cgr.accounts.actors import actor_of
from cgr.files.spreadsheets import CSV_TYPE
from cgr.imports import reports
from cgr.web.imports.runs import SHOWN, found_or_404, heading, position_asked
from cgr.web.imports.words import ROW_TROUBLES, TROUBLES

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from cgr.runs.models import Run


def listed(request: HttpRequest, row: Run) -> HttpResponse:
    """Show them, a page at a time."""
    found = reports.row_problems(row, after=position_asked(request.GET.get("after", "")), limit=SHOWN)
    rows: list[dict[str, Any]] = [
        {
            "line": trouble.line,
            "column": trouble.column or "",
            "value": trouble.value or "",
            "why": ROW_TROUBLES.get(trouble.code) or TROUBLES.get(trouble.code, trouble.code),
            "told": trouble.message,
            "next_step": trouble.next_step,
        }
        for _, trouble in found.lines
    ]
    context = {"run": heading(row), "step": 5, "of_file": True, "rows": rows, "more": found.more}
    return render(request, "web/imports/refused.html", context)


@require_GET
@login_required
def download(request: HttpRequest, run: str) -> StreamingHttpResponse:
    """Give them in the columns of the file: corrected, they can be brought again alone."""
    row = found_or_404(actor_of(request.user), run)
    if "columns" not in row.settings:
        raise Http404
    lines: Any = reports.rejected_rows(row)
    answer = StreamingHttpResponse(lines, content_type=CSV_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="refused-{row.pk}.csv"'
    return answer
