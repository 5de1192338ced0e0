"""Codes and labels of definitions: one rule and one sentence for types, attributes, hierarchies and terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.accounts.policy import Permission, may
from cgr.core.draft_rules import code_problem
from cgr.core.errors import BadInput
from cgr.core.localized import parse_localized

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.definitions import Label
    from cgr.core.records import Localized


def check_term_code(code: str) -> None:
    """Refuse a term's code; anything that fits a Geo-Object's code will do, since data often brings its own."""
    if problem := code_problem(code):
        raise BadInput(
            f"A term can't have this code: {problem}.",
            code="bad-code",
            next_step="Use up to 100 visible characters.",
        )


def check_unique(codes: Iterable[str], what: str, *, where: str) -> None:
    """Refuse a code that is given twice; `what` as in "attribute", `where` as in `type "facility"`."""
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise BadInput(
                f'The {what} "{code}" is given twice in {where}.',
                code="duplicate-code",
                next_step="Give each of them a code of its own, or remove one.",
            )
        seen.add(code)


def read_label(label: Label, owner: str) -> Localized:
    """Give the label as localized text; `owner` as in `type "facility"`."""
    try:
        return parse_localized(label)
    except BadInput as problem:
        raise BadInput(
            f"The label of {owner} can't be used: {problem.message}.", code="bad-label", next_step=problem.next_step
        ) from problem


def refuse_other_organization(actor: Actor, what: str, code: str, owner: str) -> BadInput:
    """Give the refusal of moving something to another organization; `what` as in "type".

    Codes are those of the whole instance, so that one can be taken; by whom is told only to who may know them.
    """
    if not may(actor, Permission.READ_OBJECTS, organization=owner):
        return BadInput(
            f'The code "{code}" is taken, and can\'t be that of a new {what}.',
            code="code-taken-elsewhere",
            next_step="Use another code.",
        )
    return BadInput(
        f'The {what} "{code}" belongs to the organization "{owner}", which can\'t be changed.',
        code="organization-fixed",
        next_step=f'Name "{owner}" as its organization, or use another code.',
    )
