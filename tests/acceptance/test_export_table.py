"""Geo-Objects as a table of one day: what a spreadsheet and a map are given, and what they may not do with it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import msgspec
import pyogrio
import pytest
from openpyxl import load_workbook

from cgr.accounts.actors import local_operator
from cgr.cli import main
from cgr.configuration.applying import apply as apply_configuration
from cgr.core.definitions import AttributeDefinition, TypeDefinition
from cgr.core.geometry import from_geojson
from cgr.core.rows import parse_row_mapping
from cgr.imports.files import FileRequest, import_file
from cgr.project import wiring
from cgr.registry.actions import apply_objects, save_type

from .test_import_file import CONFIGURATION, PLACES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.django_db
MINE = {
    "type": "facility",
    "code": "F9",
    "label": {"default": "=HYPERLINK(0)", "fr": "Neuf"},
    "exists": [{"from": "2001-01-01", "to": None}],
    "values": {
        "beds": [{"from": "2001-01-01", "to": "2020-01-01", "value": 3}, {"from": "2020-01-01", "value": 9}],
        "depth": "-1.50",
        "works": True,
        "remarks": {"default": "Fine", "fr": "Bien"},
    },
    "geometry": {"type": "Point", "coordinates": [-11.5, 8.25]},
    "parents": {"admin": "D1"},
    "external_ids": {"hmis": "NewUnit0001"},
}


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Give a function that exports facilities into a file and gives its bytes."""
    monkeypatch.setenv("TEST_PASSWORD", "x")
    monkeypatch.setattr(wiring, "start", lambda **_: None)
    apply_configuration(local_operator(), CONFIGURATION)
    assert not apply_objects(local_operator(), map(msgspec.json.encode, [*PLACES, MINE]), preview=False).errors

    def write(name: str, *options: str) -> bytes:
        path = tmp_path / name
        assert main.run(["objects", "export", "--type", "facility", "-o", str(path), *options]) == 0
        return path.read_bytes()

    return write


def test_a_spreadsheet_gets_one_row_for_each_object_and_no_formula(export: Any) -> None:
    text = export("out.csv").decode("utf-8-sig")
    first, mine = csv.DictReader(io.StringIO(text))
    assert (first["code"], first["longitude"], first["owner"], first["id:hmis"]) == ("F1", "", "PUB", "DiszpKrYNg8")
    assert mine["name"] == "'=HYPERLINK(0)"
    assert (mine["longitude"], mine["latitude"]) == ("-11.5", "8.25")
    assert (mine["beds"], mine["works"], mine["remarks"]) == ("9", "true", "Fine")
    assert float(mine["depth"]) == -1.5
    assert (mine["from"], mine["parent:admin"]) == ("2001-01-01", "D1")
    before = csv.DictReader(io.StringIO(export("out.csv", "--as-of", "2010-01-01").decode("utf-8-sig")))
    assert [row["beds"] for row in before] == ["12", "3"]
    sheet = load_workbook(io.BytesIO(export("out.xlsx"))).active
    titles, _, cells = sheet.iter_rows()
    found = {title.value: cell for title, cell in zip(titles, cells, strict=True)}
    assert (found["name"].value, found["name"].data_type) == ("=HYPERLINK(0)", "s")
    assert (found["longitude"].value, found["depth"].value) == (-11.5, -1.5)


def test_a_map_gets_features_with_their_values(export: Any) -> None:
    first, mine = json.loads(export("out.geojson"))["features"]
    assert first["geometry"] is None
    assert mine["geometry"] == {"type": "Point", "coordinates": [-11.5, 8.25]}
    assert (mine["properties"]["depth"], mine["properties"]["name"]) == (-1.5, "=HYPERLINK(0)")


def test_a_geopackage_has_a_layer_for_each_type_that_can_be_imported_again(
    export: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cgr.files.geopackages._AT_A_TIME", 1)  # so that a layer is made of several pieces
    area = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    definition = TypeDefinition("lake", "MOH", "Lake", "multipolygon", (AttributeDefinition("Fid", "Fid", "text"),))
    save_type(local_operator(), definition)
    lake = {"type": "lake", "code": "L1", "values": {"Fid": "seven"}, "geometry": area}
    assert not apply_objects(local_operator(), [msgspec.json.encode(lake)], preview=False).errors
    assert export("facilities.gpkg")
    assert main.run(["objects", "export", "--format", "gpkg", "-o", str(tmp_path / "all.gpkg")]) == 0

    layers = dict(pyogrio.list_layers(tmp_path / "all.gpkg"))
    assert layers == {"district": None, "facility": "Point", "lake": "MultiPolygon", "region": None}
    assert dict(pyogrio.list_layers(tmp_path / "facilities.gpkg")) == {"facility": "Point"}
    with sqlite3.connect(tmp_path / "all.gpkg") as file:
        file.row_factory = sqlite3.Row
        first, mine = file.execute("SELECT * FROM facility ORDER BY code")
        (lake_row,) = file.execute("SELECT * FROM lake")
        (kind,) = file.execute("SELECT type FROM pragma_table_info('facility') WHERE name = 'works'").fetchone()
    assert (first["beds"], first["geom"], first["owner"], first["id:hmis"]) == (12, None, "PUB", "DiszpKrYNg8")
    assert (mine["beds"], mine["depth"], mine["works"], kind) == (9, -1.5, 1, "BOOLEAN")
    assert (mine["name"], mine["from"], mine["to"], mine["parent:admin"]) == ("=HYPERLINK(0)", "2001-01-01", None, "D1")
    assert (lake_row["fid"], lake_row["Fid_2"]) == (1, "seven")
    info, _, shapes, _ = pyogrio.raw.read(tmp_path / "all.gpkg", layer="facility")
    assert (info["crs"], shapes[0], shapes[1]) == ("EPSG:4326", None, from_geojson(MINE["geometry"]))

    mapping = parse_row_mapping(
        {"code": "code", "label": "name", "geometry": True, "sheet": "facility"}
        | {"attributes": [{"from": one, "to": one} for one in ("beds", "depth", "works", "remarks")]},
        origin="test",
    )
    again = import_file(local_operator(), tmp_path / "all.gpkg", FileRequest("all.gpkg", "facility", mapping))
    assert (again.counts["unchanged"], again.counts["changed"], again.problems) == (2, 0, [])


def test_a_format_that_is_not_there_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    assert main.run(["objects", "export", "-o", str(tmp_path / "out.pdf")]) == 2
    assert main.run(["objects", "export", "--format", "xlsx"]) == 2
    assert main.run(["objects", "export", "--format", "gpkg"]) == 2
    assert not [*tmp_path.iterdir()]
