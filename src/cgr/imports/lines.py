"""What happens to each unit of an import: counted per level, kept with the run, told in the form of contract.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from cgr.core.importing import Imported, Outcome, Trouble
from cgr.core.rows import RowImported
from cgr.runs.items import Row, store_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.core.drafts import ObjectDraft
    from cgr.core.progress import Progress

_ROWS_AT_A_TIME = 2_000
_encode = msgspec.json.Encoder().encode


def nothing() -> dict[str, int]:
    """Give the counts of an import that hasn't begun."""
    return {"new": 0, "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0}


@dataclass
class Tally:
    """What an import does; `levels` by level, units without a place in the tree under None.

    `kept`: the changes as JSON when there is no run to store them with.
    """

    run: int | None
    counts: dict[str, int] = field(default_factory=nothing)
    levels: dict[int | None, dict[str, int]] = field(default_factory=dict)
    problems: list[Trouble] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

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
            self.counts[kind] += 1
            of_level[kind] += 1
            if isinstance(line, Trouble):
                self.problems.append(line)
            if kind != Outcome.UNCHANGED:
                rows.append(_row(line, position, level or 0))
            if isinstance(line, Imported) and line.draft is not None:
                yield line.draft
            progress.advance(1)
            if len(rows) >= _ROWS_AT_A_TIME:
                self._store(rows)
                rows = []
        self._store(rows)

    def _store(self, rows: list[Row]) -> None:
        if self.run is None:
            self.kept += [row.body for row in rows if row.category == "change"]
        else:
            store_rows(self.run, rows)


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
