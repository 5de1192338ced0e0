"""Tables for people's spreadsheets, row by row in constant memory, in which no cell is ever a formula.

A name that begins with "=" would be carried out by whoever opens the file (OWASP: CSV injection). In XLSX a cell says
itself that it is text; in CSV an apostrophe goes before it, which spreadsheets take as "this is text".
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openpyxl.cell.cell import Cell as XlsxCell

    from cgr.core.objects_table import Cell

_BEGINS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_MOST_ROWS: Final = 1_048_576
_MOST_CHARACTERS: Final = 32_767
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDTH: Final = 22


def csv_lines(titles: Iterable[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Give CSV (RFC 4180) in UTF-8 with a byte order mark: without it Excel takes the bytes for another encoding."""
    writer = csv.writer(_Echo())
    yield codecs.BOM_UTF8 + writer.writerow(titles)
    for row in rows:
        yield writer.writerow([_inert(cell) for cell in row])


class _Echo:
    """A file that gives back what is written into it."""

    @staticmethod
    def write(text: str) -> bytes:
        return text.encode("utf-8", "replace")


def _inert(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_BEGINS_A_FORMULA) else cell


def write_xlsx(
    titles: Iterable[str], rows: Iterable[Sequence[Cell]], stream: BinaryIO, *, sheet: str, most_rows: int = _MOST_ROWS
) -> None:
    """Write XLSX; what doesn't fit one sheet goes on in the next. `sheet`: what the first is called."""
    workbook = Workbook(write_only=True)
    columns = list(titles)
    page = _new_page(workbook, sheet, columns)
    filled, pages = 1, 1
    for row in rows:
        if filled == most_rows:
            _finish_page(page, columns, filled)
            filled, pages = 1, pages + 1
            page = _new_page(workbook, f"{sheet} ({pages})", columns)
        page.append([_text(page, cell) if isinstance(cell, str) else cell for cell in row])
        filled += 1
    _finish_page(page, columns, filled)
    workbook.save(stream)


def _new_page(workbook: Workbook, title: str, columns: Sequence[str]) -> Any:  # noqa: ANN401 - openpyxl's stubs lack what its write-only sheet has
    page = workbook.create_sheet(title)
    page.freeze_panes = "A2"
    for number in range(1, len(columns) + 1):
        page.column_dimensions[get_column_letter(number)].width = _WIDTH
    bold = Font(bold=True)
    head = [WriteOnlyCell(page, title) for title in columns]
    for cell in head:
        cell.font = bold
    page.append(head)
    return page


def _finish_page(page: Any, columns: Sequence[str], filled: int) -> None:  # noqa: ANN401 - the same
    page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{filled}"


def _text(page: Any, text: str) -> XlsxCell | str | None:  # noqa: ANN401 - the same
    """Give what openpyxl writes as text: the bare one where it can't take it for anything else, which is faster."""
    if not text:
        return None
    clean = _NOT_IN_XML.sub("\ufffd", text)
    if len(clean) > _MOST_CHARACTERS:
        clean = clean[: _MOST_CHARACTERS - 1] + "…"
    if not clean.startswith((*_BEGINS_A_FORMULA, "#")):
        return clean
    cell = WriteOnlyCell(page, clean)
    cell.data_type = "s"  # openpyxl makes a formula of "=…" and an error of "#N/A"
    if clean.startswith(_BEGINS_A_FORMULA):
        cell.quotePrefix = True  # it stays text when somebody edits the cell
    return cell
