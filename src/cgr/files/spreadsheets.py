"""Tables for people's spreadsheets, row by row in constant memory, in which no cell is ever a formula.

A name that begins with "=" would be carried out by whoever opens the file (OWASP: CSV injection). In XLSX a cell says
itself that it is text; in CSV an apostrophe goes before it, which spreadsheets take as "this is text".
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, BinaryIO, Final, cast
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.core.objects_table import Cell

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_BEGINS_A_FORMULA: Final = frozenset({"=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"})
_MOST_ROWS: Final = 1_048_576
_MOST_CHARACTERS: Final = 32_767
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_AS_IT_IS: Final = re.compile("[\x00-\x08\x0b-\x1f&<>\ud800-\udfff\ufffe\uffff]")
_ESCAPED: Final = {"\r": "&#13;"}
_WIDTH: Final = 22
_COMPRESSION: Final = 1
_MOST_BYTES: Final = 2_000_000_000
"""Of one sheet before it is packed: from 2 GiB on archives have another form, which Excel takes for damaged."""
_BOLD, _QUOTED = 1, 2
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARED: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BEFORE_ROWS: Final = (
    _DECLARED
    + f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
    ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="%d" width="%d" customWidth="1"/></cols><sheetData>'
).encode()
_STYLES: Final = (  # plain, the head, and text that begins like a formula
    f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill'
    ' patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
    '<left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0"'
    ' fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"'
    ' xfId="0"/><xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/><xf numFmtId="0"'
    ' fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs><cellStyles'
    ' count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def csv_lines(titles: Iterable[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Give CSV (RFC 4180) in UTF-8 with a byte order mark: without it Excel takes the bytes for another encoding."""
    writer = csv.writer(_Echo())
    yield codecs.BOM_UTF8 + writer.writerow(titles)
    for row in rows:
        yield writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell[:1] in _BEGINS_A_FORMULA else cell for cell in row]
        )


class _Echo:
    """A file that gives back what is written into it."""

    @staticmethod
    def write(text: str) -> bytes:
        return text.encode("utf-8", "replace")


def write_xlsx(titles: Iterable[str], rows: Iterable[Sequence[Cell]], stream: BinaryIO, *, sheet: str) -> None:
    """Write XLSX into a stream that is open for bytes; `sheet` as in `xlsx_pieces`."""
    stream.writelines(filter(None, xlsx_pieces(titles, rows, sheet=sheet)))


def xlsx_pieces(
    titles: Iterable[str], rows: Iterable[Sequence[Cell]], *, sheet: str, most_rows: int = _MOST_ROWS
) -> Iterator[bytes]:
    """Give XLSX (ECMA-376) while the rows are read, a piece for each row, many of them empty: packing holds some back.

    What doesn't fit one sheet goes on in the next; `sheet`: what the first is called. A text stands in its own cell,
    not in a list of all texts: that would have to be held, and be written first.
    """
    columns, left, names = list(titles), iter(rows), list[str]()
    letters = [_letters(number) for number in range(len(columns))]
    packed = _Packed()
    with ZipFile(cast("BinaryIO", packed), "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
        row = next(left, None)
        while row is not None or not names:
            names.append(f"{sheet} ({len(names) + 1})" if names else sheet)
            with archive.open(f"xl/worksheets/sheet{len(names)}.xml", "w") as part:
                filled, size = 1, part.write(_BEFORE_ROWS % (len(columns), _WIDTH) + _head(columns, letters))
                while row is not None and filled < most_rows and size < _MOST_BYTES:
                    filled += 1
                    size += part.write(_line(row, letters, filled))
                    yield packed.taken()
                    row = next(left, None)
                part.write(f'</sheetData><autoFilter ref="A1:{letters[-1]}{filled}"/></worksheet>'.encode())
        for path, text in _other_parts(names).items():
            archive.writestr(path, _DECLARED + text)
    yield packed.taken()


class _Packed:
    """What an archive is written into, and taken from bit by bit."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        return len(piece)

    def flush(self) -> None:
        """Do what archives ask for at their ends: nothing, it is taken anyway."""

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _letters(number: int) -> str:
    return (_letters(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)  # noqa: PLR2004 - letters


def _head(columns: Sequence[str], letters: Sequence[str]) -> bytes:
    cells = (_text(f'<c r="{letter}1" s="{_BOLD}"', title) for letter, title in zip(letters, columns, strict=True))
    return f"<row>{''.join(cells)}</row>".encode()


def _line(row: Sequence[Cell], letters: Sequence[str], number: int) -> bytes:
    cells = [f'<row r="{number}">']
    for letter, cell in zip(letters, row, strict=True):
        if not isinstance(cell, str):
            cells.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
        elif cell[:1] in _BEGINS_A_FORMULA:  # it stays text when somebody edits the cell
            cells.append(_text(f'<c r="{letter}{number}" s="{_QUOTED}"', cell))
        elif cell:
            cells.append(_text(f'<c r="{letter}{number}"', cell))
    cells.append("</row>")
    return "".join(cells).encode()


def _text(begun: str, text: str) -> str:
    """Give a cell that says itself that it is text."""
    if len(text) > _MOST_CHARACTERS:
        text = text[: _MOST_CHARACTERS - 1] + "…"
    if _NOT_AS_IT_IS.search(text):
        text = escape(_NOT_IN_XML.sub("\ufffd", text), _ESCAPED)
    return f'{begun} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _other_parts(sheets: Sequence[str]) -> dict[str, str]:
    """Give what makes a workbook of sheets, by path; their names are ours and short."""
    numbered = list(enumerate(map(escape, sheets), start=1))
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATED}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in numbered
    )
    typed = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n, _ in numbered
    )
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATED}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="styles" Type="{_RELATED}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_RELATED}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{typed}</Types>',
    }
