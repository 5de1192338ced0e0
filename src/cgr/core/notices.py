"""Telling people and machines that a run has ended: who wants to hear of it, and what they are told (R9.5)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Say = Callable[[str], str]

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


class PlannedAgain(Struct, frozen=True):
    """What was left alone, and what plans it again."""

    run: str | None
    objects: int


class EndOfRun(Struct, frozen=True):
    """The summary that is sent: the JSON of the webhook.

    `counts` are those of the plan, `outcomes` what became of its changes. `planned_again`: how many `objects` were left
    alone because they had changed meanwhile, and the `run` that plans them again, null where the next one on schedule
    does. `link` is null when the instance doesn't know its own address.
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
    planned_again: PlannedAgain | None
    link: str | None


class EndOfImport(Struct, frozen=True):
    """What is told of an import. `source`: code of a DHIS2 or name of a file; `counts`: those of its report."""

    run: str
    source: str
    state: str
    started: str | None
    ended: str
    counts: dict[str, int]
    error: dict[str, str] | None
    link: str | None


class Letter(Struct, frozen=True):
    """An e-mail without its receivers."""

    subject: str
    text: str


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


_NUMBERS = {
    "done": "{n:,} done",
    "failed": "{n:,} failed",
    "blocked": "{n:,} blocked",
    "skipped": "{n:,} skipped",
    "unknown": "{n:,} unknown",
    "not tried": "{n:,} not tried",
    "not done": "{n:,} not done",
    "problem": "{n:,} with problems",
    "new": "{n:,} new",
    "changed": "{n:,} changed",
    "unchanged": "{n:,} unchanged",
    "conflict": "{n:,} in conflict",
    "vanished": "{n:,} vanished",
}


def letter_of_run(end: EndOfRun, say: Say) -> Letter:
    """Say the end of a synchronization to a person: what happened, how much, what to do.

    `say` says a sentence of ours in their language.
    """
    undone = sum(count for outcome, count in end.outcomes.items() if outcome != "done")
    told = {"done": end.outcomes.get("done", 0)}
    told |= {name: number for name, number in (("not done", undone), ("problem", end.problems)) if number}
    lines = [
        f"Run {end.run} of {end.config} to {end.system} ended with {end.state}.",
        "",
        *_times(end),
        f"Its changes: {', '.join(_numbers(end.outcomes)) or 'none'}",
    ]
    if end.problems:
        lines.append(f"Problems in its plan: {end.problems:,}")
    if end.planned_again is not None:
        lines.append(_again(end.planned_again))
    lines += [*_stop(end), "", f"Every object: cgr sync report {end.run}", *_page(end)]
    return Letter(_subject(end.config, end.state, told, say), _said(lines, say))


def letter_of_import(end: EndOfImport, say: Say) -> Letter:
    """Say the end of an import to a person; otherwise as `letter_of_run`."""
    found = {name: number for name, number in end.counts.items() if number}
    told = {name: number for name, number in found.items() if name in {"new", "changed", "conflict"}}
    lines = [
        f"Import {end.run} from {end.source} ended with {end.state}.",
        "",
        *_times(end),
        f"What it found: {', '.join(_numbers(found)) or 'none'}",
    ]
    if found.get("conflict"):
        lines.append("What conflicts was left out and waits for a decision or a correction.")
    lines += [*_stop(end), "", f"All that it did: cgr import report {end.run}", *_page(end)]
    return Letter(_subject(say(f"Import from {end.source}"), end.state, told, say), _said(lines, say))


def _subject(what: str, state: str, numbers: Mapping[str, int], say: Say) -> str:
    parts = ", ".join(map(say, _numbers(numbers)))
    return f"[cgr] {what}: {say(state)}{parts and f' – {parts}'}"


def _numbers(counts: Mapping[str, int]) -> Iterator[str]:
    for name, words in _NUMBERS.items():
        if name in counts:
            yield words.format(n=counts[name])


def _times(end: EndOfRun | EndOfImport) -> Iterator[str]:
    if end.started:
        yield f"It was begun at {end.started} and ended at {end.ended}."
    else:
        yield f"It ended at {end.ended}, before it was begun."


def _again(again: PlannedAgain) -> str:
    if again.run is None:
        return f"Objects that had changed meanwhile: {again.objects:,}; the next run on schedule takes them."
    return f"Objects that had changed meanwhile: {again.objects:,}; planned again by run {again.run}."


def _stop(end: EndOfRun | EndOfImport) -> Iterator[str]:
    if end.error:
        yield from ("", f"It had to stop: {end.error['message']}", end.error["next_step"])


def _page(end: EndOfRun | EndOfImport) -> Iterator[str]:
    if end.link:
        yield f"Its page: {end.link}"


def _said(lines: list[str], say: Say) -> str:
    return "\n".join(line and say(line) for line in lines) + "\n"
