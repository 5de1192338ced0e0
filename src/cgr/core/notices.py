"""Telling people and machines that a run has ended: who wants to hear of it, and what they are told (R9.5)."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec
from msgspec import Struct

from cgr.core.errors import BadInput

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,250}")


class Ending(StrEnum):
    """How a run can end: the states of R9.3 that are an end."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCELLED = "cancelled"


class Webhook(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the summary of a run is posted; the secret that signs it is kept apart, sealed."""

    url: str


class Notify(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is told, and after which endings."""

    email: tuple[str, ...] = ()
    webhook: Webhook | None = None
    on: tuple[Ending, ...] = (Ending.FAILURE, Ending.WARNING)


class Notice(Struct, frozen=True):
    """What became of telling one receiver.

    `ended` is the moment at which the run ended, ISO 8601, so that the same end isn't told twice; `to` shows of a
    webhook only the host, for a path may be secret.
    """

    channel: str
    to: str
    state: str
    at: str
    ended: str
    message: str
    next_step: str = ""


class EndOfRun(Struct, frozen=True):
    """The summary that is sent: the JSON of the webhook.

    `counts` are those of the plan, `outcomes` what became of its changes. `link` is null when the instance doesn't know
    its own address.
    """

    event: str
    run: str
    config: str
    system: str
    organization: str
    state: str
    started: str | None
    ended: str
    counts: dict[str, int]
    outcomes: dict[str, int]
    problems: int
    error: dict[str, str] | None
    link: str | None


def check_notify(notify: Notify) -> Notify:
    """Give it back when it makes sense; BadInput in words otherwise. The webhook's URL is checked with the systems'."""
    for address in notify.email:
        if not _ADDRESS.fullmatch(address) or not address.isprintable():
            raise _bad(f'"{address}" isn\'t an e-mail address.', "Write the address alone, as in ada@example.org.")
    if not notify.email and notify.webhook is None:
        raise _bad("It names nobody to tell.", "Give email, webhook or both, or leave notify out.")
    if not notify.on:
        raise _bad("It names no ending to tell of.", f"List some of {', '.join(Ending)}, or leave `on` out.")
    return msgspec.structs.replace(
        notify, email=tuple(dict.fromkeys(notify.email)), on=tuple(end for end in Ending if end in notify.on)
    )


def _bad(sentence: str, next_step: str) -> BadInput:
    return BadInput(f"notify: {sentence}", code="bad-notify", next_step=next_step)


def subject_of(end: EndOfRun) -> str:
    """Say the end of a run in one line."""
    undone = sum(count for outcome, count in end.outcomes.items() if outcome != "done")
    parts = [f"{end.outcomes.get('done', 0):,} done"]
    parts += [f"{undone:,} not done"] if undone else []
    parts += [f"{end.problems:,} problems"] if end.problems else []
    return f"[cgr] {end.config}: {end.state} – {', '.join(parts)}"


def text_of(end: EndOfRun) -> str:
    """Say the end of a run to a person: what happened, how much, what to do."""
    lines = [
        f"Run {end.run} of {end.config} to {end.system} ended with {end.state}.",
        "",
        f"Started:  {end.started or '–'}",
        f"Ended:    {end.ended}",
        "Changes:  " + (", ".join(f"{count:,} {outcome}" for outcome, count in sorted(end.outcomes.items())) or "none"),
        f"Problems: {end.problems:,}",
    ]
    if end.error:
        lines += ["", f"It had to stop: {end.error['message']}", end.error["next_step"]]
    lines += ["", f"Every object: cgr sync report {end.run}"]
    lines += [f"Its page: {end.link}"] if end.link else []
    return "\n".join(lines) + "\n"
