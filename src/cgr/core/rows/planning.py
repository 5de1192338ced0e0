"""Decide what importing each row of a file would do: new, changed, unchanged, or a problem that names line and cell.

Every row comes out exactly once: rows in are rows imported and rows reported. Rows find their objects by code or by
external id, as the mapping says, and never by name (R5.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from cgr.core.changes import FieldChange, ObjectRef
from cgr.core.draft_rules import Definitions, checked
from cgr.core.drafts import ObjectDraft, Period
from cgr.core.errors import BadInput
from cgr.core.geometry import to_geojson
from cgr.core.importing.comparing import differences, everything
from cgr.core.importing.drafting import existence, writing
from cgr.core.importing.planning import Imported, Outcome
from cgr.core.importing.settings import ATTRIBUTE_PREFIX
from cgr.core.importing.troubles import Trouble
from cgr.core.rows.reading import CellProblem, Row, RowReader, RowSaid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cgr.core.records import OurObject, OurType
    from cgr.core.rows.mapping import RowMapping
    from cgr.core.rows.parents import Ancestor, ParentFinder


_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(RowSaid).decode
"""Rows are held packed: each of them as records and texts takes ten times the memory."""


class RowImported(Imported, frozen=True, kw_only=True, gc=False):
    """A row that can be imported; `line`: its number in the file."""

    line: int


class RowTrouble(Trouble, frozen=True, kw_only=True):
    """A row that isn't imported: where it stands, what the cell in question holds, and all of its cells."""

    line: int
    column: str | None = None
    value: str | None = None
    row: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class RowSituation:
    """What is known before the first row. `lives`: all periods of existence, by key, of objects that have several."""

    shape: OurType
    definitions: Definitions
    system: str | None
    today: str
    lives: Mapping[int, list[Period]]
    parents: ParentFinder
    parents_in: str | None


class RowPlanner:
    """Plans the rows of one file."""

    def __init__(self, mapping: RowMapping, situation: RowSituation, columns: Sequence[str]) -> None:
        """Make ready for rows with these columns."""
        self._mapping = mapping
        self._situation = situation
        self._reader = RowReader(mapping, situation.shape, columns)
        self._codes: dict[str, int | str] = {}
        self._ids: dict[str, str] = {}

    def plan(self, rows: Iterable[Row], objects: Iterable[OurObject]) -> Iterator[RowImported | RowTrouble]:
        """Plan each row. `objects`: all of the type, streamed; rows are held meanwhile, by what finds their objects."""
        waiting: dict[str, bytes] = {}
        yield from self._sorted_out(rows, waiting)
        found: list[tuple[bytes, OurObject]] = []
        for known in objects:
            self._codes[known.code] = known.key
            if known.external_id is not None:
                self._ids[known.external_id] = known.code
            own = known.code if self._mapping.match == "code" else known.external_id
            held = waiting.pop(own, None) if own is not None else None
            if held is None:
                continue
            row_said = _unpacked(held)
            if self._mapping.match == "code" and row_said.external_id in {None, known.external_id}:
                yield self._plan(row_said, known)  # no other object can stand against it
            else:
                found.append((held, known))
        for held, known_object in found:
            yield self._plan(_unpacked(held), known_object)
        for held in waiting.values():
            yield self._plan(_unpacked(held), None)

    def _sorted_out(self, rows: Iterable[Row], waiting: dict[str, bytes]) -> Iterator[RowTrouble]:
        """Hold what each row says by what finds its object; give the rows that say too little, or say it twice."""
        several: set[str] = set()
        for row in rows:
            read = self._read(row)
            if isinstance(read, RowTrouble):
                yield read
            elif (key := self._key(read)) is None:
                yield self._without_key(read)
            elif key in waiting:
                several.add(key)
                yield self._again(read, key, _unpacked(waiting[key]))
            else:
                waiting[key] = _packed(read)
        for key in several:
            yield self._again(_unpacked(waiting.pop(key)), key, None)

    def _read(self, row: Row) -> RowSaid | RowTrouble:
        try:
            return self._reader.read(row)
        except BadInput as problem:
            return _trouble(row, "", None, problem)

    def _key(self, row: RowSaid) -> str | None:
        return row.said.code if self._mapping.match == "code" else row.external_id

    def _without_key(self, row: RowSaid) -> RowTrouble:
        column = self._mapping.code if self._mapping.match == "code" else self._mapping.external_id
        what = "code" if self._mapping.match == "code" else "external id"
        problem = CellProblem(
            "required-missing",
            f'Column "{column}" is empty: nothing says which object the row is about.',
            f"Give every row its {what}.",
            column=column,
            value=None,
        )
        return _trouble(row, row.external_id or "", None, problem)

    def _again(self, row: RowSaid, key: str, first: RowSaid | None) -> RowTrouble:
        column = self._mapping.code if self._mapping.match == "code" else self._mapping.external_id
        where = f"as in line {first.number}" if first is not None else "as in other lines of the file"
        problem = CellProblem(
            "duplicate-row",
            f'Column "{column}": "{key}" stands here {where}; which of them is right can\'t be told.',
            "Leave one of them in the file.",
            column=column,
            value=key,
        )
        return _trouble(row, row.external_id or "", None, problem)

    def _plan(self, row: RowSaid, known: OurObject | None) -> RowImported | RowTrouble:
        ref = ObjectRef(known.type, known.code) if known else None
        try:
            self._check(row, known)
            line = self._compared(row, known, self._situation.parents.find(row))
        except BadInput as problem:
            return _trouble(row, row.external_id or "", ref, problem)
        self._codes.setdefault(line.object.code, row.number)
        if row.external_id is not None:
            self._ids.setdefault(row.external_id, line.object.code)
        return line

    def _check(self, row: RowSaid, known: OurObject | None) -> None:
        """Refuse what would clash with another object, and what the strategy leaves out."""
        mapping, code = self._mapping, row.said.code
        if known is not None and mapping.strategy == "new_only":
            raise CellProblem(
                "not-wanted",
                f'The registry has "{known.code}" already, and only new objects are asked for.',
                "Choose another strategy if it shall be changed.",
                column=mapping.code,
                value=code,
            )
        if known is None and mapping.strategy == "update_only":
            raise CellProblem(
                "not-wanted",
                f'The registry has no "{code or row.external_id}", and only existing objects are to be changed.',
                "Choose another strategy if it shall be made.",
                column=mapping.code,
                value=code,
            )
        if known is None and code is None:
            raise CellProblem(
                "required-missing", "A new object needs a code.", "Give it one.", column=mapping.code, value=None
            )
        if code is not None and (known is None or known.code != code) and code in self._codes:
            raise CellProblem(
                "code-taken",
                f'Column "{mapping.code}": another object has the code "{code}".',
                "If they are the same place, give that object the external id; else change one of the codes.",
                column=mapping.code,
                value=code,
            )
        self._check_id(row, known)

    def _check_id(self, row: RowSaid, known: OurObject | None) -> None:
        given = row.external_id
        if given is None or (known is not None and known.external_id == given):
            return
        if known is not None and known.external_id is not None:
            raise CellProblem(
                "duplicate-external-id",
                f'"{known.code}" has the external id {known.external_id}, the file says {given}.',
                "Correct the file, or change the id on the object's page first.",
                column=self._mapping.external_id,
                value=given,
            )
        if given in self._ids:
            raise CellProblem(
                "duplicate-external-id",
                f'The external id {given} belongs to "{self._ids[given]}".',
                "Take the external id from the object that has it wrongly.",
                column=self._mapping.external_id,
                value=given,
            )

    def _compared(self, row: RowSaid, known: OurObject | None, parent: Ancestor | None) -> RowImported:
        shape, said = self._situation.shape, row.said
        code = said.code or (known.code if known else "")
        fields = differences(said, known, shape) if known else everything(said, code)
        if known is not None and "code" not in fields:
            code = known.code
        if known is not None:
            for name in row.cleared:
                if (held := known.values.get(name)) is not None:
                    fields[f"{ATTRIBUTE_PREFIX}{name}"] = FieldChange(held, None)
        if parent is not None and (known is None or known.parents != (parent.key,)):
            fields["parent"] = FieldChange(self._situation.parents.words(known), parent.code)
        if row.wkb is not None and (known is None or known.geometry != row.wkb):
            before = to_geojson(known.geometry) if known and known.geometry else None
            fields["geometry"] = FieldChange(before, to_geojson(row.wkb))
        if row.external_id is not None and (known is None or known.external_id is None):
            fields["external_id"] = FieldChange(None, row.external_id)
        ref = ObjectRef(shape.code, code)
        uid = row.external_id or (known.external_id if known else None) or ""
        if known is not None and not fields:
            return RowImported(Outcome.UNCHANGED, uid, ref, line=row.number)
        draft = checked(self._draft(row, known, fields, ref, parent), self._situation.definitions)
        return RowImported(Outcome.CHANGED if known else Outcome.NEW, uid, ref, fields, draft, line=row.number)

    def _draft(
        self,
        row: RowSaid,
        known: OurObject | None,
        fields: Mapping[str, FieldChange],
        ref: ObjectRef,
        parent: Ancestor | None,
    ) -> ObjectDraft:
        situation = self._situation
        write = writing(known, start=row.valid_from, until=self._mapping.valid_to, today=situation.today)
        hangs = parent is not None and "parent" in fields and situation.parents_in is not None
        return ObjectDraft(
            key=known.key if known else None,
            type=ref.type,
            code=ref.code,
            line=row.number,
            label=write(fields["label"].after) if "label" in fields else UNSET,
            exists=existence(known, fields, situation.lives.get(known.key, []) if known else ()),
            values={
                name.removeprefix(ATTRIBUTE_PREFIX): write(change.after)
                for name, change in fields.items()
                if name.startswith(ATTRIBUTE_PREFIX)
            },
            geometry=write(row.wkb) if "geometry" in fields else UNSET,
            parents={situation.parents_in or "": write(parent.key)} if hangs and parent is not None else {},
            external_ids={situation.system: row.external_id} if "external_id" in fields and situation.system else {},
        )


def _trouble(row: Row | RowSaid, uid: str, ref: ObjectRef | None, problem: BadInput) -> RowTrouble:
    cell = problem if isinstance(problem, CellProblem) else None
    return RowTrouble(
        problem.code if cell else "value-unfit",
        uid,
        ref,
        f"Line {row.number}: {problem.message}",
        problem.next_step,
        line=row.number,
        column=cell.column if cell else None,
        value=cell.value if cell else None,
        row=row.cells,
    )
