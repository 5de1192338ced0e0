"""Workbooks (XLSX): the values that their cells show; formulas are never computed, macros never run."""

from __future__ import annotations

import zipfile
from datetime import datetime, time
from typing import TYPE_CHECKING, Final

from python_calamine import CalamineError, CalamineWorkbook

from cgr.core.rows import Row
from cgr.files.limits import MOST_COLUMNS, MOST_ROWS, too_large, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MACROS: Final = "vbaProject.bin"
_DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")
_HEAD: Final = 4_096


def check_workbook(path: Path, members: list[str]) -> None:
    """Refuse a workbook with macros, and one whose XML declares entities: those only serve to blow it up."""
    if any(name.endswith(_MACROS) for name in members):
        raise unreadable("The workbook holds macros.", "Save it as an ordinary workbook (.xlsx).")
    with zipfile.ZipFile(path) as archive:
        for name in members:
            if not name.endswith((".xml", ".rels")):
                continue
            with archive.open(name) as file:
                head = file.read(_HEAD)
            if any(one in head for one in _DECLARATIONS):
                raise unreadable(f"The workbook's part {name} declares entities.", "Save it anew with a spreadsheet.")


def sheets_of(path: Path) -> list[str]:
    """Give the names of the sheets, in order."""
    return list(_open(path).sheet_names)


def read_sheet(path: Path, sheet: str) -> Iterator[Row]:
    """Yield the rows of a sheet with anything in them, the header first, numbered as a spreadsheet shows them."""
    try:
        found = _open(path).get_sheet_by_name(sheet)
        if found.total_height > MOST_ROWS + 1:
            raise too_large(f'sheet "{sheet}" has {found.total_height:,} rows')
        if found.total_width > MOST_COLUMNS:
            raise too_large(f'sheet "{sheet}" has {found.total_width:,} columns')
        first = (found.start[0] if found.start else 0) + 1
        for number, cells in enumerate(found.to_python(skip_empty_area=True), start=first):
            texts = tuple(_text(cell) for cell in cells)
            if any(texts):
                yield Row(number, texts)
    except CalamineError as error:
        raise _damaged(error) from error


def _open(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(error) from error


def _damaged(error: Exception) -> Exception:
    return unreadable(f"The workbook can't be read: {error}.", "Save it anew with a spreadsheet, as .xlsx.")


def _text(cell: object) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(cell) if cell not in (None, "") else None
