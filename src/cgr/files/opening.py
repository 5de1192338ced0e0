"""Open whatever table somebody brings: tell its kind from its content, then give columns and rows."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from cgr.core.texts import normal
from cgr.files import archives, texts, workbooks
from cgr.files.limits import MOST_BYTES, MOST_UNPACKED_BYTES, too_large, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.core.rows import Row

_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_SQLITE: Final = b"SQLite format 3\x00"
_GEOPACKAGE: Final = b"GPKG"
_GEOPACKAGE_AT: Final = 68
_GZIP: Final = b"\x1f\x8b"
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_HEAD: Final = 4_096
_PIECE: Final = 2**20
_OF_A_SHAPEFILE: Final = (".shp", ".dbf", ".shx", ".prj", ".cpg")
_FORMATS: Final = "Give CSV, XLSX, GeoJSON, GeoPackage, or a Shapefile in a ZIP archive."


@dataclass(frozen=True)
class Choice:
    """What somebody says about the file instead of having it told from the content."""

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Table:
    """An open table. `kind`: csv, xlsx, geojson, gpkg or shp. `sheets`: those there are to choose from, or layers.

    `encoding`, `delimiter`: what a text was read with. `has_geometry`: rows bring a geometry of their own.
    """

    kind: str
    columns: list[str]
    rows: Iterator[Row]
    sheets: list[str] = field(default_factory=list)
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    has_geometry: bool = False


def check_size(path: Path) -> None:
    """Refuse a file that isn't there, is empty or is larger than what is read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise unreadable(f"{path} can't be read: {error.strerror}.", "Check the path.") from error
    if size > MOST_BYTES:
        raise too_large(f"it has {size / 2**20:,.0f} MB, at most {MOST_BYTES // 2**20} are read")
    if size == 0:
        raise unreadable("The file is empty.", "Check that it is the right one.")


@contextmanager
def open_table(path: Path, choice: Choice | None = None) -> Iterator[Table]:
    """Open a file for as long as its rows are read. BadInput, with what to do, for what can't be or mustn't be read."""
    choice = choice or Choice()
    with tempfile.TemporaryDirectory(prefix="cgr-file-") as name:
        folder = Path(name)
        check_size(path)
        yield _open(path, choice, folder)


def _open(path: Path, choice: Choice, folder: Path) -> Table:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_GZIP):
        return _open(_unzipped(path, folder), choice, folder)
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        return _open_archive(path, choice, folder)
    if head.startswith(_SQLITE):
        if head[_GEOPACKAGE_AT : _GEOPACKAGE_AT + 4] != _GEOPACKAGE:
            raise unreadable("The file is a database, but no GeoPackage.", _FORMATS)
        return _open_layer(_ours(path, folder, "file.gpkg"), "gpkg", choice, folder)
    if head.startswith(_OLD_OFFICE):
        raise unreadable("The file is an old workbook (.xls), or protected by a password.", "Save it as .xlsx.")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _open_layer(_ours(path, folder, "file.geojson"), "geojson", choice, folder)
    return _open_text(path, choice)


def _open_text(path: Path, choice: Choice) -> Table:
    if choice.encoding and not texts.is_encoding(choice.encoding):
        raise unreadable(f'There is no encoding "{choice.encoding}".', "Say one like utf-8 or windows-1252.")
    if choice.delimiter and not texts.is_delimiter(choice.delimiter):
        raise unreadable(f'"{choice.delimiter}" can\'t separate cells.', "Say one character, like a comma or a tab.")
    encoding = choice.encoding or texts.encoding_of(path)
    delimiter = choice.delimiter or texts.delimiter_of(path, encoding)
    rows = texts.read_csv(path, encoding=encoding, delimiter=delimiter)
    columns = _header(rows)
    return Table("csv", columns, rows, encoding=encoding.removesuffix("-sig"), delimiter=delimiter)


def _open_archive(path: Path, choice: Choice, folder: Path) -> Table:
    members = archives.members_of(path)
    if "[Content_Types].xml" in members:
        if not any(name.startswith("xl/") for name in members):
            raise unreadable("The file is an Office document, but no workbook.", _FORMATS)
        workbooks.check_workbook(path, members)
        sheets = workbooks.sheets_of(path)
        sheet = _chosen(sheets, choice.sheet, "sheet")
        rows = workbooks.read_sheet(path, sheet)
        return Table("xlsx", _header(rows), rows, sheets=sheets, sheet=sheet)
    shapes = [name for name in members if name.lower().endswith(".shp") and "__MACOSX" not in name]
    if not shapes:
        raise unreadable("The archive holds no Shapefile and is no workbook.", _FORMATS)
    chosen = _chosen([PurePosixPath(name).stem for name in shapes], choice.sheet, "layer")
    shape = next(name for name in shapes if PurePosixPath(name).stem == chosen)
    stem = shape[: -len(".shp")].lower()
    parts = [name for name in members if name.lower() in {stem + suffix for suffix in _OF_A_SHAPEFILE}]
    if not any(name.lower().endswith(".dbf") for name in parts):
        raise unreadable(f"The Shapefile {chosen} has no .dbf, so no columns.", "Put all its files into the archive.")
    archives.unpack(path, parts, folder)
    for part in parts:
        unpacked = folder / PurePosixPath(part).name
        unpacked.rename(folder / f"file{unpacked.suffix.lower()}")
    table = _open_layer(folder / "file.shp", "shp", Choice(), folder)
    names = [PurePosixPath(name).stem for name in shapes]
    return Table("shp", table.columns, table.rows, sheets=names, sheet=chosen, has_geometry=table.has_geometry)


def _open_layer(path: Path, kind: str, choice: Choice, folder: Path) -> Table:
    from cgr.files import layers  # noqa: PLC0415 - GDAL takes 45 MB of memory, which tables can do without

    sheets = layers.layers_of(path)
    layer = _chosen(sheets, choice.sheet, "layer")
    described = layers.describe(path, kind, layer)
    rows = layers.read_layer(path, layer, described, folder=folder)
    has_geometry = described["geometry_type"] is not None
    return Table(kind, _header(rows), rows, sheets=sheets, sheet=layer, has_geometry=has_geometry)


def _chosen(there: list[str], asked: str | None, what: str) -> str:
    if not there:
        raise unreadable(f"The file has no {what}.", "Check that it is the right one.")
    if asked is None:
        return there[0]
    if asked not in there:
        raise unreadable(f'The file has no {what} "{asked}", it has: {", ".join(there[:20])}.', "Choose one of them.")
    return asked


def _header(rows: Iterator[Row]) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise unreadable("The file has no row at all.", "Check that it is the right one.")
    return [normal(cell) or "" for cell in first.cells]


def _ours(path: Path, folder: Path, name: str) -> Path:
    """Put the file under a name of ours: GDAL takes more than the content from a name."""
    into = folder / name
    shutil.copyfile(path, into)
    return into


def _unzipped(path: Path, folder: Path) -> Path:
    """Unpack a single compressed file, as far as is bearable."""
    into = folder / "unzipped"
    size = 0
    try:
        with gzip.open(path) as source, into.open("wb") as target:
            while piece := source.read(_PIECE):
                size += len(piece)
                if size > min(MOST_UNPACKED_BYTES, MOST_BYTES):
                    raise too_large(f"unpacked it has more than {MOST_BYTES // 2**20} MB")
                target.write(piece)
    except (OSError, EOFError) as error:
        raise unreadable(f"The compressed file is damaged: {error}.", "Make it anew and try again.") from error
    with into.open("rb") as file:
        if file.read(2) == _GZIP:
            raise unreadable("The compressed file holds another one.", "Unpack it once and give what it holds.")
    return into
