"""Telling those who asked for it by e-mail that an import has ended: success, warning, failure or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.notices import EndOfImport, Notify, check_notify, letter_of_import
from cgr.runs.actions import Kind
from cgr.runs.queries import untold_runs
from cgr.runs.telling import by_mail, page_of, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.runs.models import Run

RECEIVERS = "notify"
"""Their addresses stand in the run's request, beside what is imported."""


def receivers(addresses: Sequence[str]) -> list[str]:
    """Give addresses as they are kept; BadInput for one that is none."""
    return list(check_notify(Notify(email=tuple(addresses))).email) if addresses else []


def notify_end_of_import(run: Run) -> None:
    """Tell of the end of an import, once for each end; harmless when repeated. A preview is no end."""
    addresses = run.request.get(RECEIVERS)
    if addresses and run.ended is not None:
        end = end_of(run)
        tell(run, by_mail(addresses, lambda say: letter_of_import(end, say)))


def tell_of_untold_imports() -> int:
    """Tell of imports whose process died before it told anybody, or that ended before they began; gives how many."""
    untold = [run for run in untold_runs(Kind.IMPORT) if run.request.get(RECEIVERS)]
    for run in untold:
        notify_end_of_import(run)
    return len(untold)


def end_of(run: Run) -> EndOfImport:
    """Give the summary of an ended import."""
    error: dict[str, str] | None = run.error
    return EndOfImport(
        run=str(run.pk),
        source=run.file or run.dhis2.code,
        state=run.state,
        started=run.started.isoformat() if run.started else None,
        ended=run.ended.isoformat() if run.ended else "",
        counts=run.summary["counts"],
        error=error,
        link=page_of(run),
    )
