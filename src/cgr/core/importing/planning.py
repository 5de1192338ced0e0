"""Decide, level by level from the top, what importing each organisation unit would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import UNSET, Raw, Struct, structs

from cgr.core.changes import FieldChange, ObjectRef
from cgr.core.draft_rules import Definitions, checked
from cgr.core.drafts import ObjectDraft, Period
from cgr.core.errors import BadInput
from cgr.core.geometry import same_geometry, to_geojson
from cgr.core.importing import troubles
from cgr.core.importing.answers import Answer, Decision
from cgr.core.importing.candidates import Candidate, Unlinked
from cgr.core.importing.codes import Renaming, refused_codes
from cgr.core.importing.comparing import differences, everything
from cgr.core.importing.drafting import existence, writing
from cgr.core.importing.reading import UnitReader
from cgr.core.importing.settings import ATTRIBUTE_PREFIX
from cgr.core.importing.troubles import Trouble
from cgr.core.records import Existence

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from cgr.core.importing.settings import ImportSettings
    from cgr.core.records import OurObject, OurType, TheirUnit


class Outcome(StrEnum):
    """What importing a unit does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    VANISHED = "vanished"
    SKIPPED = "skipped"


class Imported(Struct, frozen=True, gc=False):
    """A unit that can be imported, with the draft that does it; `fields`: before and after, as mappings name them.

    `candidates`: objects without an id that a new one resembles, the most alike first; `unit` comes with them.
    """

    kind: Outcome
    uid: str
    object: ObjectRef
    fields: dict[str, FieldChange] = {}
    draft: ObjectDraft | None = None
    unit: troubles.Brief | None = None
    candidates: tuple[Candidate, ...] = ()


class Place(Struct, frozen=True, gc=False):
    """Where a unit of the level above stands in the registry; `key` is None while its object is new."""

    code: str
    key: int | None


@dataclass(frozen=True)
class Situation:
    """What is known before the first level is planned.

    `definitions`: what drafts may refer to. `members`: ids of units by group. `in_dhis2`: ids of all units there.
    `elsewhere`: id of a unit → types of objects that have it, but for the type of the unit's own level. `strays`: ids
    of units on levels without a type. `lives`: all periods of existence, by key, of the objects that have several.
    `above`: units of the level above the first one, by id, that the registry knows (contract.md, `--root`); `names`:
    codes of the objects on that level by key. `answers`: id of a unit → what a person said about it. `under`: id of a
    unit whose parent has no object → the object that a person put it into.
    """

    types: Mapping[str, OurType]
    definitions: Definitions
    members: Mapping[str, set[str]]
    in_dhis2: Container[str]
    elsewhere: Mapping[str, Sequence[str]]
    strays: Container[str]
    lives: Mapping[int, list[Period]]
    above: Mapping[str, Place]
    names: Mapping[int, str]
    answers: Mapping[str, Answer] = field(default_factory=dict)
    under: Mapping[str, Place] = field(default_factory=dict)


class LevelPlanner:
    """Plans one level after the other; what it placed on one level are the parents of the next."""

    def __init__(self, settings: ImportSettings, situation: Situation) -> None:
        """Start above the first level."""
        self._settings = settings
        self._situation = situation
        self._above = situation.above
        self._names = situation.names
        self._branch: set[int] | None = None
        self._skipped: frozenset[str] = frozenset()

    def plan_level(
        self, level: int, units: Iterable[TheirUnit], objects: Iterable[OurObject]
    ) -> Iterator[Imported | Trouble]:
        """Plan the units of one level, each once. `objects`: all objects of the level's type, streamed.

        Those that don't exist yet today come as they will be, so that what was imported for later counts as known.
        """
        plan = _Level(
            self._settings,
            self._situation,
            level=level,
            above=self._above,
            names_above=self._names,
            branch_above=self._branch,
            skipped_above=self._skipped,
        )
        yield from plan.lines({unit.uid: unit for unit in units}, objects)
        self._above, self._names, self._branch = plan.places, plan.names, plan.branch
        self._skipped = frozenset(plan.skipped)


class _Level:
    """One level while it is planned.

    `branch`: keys of the objects that are in question on the level above; None: all, the whole DHIS2 is imported.
    `skipped`: ids of units that have no object because a person left them, or one above them, out.
    """

    def __init__(
        self,
        settings: ImportSettings,
        situation: Situation,
        *,
        level: int,
        above: Mapping[str, Place],
        names_above: Mapping[int, str],
        branch_above: set[int] | None,
        skipped_above: frozenset[str],
    ) -> None:
        self._settings = settings
        self._situation = situation
        self._shape = situation.types[settings.levels[level]]
        self._reader = UnitReader(self._shape, settings.mapping, situation.members)
        self._is_top = level == min(settings.levels)
        self._is_last = level == max(settings.levels)
        self._above = above
        self._names_above = names_above
        self._branch_above = branch_above
        self.places: dict[str, Place] = {}
        self.names: dict[int, str] = {}
        self.branch: set[int] | None = set() if settings.root else None
        self._skipped_above = skipped_above
        self.skipped: set[str] = set()
        self._unlinked = Unlinked()

    def lines(self, waiting: dict[str, TheirUnit], objects: Iterable[OurObject]) -> Iterator[Imported | Trouble]:
        """Plan the units that have an object as the objects pass by, then those whose code changes, then the new."""
        codes: dict[str, str | None] = {}
        renamed: list[tuple[TheirUnit, OurObject, Imported]] = []
        for known in objects:
            codes[known.code] = known.external_id
            if not self._is_last:  # nobody asks below, and there are many
                self.names[known.key] = known.code
            unit = waiting.pop(known.external_id, None) if known.external_id is not None else None
            if unit is None:
                if known.external_id is None and not known.invalid and known.existence is not Existence.ENDED:
                    self._unlinked.add(known)
                yield from self._without_unit(known)
                continue
            self._place(unit, known.code, known)
            line = self._plan_unit(unit, known)
            if isinstance(line, Imported) and "code" in line.fields:
                renamed.append((unit, known, line))
            else:
                yield line
        freed: dict[str, str] = {}
        yield from self._renamed(renamed, codes, freed)
        for unit in waiting.values():
            yield self._resembling(unit, self._new(unit, codes, freed))

    def _place(self, unit: TheirUnit, code: str, known: OurObject | None) -> None:
        if self._is_last:
            return
        self.places[unit.uid] = Place(code, known.key if known else None)
        if self.branch is not None and known is not None:
            self.branch.add(known.key)

    def _without_unit(self, known: OurObject) -> Iterator[Imported | Trouble]:
        """List an object whose unit is gone from DHIS2 or has changed its level; nothing is deleted for that (R3.3)."""
        # A reserved id waits for its unit to be made; the unit isn't gone.
        if known.external_id is None or known.reserved or not self._is_in_branch(known):
            return
        if known.external_id not in self._situation.in_dhis2:
            if self.branch is not None:
                self.branch.add(known.key)
            yield Imported(Outcome.VANISHED, known.external_id, ObjectRef(known.type, known.code))
        elif known.external_id in self._situation.strays:
            yield troubles.on_unmapped_level(known)

    def _is_in_branch(self, known: OurObject) -> bool:
        if self.branch is None:
            return True
        # A root that is there has its unit, so at the top there is nothing else in question.
        return self._branch_above is not None and not self._branch_above.isdisjoint(known.parents)

    def _renamed(
        self,
        renamed: list[tuple[TheirUnit, OurObject, Imported]],
        codes: dict[str, str | None],
        freed: dict[str, str],
    ) -> Iterator[Imported | Trouble]:
        renamings = [Renaming(unit.uid, known.code, line.object.code) for unit, known, line in renamed]
        refused = refused_codes(renamings, codes)
        granted = [renaming for renaming in renamings if renaming.uid not in refused]
        freed.update({renaming.before: renaming.uid for renaming in granted})
        codes.update({renaming.after: renaming.uid for renaming in granted})
        for unit, known, line in renamed:
            if unit.uid in refused:
                yield self._keeping_its_code(unit, known) or troubles.code_taken(
                    unit, known, line.object, refused[unit.uid]
                )
            else:
                self._place(unit, line.object.code, known)
                yield line

    def _keeping_its_code(self, unit: TheirUnit, known: OurObject) -> Imported | Trouble | None:
        """Plan an object that was made on purpose with another code than its unit has; None for any other."""
        answer = self._situation.answers.get(unit.uid)
        if answer is None or answer.decision is not Decision.NEW:
            return None
        return self._plan_unit(unit, known, code=known.code)

    def _new(self, unit: TheirUnit, codes: dict[str, str | None], freed: Mapping[str, str]) -> Imported | Trouble:
        answer = self._situation.answers.get(unit.uid)
        line = self._plan_unit(unit, None)
        if isinstance(line, Trouble) or line.kind is Outcome.SKIPPED:
            return line
        if answer is not None and answer.decision is Decision.NEW and (answer.code or line.object.code in codes):
            line = self._plan_unit(unit, None, code=answer.code or unit.uid)
        if isinstance(line, Imported):
            code = line.object.code
            if code in codes:
                if code in freed and codes[code] == freed[code]:
                    return troubles.code_not_free_yet(unit, line.object, freed[code])
                return troubles.code_taken(unit, None, line.object, codes[code])
            codes[code] = unit.uid
            self._place(unit, code, None)
        return line

    def _resembling(self, unit: TheirUnit, line: Imported | Trouble) -> Imported | Trouble:
        """Add the objects without an id that a unit without object might be; none where a person said it is new."""
        if unit.uid in self._situation.answers:
            return line
        of_code = isinstance(line, Trouble) and line.code == "code-taken" and line.object is not None
        if not of_code and not (isinstance(line, Imported) and line.kind is Outcome.NEW):
            return line
        above = self._above.get(unit.parent) if unit.parent is not None else None
        code = line.object.code if of_code and line.object is not None else None
        found = self._unlinked.candidates(unit, parent=above.key if above else None, code=code)
        return structs.replace(line, unit=troubles.brief(unit), candidates=found) if found else line

    def _left_out(self, unit: TheirUnit, known: OurObject | None) -> bool:
        answer = self._situation.answers.get(unit.uid)
        if answer is not None and answer.decision is Decision.SKIP:
            return True
        return known is None and unit.parent in self._skipped_above and unit.uid not in self._situation.under

    def _plan_unit(self, unit: TheirUnit, known: OurObject | None, *, code: str | None = None) -> Imported | Trouble:
        """Plan a unit; `code`: what its object is to be called instead of what the unit says."""
        if self._left_out(unit, known):
            if known is None:
                self.skipped.add(unit.uid)
            ref = ObjectRef(self._shape.code, known.code if known else unit.code or unit.uid)
            return Imported(Outcome.SKIPPED, unit.uid, ref)
        place = self._above.get(unit.parent) if unit.parent is not None else None
        # What a person chose counts only while DHIS2's own parent has no object.
        place = place or self._situation.under.get(unit.uid)
        if others := self._situation.elsewhere.get(unit.uid):
            return troubles.held_elsewhere(unit, known, self._shape.code, others)
        if place is None and not self._is_top:
            return troubles.parent_missing(unit, known)
        try:
            return self._compared(unit, known, place, instead=code)
        except BadInput as problem:
            return troubles.unfit(unit, known, problem)

    def _compared(
        self, unit: TheirUnit, known: OurObject | None, place: Place | None, *, instead: str | None
    ) -> Imported:
        said = self._reader.read(unit)
        if instead is not None:
            said = structs.replace(said, code=instead)
        # A unit without code gets its id as one (contract.md), an object that has a code keeps it.
        code = said.code or (known.code if known else unit.uid)
        fields = differences(said, known, self._shape) if known else everything(said, code)
        if known and "code" not in fields:
            code = known.code
        if place is not None and (known is None or known.parents != (place.key,)):
            fields["parent"] = FieldChange(self._parents_of(known), place.code)
        wkb = None
        if unit.geometry is not None and (known is None or not same_geometry(known.geometry, unit.geometry)):
            wkb = self._reader.geometry(unit)
            if wkb is not None:
                ours = to_geojson(known.geometry) if known and known.geometry else None
                fields["geometry"] = FieldChange(ours, Raw(unit.geometry))
        ref = ObjectRef(self._shape.code, code)
        if known is not None and not fields:
            return Imported(Outcome.UNCHANGED, unit.uid, ref)
        draft = self._draft(unit, known, place=place, fields=fields, ref=ref, wkb=wkb)
        outcome = Outcome.CHANGED if known else Outcome.NEW
        return Imported(outcome, unit.uid, ref, fields, checked(draft, self._situation.definitions))

    def _parents_of(self, known: OurObject | None) -> str | None:
        return ", ".join(self._names_above.get(key, "?") for key in known.parents) or None if known else None

    def _draft(
        self,
        unit: TheirUnit,
        known: OurObject | None,
        *,
        place: Place | None,
        fields: Mapping[str, FieldChange],
        ref: ObjectRef,
        wkb: bytes | None,
    ) -> ObjectDraft:
        write = writing(known, start=self._settings.start, today=self._settings.today)
        parent = write(place.key or place.code) if place is not None and "parent" in fields else None
        return ObjectDraft(
            key=known.key if known else None,
            type=ref.type,
            code=ref.code,
            label=write(fields["label"].after) if "label" in fields else UNSET,
            exists=existence(known, fields, self._situation.lives.get(known.key, []) if known else ()),
            values={
                name.removeprefix(ATTRIBUTE_PREFIX): write(change.after)
                for name, change in fields.items()
                if name.startswith(ATTRIBUTE_PREFIX)
            }
            if self._shape.attributes
            else {},
            geometry=UNSET if wkb is None else write(wkb),
            parents={self._keeper: parent} if parent is not None else {},
            external_ids={} if known else {self._settings.system: unit.uid},
        )

    @property
    def _keeper(self) -> str:
        """Name the hierarchy in which the parents are kept."""
        return self._shape.parents_in or self._settings.hierarchy
