"""What one row of a file says, in the registry's terms."""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final

from msgspec import UNSET, Struct

from cgr.core.errors import BadInput
from cgr.core.geometry import check
from cgr.core.importing.reading import Said
from cgr.core.localized import pick
from cgr.core.rows.dates import read_day
from cgr.core.rows.mapping import RowPoint
from cgr.core.texts import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cgr.core.records import Localized, OurAttribute, OurType, Value
    from cgr.core.rows.mapping import RowAttribute, RowMapping

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}(\.0+)?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_POINT: Final = struct.Struct("<BIdd")


class Row(Struct, frozen=True, gc=False):
    """One row as the file has it. `number`: as whoever opens the file sees it. `cells`: texts, in order of the columns.

    `wkb`: the geometry of a layer's feature, EPSG:4326.
    """

    number: int
    cells: tuple[str | None, ...]
    wkb: bytes | None = None


class RowSaid(Struct, frozen=True, gc=False):
    """What a row says; `said` as an organisation unit would. `cleared`: attributes whose cells are empty.

    `above`: what the cells say about the ancestors, from the top. `cells`: the row as it stands in the file.
    """

    number: int
    said: Said
    external_id: str | None
    wkb: bytes | None
    valid_from: str | None
    cleared: tuple[str, ...]
    above: tuple[str | None, ...]
    cells: tuple[str | None, ...] = ()


class CellProblem(BadInput):
    """A cell that can't be used; `column` and `value` are the file's own."""

    def __init__(self, code: str, message: str, next_step: str, *, column: str | None, value: str | None) -> None:
        """Keep where it stands."""
        super().__init__(message, code=code, next_step=next_step)
        self.column = column
        self.value = value


class RowReader:
    """Reads rows of one file into what they say about objects of one type."""

    def __init__(self, mapping: RowMapping, shape: OurType, columns: Sequence[str]) -> None:
        """Look up once where each column stands and how its cells are read."""
        self._mapping = mapping
        self._shape = shape
        self._width = len(columns)
        # What a mapping doesn't name stands behind the last column, where every row has nothing.
        self._place: dict[str | None, int] = {None: self._width}
        self._place |= {column: place for place, column in enumerate(columns)}
        self._labels = [*mapping.labels().items()]
        self._attributes = [(entry, _reading(entry, shape.attributes[entry.to])) for entry in mapping.attributes]

    def read(self, row: Row) -> RowSaid:
        """Read a row; raises CellProblem with the first cell that can't be used."""
        mapping, texts = self._mapping, self._texts(row)
        values: dict[str, Value] = {}
        cleared: list[str] = []
        for entry, read in self._attributes:
            text = texts[self._place[entry.source]]
            if text is None:
                cleared.append(entry.to)
                continue
            value, held = read(text), values.get(entry.to)
            # The languages of one text stand in several columns.
            values[entry.to] = {**held, **value} if isinstance(value, dict) and isinstance(held, dict) else value
        label: Localized = {
            language: text for language, column in self._labels if (text := texts[self._place[column]]) is not None
        }
        return RowSaid(
            number=row.number,
            said=Said(
                code=texts[self._place[mapping.code]],
                label=label or None,
                starts=self._day(texts, mapping.exists_start),
                ends=self._day(texts, mapping.exists_end) or UNSET,
                values=values,
            ),
            external_id=texts[self._place[mapping.external_id]],
            wkb=self._geometry(row, texts),
            valid_from=self._valid_from(texts),
            cleared=tuple(one for one in cleared if one not in values) if mapping.empty == "clear" else (),
            above=tuple([texts[self._place[parent.column]] for parent in mapping.parents]),
            cells=row.cells,
        )

    def _texts(self, row: Row) -> list[str | None]:
        texts = [normal(cell) for cell in row.cells[: self._width]]
        # A short line of a CSV file leaves its last cells out.
        return texts + [None] * (self._width + 1 - len(texts))

    def _day(self, texts: Sequence[str | None], column: str | None) -> str | None:
        text = texts[self._place[column]]
        if text is None or column is None:
            return None
        return _as_day(text, self._mapping.date_format, column)

    def _valid_from(self, texts: Sequence[str | None]) -> str | None:
        mapping = self._mapping
        own = self._day(texts, mapping.valid_from_column)
        if own is not None and mapping.valid_to is not None and own >= mapping.valid_to:
            raise _unfit(
                mapping.valid_from_column or "",
                own,
                f"is not before {mapping.valid_to}, on which the period ends",
                "Correct it, or import the row with another period.",
            )
        return own or mapping.valid_from

    def _geometry(self, row: Row, texts: Sequence[str | None]) -> bytes | None:
        asked = self._mapping.geometry
        if not asked:
            return None
        if not isinstance(asked, RowPoint):
            if row.wkb is not None and (problem := check(row.wkb, self._shape.geometry)):
                raise CellProblem(
                    "geometry-unsupported",
                    f"The geometry can't be kept: {problem}.",
                    "Correct it in the program that the file comes from.",
                    column=None,
                    value=None,
                )
            return row.wkb
        pair = texts[self._place[asked.longitude]], texts[self._place[asked.latitude]]
        if pair == (None, None):
            return None
        for column, text in zip((asked.longitude, asked.latitude), pair, strict=True):
            if text is None:
                raise _unfit(column, "", "is empty, and the other coordinate isn't", "Give both coordinates or none.")
        x, y = (
            float(_as_written(text or "", column, comma=asked.decimal_comma))
            for column, text in zip((asked.longitude, asked.latitude), pair, strict=True)
        )
        wkb = _POINT.pack(1, 1, x, y)
        if problem := check(wkb, self._shape.geometry):
            raise _unfit(
                asked.longitude, f"{texts[0]} {texts[1]}", f"is no place: {problem}", "Correct the coordinates."
            )
        return wkb


class _Terms:
    """The terms that the cells of one column may name: by the mapping's table, by code, by label."""

    def __init__(self, entry: RowAttribute, attribute: OurAttribute) -> None:
        self._column = entry.source
        self._declared = {_folded(said): term for said, term in (entry.terms or {}).items()}
        self._known = _terms_by_name(attribute)

    def find(self, text: str) -> str:
        """Give the term's code; raises CellProblem when no term, or more than one, is meant."""
        wanted = _folded(text)
        if wanted in self._declared:
            return self._declared[wanted]
        found = self._known.get(wanted, set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise _unfit(
                self._column,
                text,
                f"can mean the terms {', '.join(sorted(found))}",
                "Say in the mapping which.",
                code="term-unmapped",
            )
        raise _unfit(
            self._column, text, "is no term", "Say in the mapping which term it stands for.", code="term-unmapped"
        )


def says_a_term(text: str, attribute: OurAttribute) -> bool:
    """Say whether a cell names a term by itself, so that a mapping needn't say what it stands for."""
    return len(_terms_by_name(attribute).get(_folded(text), ())) == 1


def _terms_by_name(attribute: OurAttribute) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for code, label in (attribute.terms or {}).items():
        for name in {_folded(code), _folded(pick(label) or code)}:
            found.setdefault(name, set()).add(code)
    return found


def _folded(text: str) -> str:
    return (normal(text) or "").casefold()


def _as_day(text: str, form: str, column: str) -> str:
    day = read_day(text, form)
    if day is None:
        raise _unfit(
            column, text, f"is not a date written as {form}", "Correct it, or declare the format in the mapping."
        )
    return day


def _reading(entry: RowAttribute, attribute: OurAttribute) -> Callable[[str], Value]:
    """Give what reads the cells of an attribute's column."""
    if attribute.kind == "term":
        read: Callable[[str], Value] = _Terms(entry, attribute).find
    elif by_kind := _BY_KIND.get(attribute.kind):
        read = partial(by_kind, entry)
    else:
        return str
    # Few days, terms and words stand in the cells of one column.
    return lru_cache(maxsize=1024)(read) if attribute.kind in _FEW_VALUES else read


def _as_truth(text: str, entry: RowAttribute) -> bool:
    said = text.casefold()
    if said in {word.casefold() for word in entry.true}:
        return True
    if said in {word.casefold() for word in entry.false}:
        return False
    words = " or ".join((*entry.true, *entry.false))
    raise _unfit(entry.source, text, f"is none of {words}", "Correct it, or declare the word in the mapping.")


def _as_number(text: str, column: str, *, comma: bool) -> str:
    return format(Decimal(_as_written(text, column, comma=comma)), "f")


def _as_written(text: str, column: str, *, comma: bool) -> str:
    written = text.replace(",", ".") if comma else text
    if _NUMBER.fullmatch(written) is None:
        hint = "Write it like 12.5, or declare decimal_comma in the mapping."
        raise _unfit(column, text, "is not a number", hint)
    return written


def _as_whole(text: str, entry: RowAttribute) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise _unfit(entry.source, text, "is not a whole number", "Write digits only, like 12.")
    return int(text.partition(".")[0])


_BY_KIND: Final[dict[str, Callable[[RowAttribute, str], Value]]] = {
    "localized_text": lambda entry, text: {entry.language: text},
    "boolean": lambda entry, text: _as_truth(text, entry),
    "date": lambda entry, text: _as_day(text, entry.format, entry.source),
    "integer": lambda entry, text: _as_whole(text, entry),
    "decimal": lambda entry, text: _as_number(text, entry.source, comma=entry.decimal_comma),
}
"""Kind of an attribute → what reads its cells; all others hold the text as it is."""
_FEW_VALUES: Final = frozenset({"term", "boolean", "date"})


def _unfit(column: str, value: str, is_what: str, next_step: str, *, code: str = "value-unfit") -> CellProblem:
    return CellProblem(code, f'Column "{column}": "{value}" {is_what}.', next_step, column=column, value=value)
