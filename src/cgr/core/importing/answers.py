"""What a person said about a unit that an import couldn't decide on: what it is, what it is in, or leave it out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cgr.core.errors import BadInput


class Decision(StrEnum):
    """The answers of `cgr import resolve --as` (contract.md); `under` names the object that the unit's is in."""

    EXISTING = "existing"
    NEW = "new"
    UNDER = "under"
    SKIP = "skip"


WITH_CODE = frozenset({Decision.EXISTING, Decision.UNDER})
"""Answers that mean nothing without the code of an object."""

LASTING = frozenset({Decision.NEW, Decision.UNDER})
"""Answers that count for every later import of the system, for they say something about the place."""


class Answer(Struct, frozen=True):
    """One answer. `code`: of the object that the unit is or is in, or of the new one; empty: the unit's, or its id."""

    decision: Decision
    code: str = ""


def parse_answer(text: str) -> Answer:
    """Read `existing:CODE`, `new`, `new:CODE`, `under:CODE` or `skip`; BadInput for anything else."""
    decision, colon, code = text.partition(":")
    code = code.strip()
    if decision not in list(Decision) or bool(colon) != bool(code) or (decision == Decision.SKIP and code):
        raise BadInput(
            f'"{text}" is no answer.',
            code="import-answer",
            next_step="Answer existing:CODE, new, new:CODE, under:CODE or skip.",
        )
    answer = Answer(Decision(decision), code)
    if answer.decision in WITH_CODE and not code:
        raise BadInput(
            "The answer doesn't say which object it is.",
            code="import-answer",
            next_step=f"Give its code, as in {decision}:F1.",
        )
    return answer
