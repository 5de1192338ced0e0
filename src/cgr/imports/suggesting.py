"""Suggestions of a run: objects without an id that units resemble, listed, and accepted by a person (R3.2)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import transaction
from msgspec import Struct

from cgr.accounts.policy import Permission, require
from cgr.core.errors import BadInput, NeedsConsent
from cgr.core.importing import Answer, Decision, reasons
from cgr.imports.answers import answers_of, keep, link, require_answerable
from cgr.imports.lines import Suggestion, first_position
from cgr.registry import queries as registry
from cgr.registry.locking import lock_registry
from cgr.runs.items import Line, read_lines

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.runs.models import Run

_CLEARLY = 0.05
"""So much better than the next one has a candidate to be that is accepted without a look at it alone."""

_ONE_STEP = 0.001


class Suggested(Struct, frozen=True):
    """One suggestion with its line; `decision`: what was answered, empty while it is open."""

    position: int
    line: Line
    suggestion: Suggestion
    decision: str = ""


class Acceptable(Struct, frozen=True):
    """What accepting all from a score on does.

    `open`: those that a person has to look at one by one, because two units resemble the same object, or two objects
    the unit about as much, or the object has an id by now.
    """

    above: float
    accepted: list[Suggested]
    open: list[Suggested]


def suggestions(run: Run, *, after: int = -1, above: float = 0.0, limit: int | None = None) -> list[Suggested]:
    """Give the suggestions of a run that the actor was given already, the best first, from a score on."""
    before = first_position(max(above, 0.0) - _ONE_STEP) if above > 0 else None
    kind = "" if run.state == run.State.NEW else "conflict"  # what an import made new is new
    lines = read_lines(run.pk, "suggestion", after=after, before=before, kind=kind, limit=limit)
    answers = answers_of(run, [line.uid for line in lines])
    decode = msgspec.json.Decoder(Suggestion).decode
    return [
        Suggested(line.position, line, decode(line.body), answers[line.uid].decision if line.uid in answers else "")
        for line in lines
    ]


def suggestion_json(each: Suggested) -> dict[str, Any]:
    """Give the JSON of one suggestion; `reasons` in words."""
    found = each.suggestion
    return {
        "uid": found.uid,
        "unit": msgspec.to_builtins(found.unit),
        "candidates": [{**msgspec.to_builtins(one), "reasons": reasons(one)} for one in found.candidates],
        "decision": each.decision or None,
    }


def acceptable(actor: Actor, run: Run, *, above: float) -> Acceptable:
    """Say which suggestions would be accepted; BadInput unless `above` is a score."""
    require(actor, Permission.MANAGE_RUNS, organization=run.organization.code)
    if not 0 < above <= 1:
        raise BadInput(
            f"{above:g} is no score.", code="import-score", next_step="Give one above 0 and up to 1, as in 0.9."
        )
    found = [each for each in suggestions(run, above=above) if not each.decision]
    times = Counter((each.line.type, each.line.code) for each in found)
    linked = _linked(run, found)
    accepted: list[Suggested] = []
    left: list[Suggested] = []
    for each in found:
        ref = (each.line.type, each.line.code)
        clear = times[ref] == 1 and ref not in linked and _is_clear(each.suggestion)
        (accepted if clear else left).append(each)
    return Acceptable(above, accepted, left)


@transaction.atomic
def accept(actor: Actor, run: Run, *, above: float, expected: int | None = None) -> Acceptable:
    """Link every unit whose suggestion is clear and has at least this score.

    `expected`: how many the person has seen listed; NeedsConsent, with nothing done, when they are others by now.
    """
    require_answerable(actor, run)
    lock_registry()
    found = acceptable(actor, run, above=above)
    if expected is not None and expected != len(found.accepted):
        raise NeedsConsent(
            f"There are {len(found.accepted)} to accept by now, not {expected}.",
            code="suggestions-changed",
            next_step="Look at the list again, and accept it then.",
        )
    link(actor, run, [(each.line, each.line.code) for each in found.accepted])
    keep(actor, run, {each.line.uid: Answer(Decision.EXISTING, each.line.code) for each in found.accepted})
    return found


def _is_clear(suggestion: Suggestion) -> bool:
    best, *others = suggestion.candidates
    return all(best.score - other.score >= _CLEARLY for other in others)


def _linked(run: Run, found: list[Suggested]) -> set[tuple[str, str]]:
    """Give those of the suggested objects that are gone or have an id by now."""
    codes: dict[str, list[str]] = {}
    for each in found:
        codes.setdefault(each.line.type, []).append(each.line.code)
    gone: set[tuple[str, str]] = set()
    for type_code, of_type in codes.items():
        keys = registry.keys_by_code(type_code, of_type)
        with_id = registry.ids_of(run.dhis2.code, keys.values())
        gone |= {(type_code, code) for code in of_type if keys.get(code) is None or keys[code] in with_id}
    return gone
