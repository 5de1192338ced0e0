"""Undo: the plan that puts back what a run changed, as far as DHIS2 still holds what the run wrote (R9.5).

| what the run did | undone by |
|---|---|
| wrote a field and DHIS2 still holds that | the value from before; nothing where there was nothing |
| wrote a field and DHIS2 holds the value from before | nothing: somebody did it there |
| wrote a field and DHIS2 holds a third value | problem `changed-in-dhis2`; the unit's other fields are put back |
| moved a unit | the move back: never below a unit that is gone, never as a root, never into a circle |
| created a unit | note `created-stays`, since a unit with data can't be deleted; with `close`, that closedDate |
| added a unit to groups | note `stays-in-group`: we never take anybody out of a group |
| changed a unit that is gone | problem `external-id-not-found`; it is never made again |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from cgr.core.batches import is_creation
from cgr.core.changes import ANY_VERSION, Change, FieldChange, Kind, Note, Plan, Problem, ProblemCode
from cgr.core.held_values import ATTRIBUTE, held, same_held
from cgr.core.mapping import SyncMapping
from cgr.core.plan_words import Names, field_words, group_words
from cgr.core.planner import basis
from cgr.core.planner.assembling import counted, in_order
from cgr.core.planner.rules import SLOTS
from cgr.core.planner.tree import Above, awaited_moves, circles, depth
from cgr.core.safety import Shares, guards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cgr.core.planner import Theirs
    from cgr.core.records import RemoteShape, TheirUnit

_LOOK_THERE = "Look at the unit in DHIS2; if the value from before the run is wanted, set it there."


class Done(Struct, frozen=True):
    """One change that a run made, or may have made. `in_groups`: the unit is known to be in the change's groups."""

    change: Change
    in_groups: bool


class UndoneRun(Struct, frozen=True):
    """The run that is undone. `linked`: objects it looked at whose unit was there; `names`: as DHIS2 had them then."""

    id: str
    mapping: SyncMapping
    linked: int
    names: Names


def undo(
    done: Iterable[Done], theirs: Theirs, shape: RemoteShape, *, run: UndoneRun, as_of: str, close: str | None = None
) -> Plan:
    """Decide what puts back what a run did. `close`: the closedDate for units that it created, yyyy-MM-dd."""
    undoing = _Undoing(theirs, shape, run, close)
    for one in done:
        undoing.look_at(one)
    undoing.stop_circles()
    changes = undoing.changes()
    touched = {change.key for change in changes} | {problem.key for problem in undoing.problems}
    shares = Shares(
        linked=run.linked + undoing.closed,
        changed=len(changes),
        moved=sum(1 for change in changes if Kind.MOVE in change.kinds),
        ids=undoing.units,
        ids_not_found=undoing.gone,
    )
    return Plan(
        as_of=as_of,
        mapping=run.mapping,
        dhis2_version=theirs.version,
        units=sum(1 for unit in theirs.units.values() if unit.level <= len(run.mapping.levels)),
        counts=counted(
            changes, undoing.problems, unchanged=sum(1 for key in undoing.keys if key not in touched), not_selected=0
        ),
        guards=guards(shares, run.mapping.limits),
        changes=changes,
        problems=in_order(undoing.problems),
        notes=tuple(sorted(undoing.notes, key=lambda note: (note.object, note.code))),
    )


@dataclass(slots=True)
class _Undoing:
    """What is found while the changes of the run are looked at, one after the other.

    `back`: unit id → the run's change and the fields that are put back. `units`, `gone`: units that the run changed or
    created, and those of them that DHIS2 no longer has. `closed`: created units that get a closedDate.
    """

    theirs: Theirs
    shape: RemoteShape
    run: UndoneRun
    close: str | None
    back: dict[str, tuple[Change, dict[str, FieldChange]]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    keys: set[int] = field(default_factory=set)
    units: int = 0
    gone: int = 0
    closed: int = 0

    def look_at(self, done: Done) -> None:
        """Decide on one change of the run; circles are looked for when all are known."""
        change = done.change
        unit = self.theirs.units.get(change.uid)
        self.keys.add(change.key)
        self.units += 1
        if unit is None:
            self.gone += 1
            if not is_creation(change):
                self._report_gone(change)
            return
        if change.groups:
            self._note_groups(done)
        fields = self._closing(change, unit) if is_creation(change) else self._restored(change, unit)
        if fields:
            self.back[change.uid] = change, fields

    def stop_circles(self) -> None:
        """Keep moves back that would put a unit above itself; one less can close another circle, so until none is."""
        while found := circles(sorted(moves := self._moves()), self._above()):
            for uid in sorted({uid for circle in found for uid in circle if uid in moves}):
                change, fields = self.back[uid]
                del fields["parent"]
                if not fields:
                    del self.back[uid]
                self._report(
                    change,
                    ProblemCode.CYCLE,
                    f"With its parent from before run {self.run.id} the unit {uid} would be above itself.",
                    "Look at where the units above it were moved since, and move it by hand in DHIS2.",
                )

    def changes(self) -> tuple[Change, ...]:
        """Give the changes of the plan, parents first."""
        above, known = self._above(), dict[str, int]()
        awaited = awaited_moves(self._moves(), above)
        made = [
            Change(
                kinds=tuple(_kinds(fields)),
                object=change.object,
                uid=uid,
                level=change.level,
                fields=fields,
                groups=(),
                key=change.key,
                version=ANY_VERSION,
                depth=depth(uid, above, known),
                basis=basis(self.theirs.units[uid], self.run.mapping, change.level, fields),
                needs=tuple(sorted(set(awaited.get(uid, ())))),
            )
            for uid, (change, fields) in self.back.items()
        ]
        return tuple(sorted(made, key=lambda change: (change.depth, change.object, change.key)))

    def _moves(self) -> dict[str, str | None]:
        return {uid: self.theirs.units[uid].parent for uid, (_, fields) in self.back.items() if "parent" in fields}

    def _above(self) -> Above:
        """Give who is above a unit once everything is put back."""
        back, units = self.back, self.theirs.units

        def above(uid: str) -> str | None:
            fields = back[uid][1] if uid in back else {}
            if "parent" in fields:
                return str(fields["parent"].after)
            return units[uid].parent if uid in units else None

        return above

    def _restored(self, change: Change, unit: TheirUnit) -> dict[str, FieldChange]:
        fields: dict[str, FieldChange] = {}
        moved_on = []
        for key, written in change.fields.items():
            now = held(unit, key)
            if same_held(key, written.before, now, self.shape):
                continue
            if not same_held(key, written.after, now, self.shape):
                moved_on.append(field_words(key, written, self.run.names).label)
            elif key != "parent" or self._can_go_back(change, written.before):
                fields[key] = FieldChange(now, written.before)
        if moved_on:
            self._report(
                change,
                ProblemCode.CHANGED_IN_DHIS2,
                f"Since run {self.run.id} somebody changed the unit {unit.uid} in DHIS2 ({', '.join(moved_on)}); that "
                "is left as it is.",
                _LOOK_THERE,
            )
        return self._without_refused(change, unit, fields)

    def _can_go_back(self, change: Change, parent: object) -> bool:
        if parent is None:
            self._report(
                change,
                ProblemCode.SECOND_ROOT,
                f"Before run {self.run.id} the unit {change.uid} had no parent; it is not made a root again.",
                "If it shall be one, take its parent away in DHIS2.",
            )
        elif parent not in self.theirs.units:
            self._report(
                change,
                ProblemCode.PARENT_NOT_IN_DHIS2,
                f"Its parent from before run {self.run.id}, {parent}, was deleted in DHIS2; it stays where it is.",
                "Move it by hand in DHIS2, or correct its parent in the registry and plan.",
            )
        else:
            return True
        return False

    def _without_refused(
        self, change: Change, unit: TheirUnit, fields: dict[str, FieldChange]
    ) -> dict[str, FieldChange]:
        """Leave out what old versions of DHIS2 would store and new ones refuse: it was allowed once, and isn't now."""
        gone = [key for key, one in fields.items() if self._option_is_gone(key, one.after)]
        for key in gone:
            label = field_words(key, fields[key], self.run.names).label
            self._report(
                change,
                ProblemCode.VALUE_REFUSED,
                f"{label} was {fields[key].after} before run {self.run.id}, which is no longer an option in DHIS2.",
                "Add the option in DHIS2 again, or leave the value as it is.",
            )
        fields = {key: one for key, one in fields.items() if key not in gone}
        opened, closed = (_resulting(unit, fields, name) for name in ("openingDate", "closedDate"))
        if opened and closed and closed < opened and {"openingDate", "closedDate"} & fields.keys():
            self._report(
                change,
                ProblemCode.VALUE_REFUSED,
                f"The unit {unit.uid} would be closed on {closed}, before it opens on {opened}.",
                "Correct the date that was changed in DHIS2 since the run, then undo the run again.",
            )
            return {key: one for key, one in fields.items() if key not in {"openingDate", "closedDate"}}
        return fields

    def _option_is_gone(self, key: str, value: object) -> bool:
        remote = self.shape.attributes.get(key.removeprefix(ATTRIBUTE)) if key.startswith(ATTRIBUTE) else None
        if remote is None or remote.options is None or value is None:
            return False
        return all(option.code != value for option in remote.options)

    def _closing(self, change: Change, unit: TheirUnit) -> dict[str, FieldChange]:
        if self.close is None:
            words = "it can't be deleted here. Delete it in DHIS2, or have it closed with --close DATE."
            self._note_created(change, words)
        elif unit.closed_date is not None and unit.closed_date <= self.close:
            self._note_created(change, f"it is closed since {unit.closed_date} already.")
        elif unit.opening_date is not None and self.close < unit.opening_date:
            self._report(
                change,
                ProblemCode.VALUE_REFUSED,
                f"The unit {unit.uid} opens on {unit.opening_date} and can't be closed before that, on {self.close}.",
                f"Undo the run with --close {unit.opening_date} or a later day.",
            )
        else:
            self.closed += 1
            self._note_created(change, f"it can't be deleted here and is closed on {self.close}.")
            return {"closedDate": FieldChange(unit.closed_date, self.close)}
        return {}

    def _note_created(self, change: Change, words: str) -> None:
        self.notes.append(
            Note("created-stays", change.object, f"Run {self.run.id} created the unit {change.uid}; {words}")
        )

    def _note_groups(self, done: Done) -> None:
        groups = ", ".join(group_words(done.change, self.run.names))
        did = "added" if done.in_groups else "added, or tried to add,"
        self.notes.append(
            Note(
                "stays-in-group",
                done.change.object,
                f"Run {self.run.id} {did} the unit {done.change.uid} to {groups}; it stays there. Take it out in DHIS2 "
                "if it shall leave.",
            )
        )

    def _report_gone(self, change: Change) -> None:
        self._report(
            change,
            ProblemCode.EXTERNAL_ID_NOT_FOUND,
            f"The unit {change.uid} was deleted in DHIS2 since run {self.run.id}; it is not created again.",
            "Correct or remove the external id of the object.",
        )

    def _report(self, change: Change, code: ProblemCode, message: str, next_step: str) -> None:
        self.problems.append(
            Problem(
                code=code,
                object=change.object,
                uid=change.uid,
                level=change.level,
                message=message,
                next_step=next_step,
                key=change.key,
            )
        )


def _kinds(fields: Mapping[str, FieldChange]) -> Iterator[Kind]:
    if any(key != "parent" for key in fields):
        yield Kind.UPDATE
    if "parent" in fields:
        yield Kind.MOVE


def _resulting(unit: TheirUnit, fields: Mapping[str, FieldChange], name: str) -> str:
    value = fields[name].after if name in fields else getattr(unit, SLOTS[name])
    return value[:10] if isinstance(value, str) else ""
