"""Files that mean harm, or are damaged, are refused in words, and nothing of them is left on the disk."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import openpyxl
import pytest

from cgr.core.errors import BadInput
from cgr.files import Choice, limits, open_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return buffer.getvalue()


def workbook(**extra: bytes) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["code", "beds"])
    book.active.append(["F1", "=1+1"])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer, "a") as out:
        for name, content in extra.items():
            out.writestr(name, content)
    return buffer.getvalue()


def with_dimension(reference: str) -> bytes:
    """A workbook that says it reaches to a cell far away."""
    source = zipfile.ZipFile(io.BytesIO(workbook()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b'r="A2"', f'r="A{reference}"'.encode()).replace(
                    b'row r="2"', f'row r="{reference}"'.encode()
                )
            out.writestr(name, content)
    return buffer.getvalue()


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "boom">]><a>&b;</a>'
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip-bomb": (lambda: archive(**{"a.shp": b"\0" * (64 * 2**20)}), "would unpack to"),
    "nested-zip": (lambda: archive(**{"inner.zip": archive(a=b"x")}), "holds another archive"),
    "path-traversal": (lambda: archive(**{"../../etc/passwd": b"x"}), "leads out of it"),
    "absolute-path": (lambda: archive(**{"/etc/passwd": b"x"}), "leads out of it"),
    "damaged-zip": (lambda: archive(a=b"x")[:20], "damaged"),
    "other-archive": (lambda: archive(**{"a.txt": b"x"}), "no Shapefile and is no workbook"),
    "other-office-document": (lambda: archive(**{"[Content_Types].xml": b"", "word/document.xml": b""}), "no workbook"),
    "macros": (lambda: workbook(**{"xl/vbaProject.bin": b"x"}), "holds macros"),
    "xml-entities": (lambda: workbook(**{"xl/evil.xml": ENTITIES}), "declares entities"),
    "billion-rows": (lambda: with_dimension("1048576"), "rows"),
    "old-workbook": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "old workbook"),
    "null-bytes": (lambda: b"code,name\nF1,\x00\x00\nF2,b\n", "Line 2 holds a null character"),
    "broken-quotes": (lambda: b'code,name\nF1,"a\nF2,b"c\n', "can't be read"),
    "empty": (lambda: b"", "empty"),
    "only-blank-lines": (lambda: b"\n\n ,\n", "no row at all"),
    "huge-cell": (lambda: b"code,name\nF1," + b"x" * 200_000 + b"\n", "can't be read"),
    "too-many-columns": (lambda: b",".join(b"c%d" % one for one in range(5_000)) + b"\n", "columns"),
    "gzip-in-gzip": (lambda: gzip.compress(gzip.compress(b"code\nF1\n")), "holds another one"),
    "damaged-gzip": (lambda: gzip.compress(b"code\nF1\n" * 999)[:-9], "damaged"),
    "gzip-bomb": (lambda: gzip.compress(b"\0" * (limits.MOST_BYTES + 2**20)), "unpacked it has more than"),
    "json-of-something-else": (lambda: b'{"type": "Topology"}', "read"),
    "shapefile-without-dbf": (lambda: archive(**{"a.shp": b"x", "a.shx": b"x"}), "has no .dbf"),
    "broken-shapefile": (lambda: archive(**{"a.shp": b"x", "a.dbf": b"x", "a.prj": b"x"}), "can't be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_damaged_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    make, said = HOSTILE[name]
    path = tmp_path / "given.csv"  # what it calls itself is not believed
    path.write_bytes(make())
    with pytest.raises(BadInput, match=said) as refused, open_table(path) as table:
        list(table.rows)
    assert refused.value.code == "bad-file"
    assert refused.value.next_step


def test_a_file_of_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(BadInput, match="at most 200"), open_table(path):
        pass


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "given.gpkg"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table secrets (a)")
    with pytest.raises(BadInput, match="no GeoPackage"), open_table(path):
        pass


def test_formulas_are_never_computed(tmp_path: Path) -> None:
    path = tmp_path / "given.xlsx"
    path.write_bytes(workbook())
    with open_table(path) as table:
        assert [(row.number, row.cells[0]) for row in table.rows] == [(2, "F1")]


def test_mixed_encodings_are_told_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_bytes("code,name\nF1,Kédougou\n".encode() + "F2,Sédhiou\n".encode("latin-1"))
    with pytest.raises(BadInput, match="Line 3"), open_table(path, Choice(encoding="utf-8")) as table:
        list(table.rows)


@pytest.mark.parametrize(
    ("choice", "said"),
    [(Choice(encoding=one), "no encoding") for one in ("nothing", "hex", "idna", "undefined", "a\x00b")]
    + [(Choice(encoding="utf-8", delimiter=one), "can't separate") for one in ("ab", '"', "\n")],
)
def test_how_a_text_cannot_be_read_is_said(choice: Choice, said: str, tmp_path: Path) -> None:
    path = tmp_path / "given.csv"
    path.write_bytes(b"code,name\nF1,a\n")
    with pytest.raises(BadInput, match=said), open_table(path, choice):
        pass


def test_a_file_never_makes_anything_ask_the_network(tmp_path: Path) -> None:
    path = tmp_path / "given.geojson"
    path.write_bytes(
        b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/vsicurl/http://127.0.0.1:9/x</SrcDataSource>'
    )
    with open_table(path) as table:  # it is taken for what its content is, a text
        assert table.kind == "csv"
