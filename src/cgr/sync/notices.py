"""Tell those who asked that a run has ended (R9.5). What goes wrong is kept with the run and never fails it."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from cgr.core.errors import CgrError, NeedsPerson, TryLater
from cgr.core.mapping_rules import Finding, Severity
from cgr.core.notices import Ending, EndOfRun, Notice, Notify, subject_of, text_of
from cgr.runs.actions import keep_notices
from cgr.runs.items import outcome_counts
from cgr.runs.queries import ended_runs
from cgr.sync.models import SyncConfig
from cgr.sync.webhooks import post
from cgr.systems.sealing import unseal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.runs.models import Run

_LATELY = timedelta(days=1)
_IN_HAND = timedelta(minutes=3)
"""Whoever ended a run just now is still telling of it."""

SENT = "sent"
FAILED = "failed"


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
    end = end_of(run)
    told = {(one["channel"], one["to"]) for one in run.notices if one["ended"] == end.ended and one["state"] == SENT}
    notices = [
        _attempt(channel, to, send, end=end)
        for channel, to, send in _ways(config, notify, end)
        if (channel, to) not in told
    ]
    keep_notices(run, notices)


def tell_of_untold_ends() -> int:
    """Tell of runs that ended lately and whose process died before it told anybody; gives how many those were."""
    now = timezone.now()
    untold = ended_runs(since=now - _LATELY, until=now - _IN_HAND).filter(notices=[])
    for run in untold:
        notify_end_of_run(run)
    return len(untold)


def end_of(run: Run) -> EndOfRun:
    """Give the summary of an ended run."""
    outcomes = outcome_counts(run.pk)
    not_tried = outcomes.pop("", 0)
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
        link=f"{settings.PUBLIC_URL}/runs/{run.pk}/" if settings.PUBLIC_URL else None,
    )


def notice_findings(config: SyncConfig) -> list[Finding]:
    """Say what stands in the way of the notices that a configuration asks for."""
    if config.notify.get("email") and not settings.EMAIL_HOST:
        error = _no_mail_server()
        return [Finding(Severity.WARNING, "notify, email", error.message, error.next_step, partial=True)]
    return []


def _ways(config: SyncConfig, notify: Notify, end: EndOfRun) -> Iterator[tuple[str, str, Callable[[], None]]]:
    if notify.email:
        yield "e-mail", ", ".join(notify.email), lambda: _mail(notify.email, end)
    if notify.webhook is not None:
        url = notify.webhook.url
        body = msgspec.json.encode(end)
        yield "webhook", _host(url), lambda: post(url, body, secret=unseal(bytes(config.sealed_webhook_secret)))


def _host(url: str) -> str:
    return url.split("/", 3)[2]


def _attempt(channel: str, to: str, send: Callable[[], None], *, end: EndOfRun) -> Notice:
    common: dict[str, Any] = {"channel": channel, "to": to, "at": timezone.now().isoformat(), "ended": end.ended}
    try:
        send()
    except CgrError as error:
        return Notice(**common, state=FAILED, message=f"Not delivered: {error.message}", next_step=error.next_step)
    return Notice(**common, state=SENT, message="Delivered.")


def _mail(addresses: tuple[str, ...], end: EndOfRun) -> None:
    if not settings.EMAIL_HOST:
        raise _no_mail_server()
    # So marked, the message is answered by no holiday reply.
    message = EmailMessage(
        subject_of(end), text_of(end), to=list(addresses), headers={"Auto-Submitted": "auto-generated"}
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise TryLater(
            f"The mail server {settings.EMAIL_HOST} didn't take the e-mail: {error}",
            code="email-not-sent",
            next_step="Check CGR_EMAIL_URL, CGR_EMAIL_FROM and the addresses under notify.",
        ) from error


def _no_mail_server() -> NeedsPerson:
    return NeedsPerson(
        "An e-mail is asked for, and this installation has no mail server.",
        code="email-not-configured",
        next_step="Set CGR_EMAIL_URL and CGR_EMAIL_FROM, or take email out of notify.",
    )
