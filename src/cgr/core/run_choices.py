"""What can be done with a run, by what it is and how far it came: which buttons a page shows (R9.3, R9.5)."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Choice(StrEnum):
    """Something that a person may choose to do with a run."""

    APPLY = "apply"
    DISCARD = "discard"
    CANCEL = "cancel"
    RESUME = "resume"
    RETRY = "retry"
    UNDO = "undo"
    DOWNLOAD = "download"


class RunFacts(Struct, frozen=True, kw_only=True):
    """What of a run decides. `state` and `kind` as in R9.3.

    `planned`: there is a plan to look at. `by_worker`: a worker does it, so another takes it up if that one dies.
    `abandoned`: it is running and nobody works on it. `repeatable`: it is known how it was asked for. `changes`: units
    in the plan. `applied`: something may have been sent. `left`: objects with a problem or whose change isn't done.
    `undoes`: it undoes another run. `configured`: its configuration is still there.
    """

    kind: str = "sync"
    state: str
    planned: bool = False
    by_worker: bool = False
    abandoned: bool = False
    repeatable: bool = False
    changes: int = 0
    applied: bool = False
    left: int = 0
    undoes: bool = False
    configured: bool = True


_OPEN = frozenset({"queued", "running"})
_AT_ITS_END = frozenset({"success", "warning", "failure", "cancelled"})


def choices(facts: RunFacts) -> frozenset[Choice]:
    """Give what can be done with a run by somebody who may start and stop runs."""
    found = set()
    if facts.state in _OPEN:
        found.add(Choice.CANCEL)
    if _can_resume(facts):
        found.add(Choice.RESUME)
    if facts.kind == "sync":
        found |= _of_a_plan(facts)
    return frozenset(found)


def _can_resume(facts: RunFacts) -> bool:
    if facts.state == "running":  # one that a worker did is taken up by another, without anybody's doing
        return facts.abandoned and not facts.by_worker and facts.planned
    return facts.state == "failure" and (facts.planned or facts.repeatable)


def _of_a_plan(facts: RunFacts) -> set[Choice]:
    found = set()
    if facts.planned:
        found.add(Choice.DOWNLOAD)
    if facts.state == "new":
        found.add(Choice.DISCARD)
        if facts.planned and facts.changes:
            found.add(Choice.APPLY)
    if facts.state in _AT_ITS_END and facts.applied and facts.changes:
        found.add(Choice.UNDO)
    if facts.state in _AT_ITS_END and facts.applied and facts.left and facts.configured and not facts.undoes:
        found.add(Choice.RETRY)
    return found
