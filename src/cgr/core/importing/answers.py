"""What a person said about a unit that an import couldn't decide on: it is that object, it is new, or leave it out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cgr.core.errors import BadInput


class Decision(StrEnum):
    """The three answers of `cgr import resolve --as` (contract.md)."""

    EXISTING = "existing"
    NEW = "new"
    SKIP = "skip"


class Answer(Struct, frozen=True):
    """One answer. `code`: of the object that the unit is, or of the new one; empty: what the unit's is, or its id."""

    decision: Decision
    code: str = ""


def parse_answer(text: str) -> Answer:
    """Read `existing:CODE`, `new`, `new:CODE` or `skip`; BadInput for anything else."""
    decision, colon, code = text.partition(":")
    code = code.strip()
    if decision not in list(Decision) or bool(colon) != bool(code) or (decision == Decision.SKIP and code):
        raise BadInput(
            f'"{text}" is no answer.',
            code="import-answer",
            next_step="Answer existing:CODE, new, new:CODE or skip.",
        )
    answer = Answer(Decision(decision), code)
    if answer.decision is Decision.EXISTING and not code:
        raise BadInput(
            "The answer doesn't say which object it is.",
            code="import-answer",
            next_step="Give its code, as in existing:F1.",
        )
    return answer
