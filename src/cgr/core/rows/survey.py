"""What is worth knowing about a file as a whole, though each of its rows may be imported: counted as the rows pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.core.localized import DEFAULT
from cgr.core.rows.mapping import RowPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.core.records import OurType
    from cgr.core.rows.mapping import RowMapping
    from cgr.core.rows.reading import Row

_LINES = 5
_LONG = 50
_COARSE = 2
_APOSTROPHE = "\u2019"


class Survey:
    """Counts what a person would want to look at. Memory: some numbers for each row, none of its texts."""

    def __init__(self, mapping: RowMapping, shape: OurType, columns: Sequence[str]) -> None:
        """Look up where the columns stand."""
        place = {column: at for at, column in enumerate(columns)}
        labels = mapping.labels()
        label = labels.get(DEFAULT) or next(iter(labels.values()), None)
        self._code = place.get(mapping.code or "")
        self._label = place.get(label or "")
        self._parents = [place[entry.column] for entry in mapping.parents]
        point = mapping.geometry if isinstance(mapping.geometry, RowPoint) else None
        self._pair = (place[point.longitude], place[point.latitude]) if point else None
        self._mark = "," if point and point.decimal_comma else "."
        self._of_layer = mapping.geometry is True
        self._attributes = [
            (entry.source, place[entry.source], shape.attributes[entry.to].kind == "term")
            for entry in mapping.attributes
        ]
        self._width = len(columns)
        self._counts: dict[str, int] = {}
        self._first: dict[str, list[int]] = {}
        self._seen: dict[str, set[int]] = {}
        self._spellings: dict[str, dict[str, set[str]]] = {}
        self._names: dict[int, int] = {}
        self._several_names: set[int] = set()

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on and look at each."""
        for row in rows:
            self._add(row)
            yield row

    def _add(self, row: Row) -> None:
        # A short line of a CSV file leaves its last cells out.
        cells = [cell or "" for cell in row.cells] + [""] * (self._width - len(row.cells))
        others = cells if self._code is None else cells[: self._code] + cells[self._code + 1 :]
        self._again("identical", row.number, (row.wkb, *others))
        if self._label is not None:
            self._look_at_name(row.number, cells[self._label], tuple(cells[at] for at in self._parents))
        if self._pair:
            self._look_at_place(row.number, *(cells[at].strip() for at in self._pair))
        elif self._of_layer and row.wkb is None:
            self._note("no-point", row.number)
        for column, at, is_term in self._attributes:
            text = cells[at].strip()
            if not text:
                self._note(f"empty:{column}", row.number)
            elif is_term:
                self._spellings.setdefault(column, {}).setdefault(text.casefold(), set()).add(text)

    def notes(self) -> list[tuple[str, str]]:
        """Give (code, message), each with how many rows and the first of their lines."""
        found = []
        for key, count in self._counts.items():
            code, _, column = key.partition(":")
            lines = ", ".join(map(str, self._first[key]))
            words = _WORDS[code][count > 1].format(column=column)
            message = f"{count:,} {words} (line {lines}{', …' if count > _LINES else ''})."
            found.append((_CODES[code], message))
        for column, groups in self._spellings.items():
            if several := [spellings for spellings in groups.values() if len(spellings) > 1]:
                example = ", ".join(f'"{text}"' for text in sorted(several[0]))
                count = len(several)
                found.append(
                    (
                        "spelling",
                        f'{count:,} values of "{column}" differ only by case, like {example}.'
                        if count > 1
                        else f'A value of "{column}" is written in several ways that differ only by case: {example}.',
                    )
                )
        if several_names := len(self._several_names):
            found.append(
                (
                    "name-case",
                    f"{several_names:,} groups of names differ only by case."
                    if several_names > 1
                    else "A name is written in several ways that differ only by case.",
                )
            )
        return found

    def counts(self) -> dict[str, int]:
        """Give the counts by what was counted, for tests and pages."""
        spelled = {
            f"spelling:{column}": sum(len(texts) > 1 for texts in groups.values())
            for column, groups in self._spellings.items()
        }
        return {**self._counts, **spelled, "case": len(self._several_names)}

    def _look_at_name(self, line: int, name: str, above: tuple[str, ...]) -> None:
        self._again("name", line, (above, name))
        if len(above) > 1:
            self._again("name-above", line, (above[:1], name))
        folded, written = hash((above, name.casefold())), hash(name)
        if self._names.setdefault(folded, written) != written:
            self._several_names.add(folded)
        if "\u00a0" in name:
            self._note("no-break", line)
        if "  " in name:
            self._note("double-blank", line)
        if len(name) > _LONG:
            self._note("long", line)
        if _APOSTROPHE in name:
            self._note("apostrophe", line)

    def _look_at_place(self, line: int, x: str, y: str) -> None:
        if not (x and y):
            self._note("no-point", line)
            return
        if all(_is_coarse(text, self._mark) for text in (x, y)):
            self._note("coarse", line)
        zero = [not text.strip("0-+.,") for text in (x, y)]
        if any(zero):
            self._note("zero", line)
        self._again("same-point", line, (x, y))

    def _again(self, what: str, line: int, content: Any) -> None:  # noqa: ANN401 - anything that can be compared
        seen = self._seen.setdefault(what, set())
        key = hash(content)
        if key in seen:
            self._note(what, line)
        seen.add(key)

    def _note(self, what: str, line: int) -> None:
        self._counts[what] = self._counts.get(what, 0) + 1
        first = self._first.setdefault(what, [])
        if len(first) < _LINES:
            first.append(line)


def _is_coarse(text: str, sign: str) -> bool:
    digits = text.partition(sign)[2].rstrip("0")
    return "e" not in text.lower() and len(digits) <= _COARSE


_WORDS = {
    "identical": ("row says the same as one before it", "rows say the same as one before them"),
    "name": (
        "row has the name of one before it with the same parent",
        "rows have the name of one before them with the same parent",
    ),
    "name-above": (
        "row has the name of one before it within the same topmost ancestor",
        "rows have the name of one before them within the same topmost ancestor",
    ),
    "no-break": ("name holds a no-break space", "names hold a no-break space"),
    "double-blank": ("name holds two blanks in a row", "names hold two blanks in a row"),
    "long": (
        "name is longer than 50 characters, DHIS2's limit for short names",
        "names are longer than 50 characters, DHIS2's limit for short names",
    ),
    "apostrophe": ("name holds a typographic apostrophe", "names hold a typographic apostrophe"),
    "no-point": ("row has no coordinates or geometry", "rows have no coordinates or geometry"),
    "coarse": (
        "point has at most two decimals in both coordinates, about a kilometre",
        "points have at most two decimals in both coordinates, about a kilometre",
    ),
    "zero": ("point has a coordinate that is exactly 0", "points have a coordinate that is exactly 0"),
    "same-point": ("row has the point of one before it", "rows have the point of one before them"),
    "empty": ('row has nothing in "{column}"', 'rows have nothing in "{column}"'),
}
"""Of one and of several."""
_CODES = {
    "identical": "rows-identical",
    "name": "name-repeated",
    "name-above": "name-repeated-above",
    "no-break": "no-break-space",
    "double-blank": "double-blank",
    "long": "name-long",
    "apostrophe": "typographic-apostrophe",
    "no-point": "no-coordinates",
    "coarse": "coordinates-coarse",
    "zero": "coordinate-zero",
    "same-point": "point-shared",
    "empty": "cells-empty",
}
