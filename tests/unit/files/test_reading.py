"""What is read from the kinds of files: kind, encoding, delimiter, sheets, numbers of lines, places in degrees."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest
import shapely
from pyogrio.raw import write

from cgr.core.errors import BadInput
from cgr.files import Choice, open_table

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        ("code,name\nF1,Ndèm\n".encode(), "utf-8", ","),
        ("code;name\nF1;Ndèm\n".encode("utf-8-sig"), "utf-8", ";"),
        ("code\tname\nF1\tNdèm\n".encode("utf-16"), "utf-16", "\t"),
        ("code|name\nF1|Ndèm, Est\n".encode(), "utf-8", "|"),
    ],
)
def test_encoding_and_delimiter_are_told_from_the_content(
    content: bytes, encoding: str, delimiter: str, tmp_path: Path
) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    with open_table(path) as table:
        assert (table.encoding, table.delimiter, table.columns) == (encoding, delimiter, ["code", "name"])
        assert [row.cells[1] for row in table.rows] == [content.decode(encoding).splitlines()[1].split(delimiter)[1]]


def test_a_western_text_that_is_not_utf_8_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "t"
    names = ["Hôpital général de Sédhiou", "Poste de santé Diourbel", "Centre médical Kébémer", "Clínica São João"]
    path.write_bytes(b"code;nom\n" + "".join(f"F{n};{name}\n" for n, name in enumerate(names)).encode("cp1252"))
    with open_table(path) as table:
        assert [row.cells[1] for row in table.rows] == names


def test_lines_are_numbered_as_an_editor_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text('code,name\nF1,"two\nlines"\n\nF2,b\n')
    with open_table(path) as table:
        assert [(row.number, row.cells[0]) for row in table.rows] == [(2, "F1"), (5, "F2")]


def test_a_workbook_gives_what_its_cells_show_numbered_as_a_spreadsheet_does(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    sheet = book.create_sheet("Sites")
    sheet["A3"], sheet["B3"], sheet["C3"], sheet["D3"] = "code", "beds", "opened", "works"
    sheet["A5"], sheet["B5"], sheet["C5"], sheet["D5"] = "F1", 12, date(2001, 2, 3), True
    path = tmp_path / "t"
    book.save(path)
    with open_table(path, Choice(sheet="Sites")) as table:
        assert (table.kind, table.sheets, table.columns) == (
            "xlsx",
            ["Notes", "Sites"],
            ["code", "beds", "opened", "works"],
        )
        assert [(row.number, row.cells) for row in table.rows] == [(5, ("F1", "12", "2001-02-03", "true"))]
    with pytest.raises(BadInput, match="no sheet"), open_table(path, Choice(sheet="Other")):
        pass


@pytest.mark.parametrize(("name", "driver"), [("t.gpkg", "GPKG"), ("t.shp", "ESRI Shapefile")])
def test_other_coordinate_systems_are_turned_into_degrees(name: str, driver: str, tmp_path: Path) -> None:
    place = np.array([shapely.to_wkb(shapely.Point(500_000, 8_300_000))], dtype=object)
    write(
        tmp_path / name,
        place,
        [np.array(["x"], dtype=object)],
        ["code"],
        driver=driver,
        geometry_type="Point",
        crs="EPSG:32735",
    )
    path = tmp_path / name
    if name.endswith("shp"):
        path = tmp_path / "t.zip"
        with zipfile.ZipFile(path, "w") as out:
            for part in ("shp", "shx", "dbf", "prj"):
                out.write(tmp_path / f"t.{part}", f"folder/T.{part.upper()}")
    with open_table(path) as table:
        (row,) = table.rows
    point = shapely.from_wkb(row.wkb)
    assert (row.number, row.cells) == (1, ("x",))
    assert (point.x, round(point.y, 3)) == (pytest.approx(27.0), -15.377)


def test_a_shapefile_that_does_not_say_where_it_is_is_refused(tmp_path: Path) -> None:
    place = np.array([shapely.to_wkb(shapely.Point(1, 2))], dtype=object)
    write(
        tmp_path / "t.shp",
        place,
        [np.array(["x"], dtype=object)],
        ["code"],
        driver="ESRI Shapefile",
        geometry_type="Point",
        crs="EPSG:4326",
    )
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as out:
        for part in ("shp", "dbf"):
            out.write(tmp_path / f"t.{part}", f"t.{part}")
    with pytest.raises(BadInput, match=r"needs its \.prj"), open_table(tmp_path / "t.zip"):
        pass


def test_a_geojson_says_its_properties_and_its_shape(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"code": "F1"}, "geometry": {"type": "Point", "coordinates": [1.5, 2]}}
    path = tmp_path / "t"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with open_table(path) as table:
        assert (table.kind, table.has_geometry) == ("geojson", True)
        (row,) = table.rows
        assert shapely.from_wkb(row.wkb) == shapely.Point(1.5, 2)
