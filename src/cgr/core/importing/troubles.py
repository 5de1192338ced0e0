"""The conflicts of an import in words: what stands against a unit, and what a person can do (R3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.changes import ObjectRef
from cgr.core.importing.candidates import Candidate, middle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.errors import BadInput
    from cgr.core.records import OurObject, TheirUnit

_OF_READING = frozenset({"term-unmapped", "several-groups"})


class Brief(Struct, frozen=True, gc=False):
    """A unit as a person tells it from others. `parent`: id of the unit above; `point`: the middle of where it is."""

    name: str
    code: str | None
    parent: str | None
    point: tuple[float, float] | None = None


class Trouble(Struct, frozen=True):
    """A unit that isn't imported until a person decides; `object` is the one that has its id, where there is one.

    `candidates`: objects without an id that the unit might be, the most alike first.
    """

    code: str
    uid: str
    object: ObjectRef | None
    message: str
    next_step: str
    unit: Brief | None = None
    candidates: tuple[Candidate, ...] = ()


def parent_missing(unit: TheirUnit, known: OurObject | None) -> Trouble:
    """Say that the unit above has no object."""
    return Trouble(
        "parent-missing",
        unit.uid,
        _ref(known),
        f"{_words(unit)} waits for its parent {unit.parent}, which is not imported either.",
        "Solve the parent's conflict first, or say which object it is in.",
        unit=brief(unit),
    )


def orphaned(unit: TheirUnit) -> Trouble:
    """Say that a unit above isn't in DHIS2's list."""
    return Trouble(
        "parent-missing",
        unit.uid,
        None,
        f"{_words(unit)} hangs below a unit that DHIS2 doesn't list.",
        "Give it, or the one above it, a parent in DHIS2 and import again.",
        unit=brief(unit),
    )


def circling(unit: TheirUnit) -> Trouble:
    """Say that the unit's ancestors are a circle."""
    return Trouble(
        "cycle",
        unit.uid,
        None,
        f"{_words(unit)} is on or below a circle of units that are each other's parents, so it has no place in the "
        "tree.",
        "Give one unit of the circle its right parent in DHIS2 and import again.",
        unit=brief(unit),
    )


def code_taken(unit: TheirUnit, known: OurObject | None, wanted: ObjectRef, holder: str | None) -> Trouble:
    """Say that another object has the code."""
    owner = f"the {wanted.type} that has the id {holder}" if holder else f"a {wanted.type} without an id in this system"
    return Trouble(
        "code-taken",
        unit.uid,
        _ref(known) or wanted,
        f'{_words(unit)} has the code "{wanted.code}", which belongs to {owner}.',
        f"If they are the same place, give that object the external id {unit.uid}; else change one of the codes.",
        unit=brief(unit),
    )


def code_not_free_yet(unit: TheirUnit, wanted: ObjectRef, holder: str) -> Trouble:
    """Say that another object gives the code up in this very import."""
    return Trouble(
        "code-taken",
        unit.uid,
        wanted,
        f'{_words(unit)} has the code "{wanted.code}", which the {wanted.type} with the id {holder} gives up in this '
        "import.",
        "Import once more: the code is free then.",
        unit=brief(unit),
    )


def held_elsewhere(unit: TheirUnit, known: OurObject | None, type_code: str, others: Iterable[str]) -> Trouble:
    """Say that objects of other types have the unit's id."""
    types = " and ".join(f'"{code}"' for code in sorted(others))
    if known is not None:
        return Trouble(
            "duplicate-external-id",
            unit.uid,
            _ref(known),
            f'The id of {_words(unit)} belongs to {type_code} "{known.code}" and also to an object of type {types}.',
            "Say which of them keeps it, or take the external id from the object that has it wrongly.",
            unit=brief(unit),
        )
    return Trouble(
        "type-mismatch",
        unit.uid,
        None,
        f'{_words(unit)} is on the level of type "{type_code}", but its id belongs to an object of type {types}.',
        "Say which object it is, which takes the id from the other; or import with other levels.",
        unit=brief(unit),
    )


def on_unmapped_level(known: OurObject) -> Trouble:
    """Say that an object's unit left the levels that are imported."""
    return Trouble(
        "type-mismatch",
        known.external_id or "",
        _ref(known),
        f'The unit of {known.type} "{known.code}" ({known.external_id}) is now on another level of DHIS2, which has no '
        "type in this import.",
        "Move the unit back in DHIS2, or take the external id from the object.",
    )


def unfit(unit: TheirUnit, known: OurObject | None, problem: BadInput) -> Trouble:
    """Say which value can't be taken."""
    return Trouble(
        problem.code if problem.code in _OF_READING else "value-unfit",
        unit.uid,
        _ref(known),
        f"{_words(unit)} can't be imported: {problem.message}.",
        "Correct it in DHIS2, or change the mapping, and import again.",
        unit=brief(unit),
    )


def brief(unit: TheirUnit) -> Brief:
    """Give what a person tells the unit by."""
    return Brief((unit.name or "").strip(), unit.code, unit.parent, middle(unit.geometry))


def _words(unit: TheirUnit) -> str:
    return f'"{(unit.name or "").strip()}" ({unit.uid})'


def _ref(known: OurObject | None) -> ObjectRef | None:
    return ObjectRef(known.type, known.code) if known is not None else None
