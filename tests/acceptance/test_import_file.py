"""Rows of a file become Geo-Objects: what is said about each row, and what the registry then holds (R3.4)."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from cgr.accounts.actors import local_operator
from cgr.configuration.applying import apply as apply_configuration
from cgr.core.errors import BadInput
from cgr.core.rows import parse_row_mapping
from cgr.imports.files import FileRequest, import_file
from cgr.imports.reports import import_run, rejected_rows, result_of
from cgr.registry.actions import apply_objects
from cgr.registry.queries import export_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoAssertNumQueries

    from cgr.imports.actions import ImportResult

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

CONFIGURATION = b"""
version: 1
organizations: [{code: MOH, label: Ministry of Health}]
terms: [{code: owners, label: Owner, terms: [{code: PUB, label: Public}, {code: PRI, label: Private}]}]
types:
  - {code: region, organization: MOH, label: Region}
  - {code: district, organization: MOH, label: District}
  - code: facility
    organization: MOH
    label: Facility
    geometry: point
    attributes:
      - {code: beds, label: Beds, kind: integer}
      - {code: depth, label: Depth, kind: decimal}
      - {code: works, label: Works, kind: boolean}
      - {code: opened, label: Opened, kind: date}
      - {code: owner, label: Owner, kind: term, terms: owners}
      - {code: remarks, label: Remarks, kind: localized_text}
hierarchies: [{code: admin, organization: MOH, label: Administrative, tree: {region: {district: {facility: {}}}}}]
systems:
  - {code: hmis, organization: MOH, kind: dhis2, label: HMIS, url: "https://hmis.example.org",
     auth: {kind: basic, username: a, password: {env: TEST_PASSWORD}}}
"""
PLACES = [
    {"type": "region", "code": "R1", "label": "North", "external_ids": {"hmis": "regionNorth"}},
    {"type": "region", "code": "R2", "label": "South"},
    {
        "type": "district",
        "code": "D1",
        "label": "Central",
        "parents": {"admin": "R1"},
        "external_ids": {"hmis": "distCentra1"},
    },
    {"type": "district", "code": "D2", "label": {"default": "Central", "fr": "Centre"}, "parents": {"admin": "R2"}},
    {"type": "district", "code": "D3", "label": "Kapiri Mposhi", "parents": {"admin": "R2"}},
    {
        "type": "facility",
        "code": "F1",
        "label": "Bo",
        "values": {"beds": 12, "owner": "PUB"},
        "parents": {"admin": "D1"},
        "external_ids": {"hmis": "DiszpKrYNg8"},
    },
]
MAPPING: dict[str, Any] = {
    "code": "Code",
    "label": {"default": "Name", "fr": "Nom"},
    "external_id": "Id",
    "geometry": {"longitude": "X", "latitude": "Y", "decimal_comma": True},
    "hierarchy": "admin",
    "parents": [
        {"type": "region", "column": "Region", "by": "label"},
        {"type": "district", "column": "District", "by": "label", "synonyms": {"Kapiri": "Kapiri Mposhi"}},
    ],
    "attributes": [
        {"from": "Beds", "to": "beds"},
        {"from": "Depth", "to": "depth", "decimal_comma": True},
        {"from": "Works", "to": "works", "true": ["oui"], "false": ["non"]},
        {"from": "Opened", "to": "opened", "format": "dd/mm/yyyy"},
        {"from": "Owner", "to": "owner", "terms": {"Govt": "PUB"}},
        {"from": "Remarks", "to": "remarks"},
        {"from": "Nom", "to": "remarks", "language": "fr"},
    ],
}
COLUMNS = [*"Code Id Name Nom Region District X Y Beds Depth Works Opened Owner Remarks".split()]  # noqa: SIM905 - short
NEW = {
    "Code": "F2",
    "Name": "New",
    "Nom": "Neuf",
    "Region": "north",
    "District": "CENTRAL",
    "X": "27,5",
    "Y": "-15",
    "Beds": "3",
    "Depth": "1,5",
    "Works": "Oui",
    "Opened": "3/2/2001",
    "Owner": "Govt",
    "Remarks": "Rien",
}
BY_ID = {"parents": [{"type": "district", "column": "District", "by": "external_id"}]}
BY_PATH = {"parents": [{"type": "district", "column": "District", "by": "path"}]}


@pytest.fixture
def run_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., ImportResult]:
    """Give a function that imports these rows with the mapping, changed as asked."""
    monkeypatch.setenv("TEST_PASSWORD", "x")
    apply_configuration(local_operator(), CONFIGURATION)
    assert not apply_objects(local_operator(), (msgspec.json.encode(one) for one in PLACES), preview=False).errors

    def run(*rows: dict[str, str], preview: bool = False, **changes: Any) -> ImportResult:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
        path = tmp_path / "rows.csv"
        path.write_text(text.getvalue())
        mapping = parse_row_mapping({**MAPPING, **changes}, origin="test")
        result = import_file(
            local_operator(), path, FileRequest("rows.csv", "facility", mapping, "hmis"), preview=preview
        )
        assert sum(result.counts.values()) == len(rows)
        return result

    return run


def stored(code: str) -> dict[str, Any]:
    lines = (msgspec.json.decode(line) for line in export_objects(local_operator(), type="facility"))
    return next((line for line in lines if line["code"] == code), {})


def only_problem(result: ImportResult) -> tuple[str, int, str | None]:
    (problem,) = result.problems
    return problem.code, problem.line, problem.column


def test_a_row_becomes_an_object_with_everything_that_its_cells_say(run_file: Callable[..., ImportResult]) -> None:
    assert run_file(NEW, preview=True).counts["new"] == 1
    assert stored("F2") == {}
    result = run_file({**NEW, "Id": "newFacilit1"})
    assert result.counts == {"new": 1, "changed": 0, "unchanged": 0, "conflict": 0, "vanished": 0}
    kept = stored("F2")
    assert kept["label"] == {"default": "New", "fr": "Neuf"}
    assert kept["geometry"]["coordinates"] == [27.5, -15.0]
    assert kept["parents"] == {"admin": "D1"}
    assert kept["external_ids"] == {"hmis": "newFacilit1"}
    assert kept["values"] == {
        "beds": 3,
        "depth": "1.5",
        "works": True,
        "opened": "2001-02-03",
        "owner": "PUB",
        "remarks": {"default": "Rien", "fr": "Neuf"},
    }
    assert run_file({**NEW, "Id": "newFacilit1"}).counts["unchanged"] == 1


@pytest.mark.parametrize(
    ("cells", "changes", "expected"),
    [
        ({"Beds": "many"}, {}, ("value-unfit", 2, "Beds")),
        ({"Opened": "2/30/2001"}, {}, ("value-unfit", 2, "Opened")),
        ({"Works": "maybe"}, {}, ("value-unfit", 2, "Works")),
        ({"Depth": "1.2.3"}, {}, ("value-unfit", 2, "Depth")),
        ({"Owner": "Church"}, {}, ("term-unmapped", 2, "Owner")),
        ({"X": "271"}, {}, ("value-unfit", 2, "X")),
        ({"Y": ""}, {}, ("value-unfit", 2, "Y")),
        ({"Code": ""}, {}, ("required-missing", 2, "Code")),
        ({"Id": "short"}, {}, ("value-unfit", 2, None)),
        ({"Id": "DiszpKrYNg8"}, {}, ("duplicate-external-id", 2, "Id")),
        ({"District": "Nowhere"}, {}, ("parent-missing", 2, "District")),
        ({"District": ""}, {}, ("parent-missing", 2, "District")),
        ({"Region": ""}, {}, ("parent-missing", 2, "District")),  # two districts are called so
        ({"Region": "North", "District": "Kapiri"}, {}, ("parent-missing", 2, "District")),  # it lies in the South
        ({}, {"strategy": "update_only"}, ("not-wanted", 2, "Code")),
        ({"Code": "F1"}, {"strategy": "new_only"}, ("not-wanted", 2, "Code")),
        ({"Code": "F1", "Id": "otherId0001"}, {}, ("duplicate-external-id", 2, "Id")),
    ],
)
def test_a_row_that_cannot_be_imported_names_its_line_and_cell(
    run_file: Callable[..., ImportResult],
    cells: dict[str, str],
    changes: dict[str, Any],
    expected: tuple[str, int, str],
) -> None:
    result = run_file({**NEW, **cells}, **changes)
    assert only_problem(result) == expected
    (first, *_) = result.problems
    assert first.message.startswith("Line 2: ")
    assert first.next_step
    assert stored("F2") == {}


@pytest.mark.parametrize(
    ("cells", "changes", "parent"),
    [
        ({"Region": "South", "District": "kapiri"}, {}, "D3"),
        ({"Region": "South", "District": "Centre"}, {}, "D2"),
        ({"District": "D3"}, {"parents": [{"type": "district", "column": "District"}]}, "D3"),
        ({"District": "distCentra1"}, BY_ID, "D1"),
        ({"Id": "newFacilit1", "District": "/regionNorth/distCentra1/newFacilit1"}, BY_PATH, "D1"),
    ],
)
def test_a_parent_is_found_by_label_synonym_code_id_or_path(
    run_file: Callable[..., ImportResult], cells: dict[str, str], changes: dict[str, Any], parent: str
) -> None:
    assert run_file({**NEW, **cells}, **changes).problems == []
    assert stored("F2")["parents"] == {"admin": parent}


def test_lines_about_the_same_object_are_all_reported(run_file: Callable[..., ImportResult]) -> None:
    result = run_file(NEW, {**NEW, "Name": "Other"}, {**NEW, "Code": "F3"})
    assert sorted((problem.line, problem.code) for problem in result.problems) == [
        (2, "duplicate-row"),
        (3, "duplicate-row"),
    ]
    assert result.counts["new"] == 1


def test_empty_cells_are_ignored_or_clear_what_there_is(run_file: Callable[..., ImportResult]) -> None:
    row = {"Code": "F1", "Name": "Bo", "Region": "North", "District": "Central"}
    assert run_file(row).counts["unchanged"] == 1
    assert run_file(row, empty="clear").counts["changed"] == 1
    held = {name: periods[-1]["to"] for name, periods in stored("F1")["values"].items()}
    assert all(held.values())  # the history stays


def test_values_hold_from_the_day_that_is_asked_for(run_file: Callable[..., ImportResult]) -> None:
    row = {"Code": "F1", "Name": "Bo", "Region": "North", "District": "Central", "Beds": "40"}
    assert run_file(row, valid_from="2015-01-01").counts["changed"] == 1
    assert stored("F1")["values"]["beds"] == [
        {"from": None, "to": "2015-01-01", "value": 12},
        {"from": "2015-01-01", "to": None, "value": 40},
    ]


def test_values_of_a_period_that_is_over_leave_what_was_before_and_is_now(
    run_file: Callable[..., ImportResult],
) -> None:
    row = {"Code": "F1", "Name": "Bo", "Region": "North", "District": "Central", "Beds": "40"}
    period = {"valid_from": "2010-01-01", "valid_to": "2015-01-01"}
    assert run_file(row, **period, preview=True).counts["changed"] == 1
    assert run_file(row, **period).counts["changed"] == 1
    assert stored("F1")["values"]["beds"] == [
        {"from": None, "to": "2010-01-01", "value": 12},
        {"from": "2010-01-01", "to": "2015-01-01", "value": 40},
        {"from": "2015-01-01", "to": None, "value": 12},
    ]
    # What held then is compared, not what holds today.
    assert run_file(row, **period).counts["unchanged"] == 1
    assert run_file({**row, "Beds": "12"}, **period).counts["changed"] == 1
    assert stored("F1")["values"]["beds"] == 12

    late = run_file({**NEW, "Opened": "", "Name": "2015-01-01"}, **period, valid_from_column="Name")
    assert only_problem(late) == ("value-unfit", 2, "Name")


def test_rows_can_be_matched_by_their_external_id_and_then_change_the_code(
    run_file: Callable[..., ImportResult],
) -> None:
    row = {"Code": "F9", "Id": "DiszpKrYNg8", "Name": "Bo", "Region": "North", "District": "Central"}
    assert run_file(row, match="external_id").counts["changed"] == 1
    assert stored("F9")["external_ids"] == {"hmis": "DiszpKrYNg8"}
    assert stored("F1") == {}


def test_the_rows_that_were_refused_can_be_corrected_and_given_again_alone(
    run_file: Callable[..., ImportResult], tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    result = run_file(NEW, {**NEW, "Code": "F3", "Beds": "many"})
    run = import_run(local_operator(), str(result.run))
    with django_assert_num_queries(0):  # all rows of a file can be refused
        told = result_of(run)
    assert told.problems
    assert [problem.line for problem in told.problems] == [3]
    path = tmp_path / "refused.csv"
    path.write_bytes(b"".join(rejected_rows(run)))
    (refused,) = csv.DictReader(path.read_text("utf-8-sig").splitlines())
    assert (refused["line"], refused["Code"], refused["Beds"]) == ("3", "F3", "many")
    assert 'Column "Beds": "many" is not a whole number' in refused["problem"]
    path.write_text(path.read_text("utf-8-sig").replace("many", "7"))
    mapping = parse_row_mapping(MAPPING, origin="test")
    again = import_file(local_operator(), path, FileRequest("refused.csv", "facility", mapping, "hmis"))
    assert (again.counts["new"], again.counts["conflict"]) == (1, 0)
    assert stored("F3")["values"]["beds"] == 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": "Kode"}, 'no column "Kode"'),
        ({"code": None}, "no column is said to hold it"),
        ({"label": {"french": "Name"}}, "not a language"),
        ({"attributes": [{"from": "Beds", "to": "bed"}]}, 'no attribute "bed"'),
        ({"attributes": [{"from": "Beds", "to": "beds"}, {"from": "Name", "to": "beds"}]}, "filled by 2 columns"),
        ({"attributes": [{"from": "Owner", "to": "owner", "terms": {"x": "NO"}}]}, 'no term "NO"'),
        ({"attributes": [{"from": "Opened", "to": "opened", "format": "soon"}]}, "names no day"),
        ({"parents": [{"type": "region", "column": "Region"}]}, 'the last one can\'t be "region"'),
        ({"hierarchy": None}, "say which one"),
        ({"geometry": True}, "no geometry of its own"),
        ({"valid_from": "soon"}, "valid_from"),
        ({"valid_to": "2015-01-01"}, "needs its beginning"),
        ({"valid_from": "2015-01-01", "valid_to": "2015-01-01"}, "is not after"),
        ({"valid_from": "2010-01-01", "valid_to": "2015-02-30"}, "valid_to"),
        ({"valid_from": "2010-01-01", "valid_to": "2015-01-01", "exists_end": "Opened"}, "aren't values of a period"),
        ({"colour": "red"}, "there is no key"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_before_anything_is_written(
    run_file: Callable[..., ImportResult], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        run_file(NEW, **changes)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the open data lie beside the checkout, and here they don't")
def test_every_row_of_the_real_list_of_facilities_is_imported_or_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_PASSWORD", "x")
    apply_configuration(local_operator(), CONFIGURATION)
    with gzip.open(SHARED / "africa-facilities.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["iso3c"] in {"ZWE", "GNB", "SEN"}]
    areas = sorted({row["Admin1"] for row in rows if row["Admin1"].strip()})
    places = ({"type": "region", "code": f"A{n}", "label": name} for n, name in enumerate(areas))
    districts = (
        {"type": "district", "code": f"B{n}", "label": name, "parents": {"admin": f"A{n}"}}
        for n, name in enumerate(areas)
    )
    apply_objects(local_operator(), (msgspec.json.encode(one) for one in [*places, *districts]), preview=False)
    path = tmp_path / "facilities.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    mapping = parse_row_mapping(
        {
            "code": "row",
            "label": "Facility name",
            "geometry": {"longitude": "Long", "latitude": "Lat"},
            "hierarchy": "admin",
            "parents": [{"type": "district", "column": "Admin1", "by": "label"}],
        },
        origin="test",
    )
    result = import_file(local_operator(), path, FileRequest("facilities.csv", "facility", mapping))
    assert sum(result.counts.values()) == len(rows)
    # The list calls one province by two names that look the same: nobody may choose between them in silence.
    same = Counter(" ".join(area.split()).casefold() for area in areas)
    unclear = [row for row in rows if same[" ".join(row["Admin1"].split()).casefold()] != 1]
    assert unclear
    assert {problem.code for problem in result.problems} == {"parent-missing"}
    assert result.counts["conflict"] == len(unclear)
