"""What happens to each unit of an import: counted per level, kept with the run, told in the form of contract.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import SEEK_END
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from weakref import finalize

import msgspec
from msgspec import Struct

from cgr.core.importing import Brief, Candidate, Imported, Outcome, Trouble
from cgr.core.rows import RowImported
from cgr.runs.items import Row, store_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.core.drafts import ObjectDraft
    from cgr.core.progress import Progress

_ROWS_AT_A_TIME = 2_000
_STEPS = 1_000
_MOST_LINES = 2_000_000
"""More than an import has, and small enough that a position fits its column."""

_LENGTH_BYTES = 8

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Row]).decode


class Suggestion(Struct, frozen=True):
    """A unit without an object, and the objects without an id that it resembles, the most alike first."""

    uid: str
    unit: Brief | None
    candidates: tuple[Candidate, ...]


def nothing() -> dict[str, int]:
    """Give the counts of an import that hasn't begun."""
    return {"new": 0, "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0}


class Spool:
    """The lines of a preview, put aside on disk for as long as somebody may want them back."""

    def __init__(self) -> None:
        """Begin a file without a name, which goes with this object."""
        self._file = TemporaryFile()  # noqa: SIM115 - it stays open for as long as this object is
        finalize(self, self._file.close)

    def write(self, rows: list[Row]) -> None:
        """Put lines aside."""
        packed = _pack(rows)
        self._file.seek(0, SEEK_END)
        self._file.write(len(packed).to_bytes(_LENGTH_BYTES))
        self._file.write(packed)

    def read(self) -> Iterator[Row]:
        """Give all lines back."""
        self._file.seek(0)
        while length := int.from_bytes(self._file.read(_LENGTH_BYTES)):
            yield from _unpack(self._file.read(length))


@dataclass
class Tally:
    """What an import does; `levels` by level, units without a place in the tree under None.

    `spool`: where lines go that no run stores.
    """

    run: int | None
    counts: dict[str, int] = field(default_factory=nothing)
    levels: dict[int | None, dict[str, int]] = field(default_factory=dict)
    problems: list[Trouble] = field(default_factory=list)
    spool: Spool = field(default_factory=Spool)

    def drafts(
        self, lines: Iterable[tuple[int | None, Imported | Trouble]], progress: Progress
    ) -> Iterator[ObjectDraft]:
        """Pass the drafts on to be written, counting and storing on the way."""
        rows: list[Row] = []
        for position, (level, line) in enumerate(lines):
            of_level = self.levels.get(level)
            if of_level is None:
                of_level = self.levels[level] = nothing()
            kind = line.kind.value if isinstance(line, Imported) else "conflict"
            self.counts[kind] = self.counts.get(kind, 0) + 1
            of_level[kind] = of_level.get(kind, 0) + 1
            if isinstance(line, Trouble):
                self.problems.append(line)
            if kind != Outcome.UNCHANGED:
                rows.append(_row(line, position, level or 0))
            if line.candidates:
                rows.append(_suggestion(line, position, level or 0))
            if isinstance(line, Imported) and line.draft is not None:
                yield line.draft
            progress.advance(1)
            if len(rows) >= _ROWS_AT_A_TIME:
                self._store(rows)
                rows = []
        self._store(rows)

    def _store(self, rows: list[Row]) -> None:
        if self.run is None:
            self.spool.write(rows)
        else:
            store_rows(self.run, rows)


def first_position(score: float) -> int:
    """Give where in a run the suggestions with this score begin: they stand in the order of their scores."""
    return round((1 - score) * _STEPS) * _MOST_LINES


def _row(line: Imported | Trouble, position: int, level: int) -> Row:
    body: Any = line
    kinds: tuple[str, ...] = ()
    if isinstance(line, Imported):
        body = {"kind": line.kind, "uid": line.uid, "object": line.object, "fields": line.fields}
        kinds = (line.kind.value,)
        if isinstance(line, RowImported):
            body["line"] = line.line
    return Row(
        category="change" if isinstance(line, Imported) else "problem",
        position=position,
        body=_encode(body).decode(),
        type=line.object.type if line.object else "",
        code=line.object.code if line.object else "",
        uid=line.uid,
        level=level,
        kinds=kinds,
    )


def _suggestion(line: Imported | Trouble, position: int, level: int) -> Row:
    best = line.candidates[0]
    suggestion = Suggestion(line.uid, line.unit, line.candidates)
    return Row(
        category="suggestion",
        position=first_position(best.score) + position,
        body=_encode(suggestion).decode(),
        type=best.object.type,
        code=best.object.code,
        uid=line.uid,
        level=level,
        kinds=("conflict" if isinstance(line, Trouble) else line.kind.value,),
    )
