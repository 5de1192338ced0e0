"""Imports and what they suggest in words, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN = 8


def import_words(document: dict[str, Any], *, preview: bool) -> Iterator[str]:
    """Show an import to a person."""
    run = document["run"]
    yield (f"Would import (preview {run}):" if run else "Would import:") if preview else f"Import {run}:"
    yield _counted("", document["counts"])
    for row in document["levels"]:
        where = f"level {row['level']}, {row['type']}:" if row["level"] else "outside of the tree:"
        yield _counted(f"{where:<28}", row["counts"])
    for note in document["notes"]:
        yield f"  {note['message']}"
    for problem in document["problems"][:_SHOWN]:
        yield f"  ! {problem['message']} {problem['next_step']}"
    if len(document["problems"]) > _SHOWN:
        yield f"  … and {len(document['problems']) - _SHOWN:,} more (--json shows all)"
    if document["counts"]["vanished"]:
        yield "  Vanished objects stay as they are; --json names them."


def _counted(where: str, counts: dict[str, int]) -> str:
    return (
        f"  {where}+ new {counts['new']:,}   ~ changed {counts['changed']:,}   = unchanged {counts['unchanged']:,}   "
        f"! conflict {counts['conflict']:,}   vanished {counts['vanished']:,}"
    )


def suggestion_words(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Show suggestions to a person, one a line: the unit, the best candidate, why, and what was answered."""
    for row in rows:
        best = row["candidates"][0]
        name = row["unit"]["name"] if row["unit"] else ""
        answered = f"   ({row['decision']})" if row["decision"] else ""
        yield (
            f'  {best["score"]:.2f}  "{name}" ({row["uid"]})  {best["object"]["type"]} "{best["object"]["code"]}"'
            f" — {best['reasons']}{answered}"
        )
