"""Telling people that a run has ended: once for each end, by e-mail each in their own language.

Whether that works never changes how the run ended; what became of it is kept with the run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from msgspec import Struct

from cgr.accounts.queries import languages_of
from cgr.core.errors import CgrError, NeedsPerson, TryLater
from cgr.core.notices import Notice
from cgr.runs.actions import keep_notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.core.notices import Letter, Say
    from cgr.runs.models import Run

SENT = "sent"
FAILED = "failed"


class Way(Struct, frozen=True):
    """How somebody is told. `to` is shown with the run; `send` raises `CgrError` when it doesn't arrive."""

    channel: str
    to: str
    send: Callable[[], None]


def tell(run: Run, ways: Iterable[Way]) -> None:
    """Tell of the end of a run by every way; harmless when repeated.

    What was delivered isn't delivered again; what failed is tried again, so a periodic job may call this, too.
    """
    ended = run.ended.isoformat() if run.ended else ""
    told = {(one["channel"], one["to"]) for one in run.notices if one["ended"] == ended and one["state"] == SENT}
    keep_notices(run, [_attempt(way, ended) for way in ways if (way.channel, way.to) not in told])


def by_mail(addresses: Sequence[str], write: Callable[[Say], Letter]) -> Iterator[Way]:
    """Give the ways to these addresses: one e-mail for those who read the same language.

    `write`: writes the letter, given what says a sentence in that language.
    """
    known = languages_of(addresses)
    readers: dict[str, list[str]] = {}
    for address in addresses:
        readers.setdefault(known.get(address, settings.LANGUAGE_CODE), []).append(address)
    for language, group in readers.items():
        yield Way("e-mail", ", ".join(group), partial(_mail, group, language, write))


def page_of(run: Run) -> str | None:
    """Give the address of a run's page, None when the instance doesn't know its own."""
    return f"{settings.PUBLIC_URL}/runs/{run.pk}/" if settings.PUBLIC_URL else None


def no_mail_server() -> NeedsPerson:
    """Say that nobody can be told by e-mail here."""
    return NeedsPerson(
        "An e-mail is asked for, and this installation has no mail server.",
        code="email-not-configured",
        next_step="Set CGR_EMAIL_URL and CGR_EMAIL_FROM, or take email out of notify.",
    )


def _attempt(way: Way, ended: str) -> Notice:
    common: dict[str, Any] = {"channel": way.channel, "to": way.to, "at": timezone.now().isoformat(), "ended": ended}
    try:
        way.send()
    except CgrError as error:
        return Notice(**common, state=FAILED, message=f"Not delivered: {error.message}", next_step=error.next_step)
    return Notice(**common, state=SENT, message="Delivered.")


def _mail(addresses: Sequence[str], language: str, write: Callable[[Say], Letter]) -> None:
    if not settings.EMAIL_HOST:
        raise no_mail_server()
    with translation.override(language):
        letter = write(import_string(settings.SENTENCES))
    # So marked, the message is answered by no holiday reply.
    message = EmailMessage(
        letter.subject, letter.text, to=list(addresses), headers={"Auto-Submitted": "auto-generated"}
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise TryLater(
            f"The mail server {settings.EMAIL_HOST} didn't take the e-mail: {error}",
            code="email-not-sent",
            next_step="Check CGR_EMAIL_URL, CGR_EMAIL_FROM and the addresses under notify.",
        ) from error
