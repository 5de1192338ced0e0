"""Decide, level by level from the top, what importing each organisation unit would do."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from cgr.core.changes import FieldChange, ObjectRef
from cgr.core.draft_rules import Definitions, checked
from cgr.core.drafts import Always, ObjectDraft, Period, Since, Writing
from cgr.core.errors import BadInput
from cgr.core.geometry import same_geometry, to_geojson
from cgr.core.importing.reading import Said, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cgr.core.importing.settings import ImportSettings
    from cgr.core.records import OurObject, OurType, TheirUnit


class Outcome(StrEnum):
    """What importing a unit does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    VANISHED = "vanished"


class Imported(Struct, frozen=True):
    """A unit that can be imported, with the draft that does it; `fields`: before and after, in the registry's words."""

    kind: Outcome
    uid: str
    object: ObjectRef
    fields: dict[str, FieldChange] = {}
    draft: ObjectDraft | None = None


class Trouble(Struct, frozen=True):
    """A unit that isn't imported until a person decides."""

    code: str
    uid: str
    object: ObjectRef | None
    message: str
    next_step: str


class Place(Struct, frozen=True, gc=False):
    """Where a unit of the level above stands in the registry; `key` is None while its object is new."""

    code: str
    key: int | None


class LevelPlanner:
    """Plans one level after the other; what it placed on one level are the parents of the next.

    `above`: units of the level above the first mapped one, by id, that the registry knows (contract.md, `--root`).
    """

    def __init__(
        self,
        settings: ImportSettings,
        types: dict[str, OurType],
        definitions: Definitions,
        *,
        members: Mapping[str, set[str]],
        above: Mapping[str, Place],
        held: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Take everything that holds for all levels. `held`: external id → types of the objects that have it."""
        self._settings = settings
        self._types = types
        self._definitions = definitions
        self._members = members
        self._held = held
        self._places: Mapping[str, Place] = above
        self._names: dict[int | None, str] = {}
        self._in_scope: set[str] | None = None

    def plan_level(
        self, level: int, units: Iterable[TheirUnit], ours: Mapping[str, OurObject], codes: Mapping[str, str | None]
    ) -> Iterator[Imported | Trouble]:
        """Plan the units of one level.

        `ours`: objects of its type by external id. `codes`: code → external id, or None, of all objects of its type.
        """
        shape = self._types[self._settings.levels[level]]
        top = self._in_scope is None
        wanted = [unit for unit in units if self._is_wanted(unit, top=top)]
        self._names = {place.key: place.code for place in self._places.values()}
        taken = dict(codes)
        places: dict[str, Place] = {}
        for unit in wanted:
            planned = self._plan_unit(unit, shape, ours.get(unit.uid), taken, top=top)
            if isinstance(planned, Imported):
                known = ours.get(unit.uid)
                places[unit.uid] = Place(planned.object.code, known.key if known else None)
                taken[planned.object.code] = unit.uid
            yield planned
        self._in_scope = {unit.uid for unit in wanted}
        self._places = places

    def _is_wanted(self, unit: TheirUnit, *, top: bool) -> bool:
        if not top:
            return unit.parent in (self._in_scope or ())
        return self._settings.root in {None, unit.uid}

    def _plan_unit(
        self, unit: TheirUnit, shape: OurType, known: OurObject | None, taken: Mapping[str, str | None], *, top: bool
    ) -> Imported | Trouble:
        place = self._places.get(unit.parent or "")
        others = [code for code in self._held.get(unit.uid, ()) if code != shape.code]
        if place is None and not top:
            return _parent_missing(unit)
        if others:
            return _held_elsewhere(unit, shape, others)
        try:
            return self._compare(unit, shape, known, place, taken)
        except BadInput as problem:
            return _trouble("value-unfit", unit, problem)

    def _compare(
        self,
        unit: TheirUnit,
        shape: OurType,
        known: OurObject | None,
        place: Place | None,
        taken: Mapping[str, str | None],
    ) -> Imported | Trouble:
        said = read(unit, shape, self._settings.mapping, self._members)
        holder = taken.get(said.code, unit.uid)
        if holder != unit.uid:
            return _code_taken(unit, shape, said.code, holder)
        fields = _differences(unit, said, known, place, parents=self._names)
        ref = ObjectRef(shape.code, said.code)
        if known is not None and not fields:
            return Imported(Outcome.UNCHANGED, unit.uid, ref)
        draft = checked(self._draft(unit, shape, said, known, place, fields), self._definitions)
        return Imported(Outcome.CHANGED if known else Outcome.NEW, unit.uid, ref, fields, draft)

    def _draft(
        self,
        unit: TheirUnit,
        shape: OurType,
        said: Said,
        known: OurObject | None,
        place: Place | None,
        fields: Mapping[str, FieldChange],
    ) -> ObjectDraft:
        def write(value: object) -> Writing:
            start = self._settings.start or (self._settings.today if known else None)
            return Always(value) if start is None else Since(start, value)

        hierarchy = self._settings.hierarchy
        return ObjectDraft(
            key=known.key if known else None,
            type=shape.code,
            code=said.code,
            label=write({**((known and known.label) or {}), **said.label})
            if said.label and "label" in fields
            else UNSET,
            exists=[_existence(said, known)] if known is None or fields.keys() & _EXISTENCE else UNSET,
            values={code: write(value) for code, value in said.values.items() if code in fields},
            geometry=write(said.geometry) if "geometry" in fields else UNSET,
            parents={hierarchy: write(place.key or place.code)} if place and "parent" in fields else {},
            external_ids={} if known else {self._settings.system: unit.uid},
        )


_EXISTENCE = frozenset({"exists.start", "exists.end"})


def _existence(said: Said, known: OurObject | None) -> Period:
    return {
        "from": said.starts or (known.starts if known else None),
        "to": said.ends or (known.ends if known else None),
    }


def _differences(
    unit: TheirUnit, said: Said, known: OurObject | None, place: Place | None, *, parents: Mapping[int | None, str]
) -> dict[str, FieldChange]:
    """Compare what the unit says with the object; what the unit is silent about doesn't differ."""
    label = {**(known.label or {}), **said.label} if known and said.label else said.label
    pairs: list[tuple[str, object, object]] = [
        ("code", known.code if known else None, said.code),
        ("label", known.label if known else None, label),
        ("exists.start", known.starts if known else None, said.starts),
        ("exists.end", known.ends if known else None, said.ends),
        *((code, known.values.get(code) if known else None, value) for code, value in sorted(said.values.items())),
    ]
    fields = {name: FieldChange(ours, theirs) for name, ours, theirs in pairs if theirs is not None and ours != theirs}
    if place is not None and (known is None or known.parents != (place.key,)):
        before = [parents.get(key, "?") for key in known.parents] if known else []
        fields["parent"] = FieldChange(", ".join(before) or None, place.code)
    if said.geometry is not None and not (known and same_geometry(known.geometry, unit.geometry)):
        ours = to_geojson(known.geometry) if known and known.geometry else None
        fields["geometry"] = FieldChange(ours, to_geojson(said.geometry))
    return fields


def _parent_missing(unit: TheirUnit) -> Trouble:
    return Trouble(
        "parent-missing",
        unit.uid,
        None,
        f'"{unit.name}" ({unit.uid}) waits for its parent {unit.parent}, which is not imported either.',
        "Solve the parent's conflict first.",
    )


def _code_taken(unit: TheirUnit, shape: OurType, code: str, holder: str | None) -> Trouble:
    owner = f"the object that has the id {holder}" if holder else "an object without an id in this system"
    return Trouble(
        "code-taken",
        unit.uid,
        ObjectRef(shape.code, code),
        f'"{unit.name}" ({unit.uid}) has the code "{code}", which belongs to {owner}.',
        f"If they are the same place, give that object the external id {unit.uid}; else change one of the codes.",
    )


def _held_elsewhere(unit: TheirUnit, shape: OurType, others: list[str]) -> Trouble:
    types = ", ".join(sorted(others))
    return Trouble(
        "type-mismatch",
        unit.uid,
        None,
        f'"{unit.name}" ({unit.uid}) is on the level of type "{shape.code}", but its id belongs to an object of type '
        f'"{types}".',
        "Take the external id from the object that has it wrongly, or import with other levels.",
    )


def _trouble(code: str, unit: TheirUnit, problem: BadInput) -> Trouble:
    return Trouble(
        code,
        unit.uid,
        None,
        f'"{unit.name}" ({unit.uid}) can\'t be imported: {problem.message}.',
        "Correct it in DHIS2, or change the mapping, and import again.",
    )


def vanished(ours: Mapping[str, OurObject], units: Mapping[str, TheirUnit]) -> Iterator[Imported]:
    """List the objects of a level whose unit is gone from DHIS2; nothing is deleted here for that (R3.3)."""
    for uid, known in sorted(ours.items()):
        if uid not in units:
            yield Imported(Outcome.VANISHED, uid, ObjectRef(known.type, known.code))
