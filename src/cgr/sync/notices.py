"""Tell those who asked that a run has ended (R9.5). What goes wrong is kept with the run and never fails it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings

from cgr.core.mapping_rules import Finding, Severity
from cgr.core.notices import Ending, EndOfRun, Notify, PlannedAgain, letter_of_run
from cgr.runs.actions import Kind
from cgr.runs.items import outcome_counts
from cgr.runs.queries import untold_runs
from cgr.runs.telling import Way, by_mail, no_mail_server, page_of, tell
from cgr.sync.models import SyncConfig
from cgr.sync.webhooks import post
from cgr.systems.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.runs.models import Run


def notify_end_of_run(run: Run) -> None:
    """Tell of the end of a run by every way its configuration names, once for each end; harmless when repeated.

    What was delivered isn't delivered again; what failed is tried again, so a periodic job may call this, too.
    """
    config = SyncConfig.objects.filter(code=run.config, organization=run.organization_id).first()
    if config is None or not config.notify or run.ended is None:
        return
    notify = msgspec.convert(config.notify, Notify)
    if run.state not in notify.on:
        return
    tell(run, _ways(config, notify, end_of(run)))


def tell_of_untold_ends() -> int:
    """Tell of runs that ended lately and whose process died before it told anybody; gives how many those were."""
    untold = untold_runs(Kind.SYNC)
    for run in untold:
        notify_end_of_run(run)
    return len(untold)


def end_of(run: Run) -> EndOfRun:
    """Give the summary of an ended run."""
    outcomes = outcome_counts(run.pk)
    not_tried = outcomes.pop("", 0)
    again: dict[str, Any] | None = run.summary.get("planned_again")
    error: dict[str, str] | None = run.error
    return EndOfRun(
        event="run-ended",
        run=str(run.pk),
        config=run.config,
        system=run.dhis2.code,
        organization=run.organization.code,
        state=Ending(run.state).value,
        started=run.started.isoformat() if run.started else None,
        ended=run.ended.isoformat() if run.ended else "",
        counts=run.summary["counts"],
        outcomes={**outcomes, **({"not tried": not_tried} if not_tried else {})},
        problems=run.summary["counts"].get("problem", 0),
        error=error,
        planned_again=PlannedAgain(again["run"], again["objects"]) if again else None,
        link=page_of(run),
    )


def notice_findings(config: SyncConfig) -> list[Finding]:
    """Say what stands in the way of the notices that a configuration asks for."""
    if config.notify.get("email") and not settings.EMAIL_HOST:
        error = no_mail_server()
        return [Finding(Severity.WARNING, "notify, email", error.message, error.next_step, partial=True)]
    return []


def _ways(config: SyncConfig, notify: Notify, end: EndOfRun) -> Iterator[Way]:
    yield from by_mail(notify.email, lambda say: letter_of_run(end, say))
    if notify.webhook is not None:
        url = notify.webhook.url
        body = msgspec.json.encode(end)
        yield Way("webhook", _host(url), lambda: post(url, body, secret=unseal(bytes(config.sealed_webhook_secret))))


def _host(url: str) -> str:
    return url.split("/", 3)[2]
