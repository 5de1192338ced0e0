"""Tables as text (CSV): encoding and delimiter are told from the content unless somebody says them."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from typing import TYPE_CHECKING, Final

from charset_normalizer import from_bytes

from cgr.core.rows import Row
from cgr.files.limits import MOST_CELL_CHARACTERS, MOST_COLUMNS, MOST_ROWS, too_large, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAMPLE: Final = 2**18
_DELIMITERS: Final = ",;\t|"
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_WESTERN: Final = "cp1252"
"""What Latin letters are in that aren't UTF-8: the likes of it differ in few letters, and only by guessing."""
_UTF_8: Final = frozenset({"utf-8", "utf-8-sig"})


def encoding_of(path: Path) -> str:
    """Tell how the text is encoded: by its mark, as UTF-8 if all of it is, else by what its letters are like."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        file.seek(0)
        if _is_utf_8(file):
            return "utf-8"
    best = from_bytes(head).best()
    if best is None or all(_is_latin(letter) for letter in set(str(best)) if letter.isalpha()):
        return _WESTERN
    return best.encoding


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _is_utf_8(file: io.BufferedReader) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_SAMPLE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def is_encoding(name: str) -> bool:
    """Say whether a text can be read as this: Python also knows some that are none of texts, or bear no damage."""
    try:
        io.TextIOWrapper(io.BytesIO(b"a"), encoding=name, errors="replace").read()
    except (LookupError, ValueError):
        return False
    return True


def is_delimiter(text: str) -> bool:
    """Say whether this can separate cells."""
    return len(text) == 1 and text not in '"\r\n\x00 '


def delimiter_of(path: Path, encoding: str) -> str:
    """Tell what separates the cells: what the lines at the beginning hold equally often."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(_SAMPLE)
    head = sample[: sample.rfind("\n") + 1] or sample
    counts = {one: _even(head, one) for one in _DELIMITERS}
    best = max(counts, key=lambda one: counts[one])
    return best if counts[best] else ","


def _even(sample: str, delimiter: str) -> int:
    """Say how many cells more than one nearly all rows have with this delimiter."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO(sample), delimiter=delimiter) if row][:200]
    except csv.Error:
        return 0
    if not widths or widths[0] == 1:
        return 0
    alike = sum(width == widths[0] for width in widths)
    return widths[0] - 1 if alike * 10 >= len(widths) * 9 else 0


def read_csv(path: Path, *, encoding: str, delimiter: str) -> Iterator[Row]:
    """Yield the rows, the header first, each with the line on which it begins. BadInput names the line.

    A byte that isn't of the encoding stops the reading: half of the file would be taken for something else.
    """
    try:
        with path.open(encoding=encoding, errors="strict", newline="") as file:
            csv.field_size_limit(MOST_CELL_CHARACTERS)
            reader = csv.reader(_without_nulls(file), delimiter=delimiter, strict=True)
            begins = 1
            for count, cells in enumerate(reader):
                if count > MOST_ROWS:
                    raise too_large(f"it has more than {MOST_ROWS:,} rows")
                if len(cells) > MOST_COLUMNS:
                    raise too_large(f"line {begins} has {len(cells):,} columns")
                if any(cell.strip() for cell in cells):
                    yield Row(begins, tuple(cells))
                begins = reader.line_num + 1
    except UnicodeDecodeError as error:
        line = _line_of_damage(path, encoding)
        raise unreadable(
            f"Line {line} holds a letter that isn't {encoding}: the file mixes encodings, or has another one.",
            "Save it as UTF-8, or say its encoding.",
        ) from error
    except csv.Error as error:
        raise unreadable(
            f"The line that begins at {begins} can't be read: {error}.", "Check the quotation marks there."
        ) from error


def _without_nulls(lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if "\x00" in line:
            raise unreadable(
                f"Line {number} holds a null character: this is no table, or it is damaged.", "Save it anew as CSV."
            )
        yield line


def _line_of_damage(path: Path, encoding: str) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8" if encoding in _UTF_8 else encoding)
            except UnicodeDecodeError:
                return number
    return 1
