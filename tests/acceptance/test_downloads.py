"""A plan or report as a file to take away: filtered, streamed, and nothing in it that a spreadsheet would carry out."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from cgr.core.errors import BadInput
from cgr.files.spreadsheets import csv_lines, xlsx_pieces
from cgr.runs.actions import fail
from cgr.runs.selection import ALL, Which, which
from cgr.sync.downloads import TITLES, Format, write_download

from .country import ID_OF, district, facility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cgr.core.objects_table import Cell
    from cgr.runs.models import Run

    from .country import Country

pytestmark = pytest.mark.django_db


def table(run: Run, asked: Which = ALL) -> list[dict[str, str]]:
    """Read the CSV as a spreadsheet does."""
    stream = io.BytesIO()
    write_download(run, stream, format=Format.CSV, asked=asked)
    return list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline="")))


@pytest.fixture
def ended(make_country: Callable[..., Country]) -> Run:
    """Give a run that renamed and moved F1, was refused X, which blocked F8, and has a problem with F4."""
    country = make_country(facility={"sync": "both", "groups": ["GrPublic001"]})
    country.write(district("X", "N"), facility("F8", "X"))
    country.edit("F1", label={"default": "=Bo Hospital"}, parents={"admin": "B"})
    country.delete_unit("F4")
    plan = country.plan()
    country.spoil(**{next(c["uid"] for c in plan["changes"] if c["object"]["code"] == "X"): {"name": "x" * 300}})
    country.apply(plan)
    return country.run(plan)


def test_there_is_a_row_for_each_field_group_and_problem(ended: Run) -> None:
    rows = table(ended)
    assert list(rows[0]) == list(TITLES.values())
    found = {row["Field"]: row for row in rows if row["Code"] == "F1"}
    assert {name: (row["Before"], row["After"]) for name, row in found.items()} == {
        "Name": ("Bo Clinic", "'=Bo Hospital"),
        "Short name": ("Bo Clinic", "'=Bo Hospital"),
        "Parent": ("Abo (OuDistrictA)", "Bo (OuDistrictB)"),
        "Group": ("", "Public (GrPublic001)"),
    }
    assert {row["Outcome"] for row in found.values()} == {"done"}
    (first, *_) = (row for row in rows if row["Code"] == "X")
    assert (first["Name"], first["Level"], first["Type"], first["Kinds"]) == ("Facility X", "3", "district", "create")
    assert (first["Outcome"], first["Problem code"], first["DHIS2 code"]) == ("failed", "value-refused", "E4001")
    assert first["Message"]
    assert first["Next step"]
    assert {row["Blocked by"] for row in rows if row["Code"] == "F8"} == {"district X"}
    (problem,) = (row for row in rows if row["Code"] == "F4")
    assert (problem["Outcome"], problem["Problem code"]) == ("problem", "external-id-not-found")
    assert (problem["Name"], problem["DHIS2 id"]) == ("Sewa Clinic", ID_OF["F4"])


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (which(outcomes=["failed"]), {"X"}),
        (which(outcomes=["failed", "blocked"]), {"X", "F8"}),
        (which(outcomes=["problem"]), {"F4"}),
        (which(codes=["value-refused", "external-id-not-found"]), {"X", "F4"}),
        (which(levels=[3]), {"X"}),
        (which(kinds=["move"]), {"F1"}),
        (which(object="facility:F8"), {"F8"}),
        (which(kinds=["create"], outcomes=["failed"]), {"X"}),
        (which(object="district:F8"), set()),
    ],
)
def test_only_what_is_asked_for_is_written(ended: Run, asked: Which, codes: set[str]) -> None:
    assert {row["Code"] for row in table(ended, asked)} == codes
    stream = io.BytesIO()
    write_download(ended, stream, format=Format.JSON, asked=asked)
    report = json.loads(stream.getvalue())
    assert {line["object"]["code"] for line in report["changes"] + report["problems"]} == codes
    assert report["filter"]
    assert report["counts"]["problem"] == 1  # of the whole run


def test_what_a_stopped_run_never_came_to_is_found_by_what_the_report_says(country: Country) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.run(country.plan())
    assert {row["Outcome"] for row in table(run)} == {""}
    fail(run, BadInput("The machine went off.", code="x", next_step=""), requests=0)
    assert {row["Problem code"] for row in table(run, which(outcomes=["skipped"]))} == {"not-tried"}
    assert {row["Outcome"] for row in table(run, which(codes=["not-tried"]))} == {"skipped"}


@pytest.mark.parametrize("asked", [{"outcomes": ["lost"]}, {"codes": ["x"]}, {"kinds": ["rename"]}, {"object": "F1"}])
def test_a_word_that_selects_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        which(**asked)
    assert refused.value.code == "bad-filter"


def test_a_workbook_holds_the_same_as_text_under_a_frozen_head(ended: Run) -> None:
    stream = io.BytesIO()
    write_download(ended, stream, format=Format.XLSX)
    sheet = load_workbook(stream).active
    head, *lines = sheet.iter_rows()
    assert [cell.value for cell in head] == list(TITLES.values())
    assert sheet.freeze_panes == "A2"
    assert len(lines) == len(table(ended))
    named = [cell for line in lines for cell in line if cell.value == "=Bo Hospital"]
    assert [(cell.data_type, cell.quotePrefix) for cell in named] == [("s", True)] * 6  # name and field
    assert {line[0].data_type for line in lines} == {"n"}


HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\uff1d1",
    "#N/A",
    'a"b',
    "x\x00y",
    "é" * 40_000,
    "2000-01-01",
    "007",
    "50%",
]


def test_no_cell_of_a_csv_begins_a_formula() -> None:
    written = b"".join(csv_lines(["t"], ([text] for text in HOSTILE)))
    assert written.startswith(b"\xef\xbb\xbf")
    read = [row[0] for row in csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))][1:]
    assert read[:7] == [f"'{text}" for text in HOSTILE[:7]]
    assert read[7:] == HOSTILE[7:]


def test_no_cell_of_a_workbook_is_anything_but_text_and_a_full_sheet_is_followed_by_another() -> None:
    written = b"".join(xlsx_pieces(["t"], ([text] for text in HOSTILE), sheet="Run <1>", most_rows=9))
    pages = load_workbook(io.BytesIO(written)).worksheets
    assert [page.title for page in pages] == ["Run <1>", "Run <1> (2)"]
    cells = [cell for page in pages for (cell,) in page.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells[:4]] == HOSTILE[:4]
    assert [cell.quotePrefix for cell in cells[:8]] == [True] * 7 + [False]
    assert [cell.value for cell in cells[-3:]] == HOSTILE[-3:]
    assert cells[-4].value == "é" * 32_766 + "…"
    assert [page.auto_filter.ref for page in pages] == ["A1:A9", "A1:A7"]
    with CalamineWorkbook.from_filelike(io.BytesIO(written)) as book:
        others = [row[0] for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()[1:]]
    assert others == [*HOSTILE[:9], "x\ufffdy", "é" * 32_766 + "…", *HOSTILE[-3:]]


def test_a_workbook_is_given_while_its_rows_are_read_and_its_numbers_are_numbers() -> None:
    read = 0

    def rows() -> Iterator[list[Cell]]:
        nonlocal read
        for read in range(1, 5_001):
            yield [sha256(bytes([read % 256, read // 256])).hexdigest(), read, Decimal("1.50"), *[""] * 24, -0.5]

    pieces = xlsx_pieces(map(str, range(28)), rows(), sheet="Facilities")
    first = next(filter(None, pieces))
    assert read < 2_500
    with CalamineWorkbook.from_filelike(io.BytesIO(b"".join([first, *pieces]))) as book:
        lines = book.get_sheet_by_index(0).to_python()
    assert len(lines) == 5_001
    assert (lines[0][27], *lines[-1][1:4], lines[-1][27]) == ("27", 5_000, 1.5, "", -0.5)


class Counted(io.RawIOBase):
    """Takes bytes and keeps only how many they were."""

    size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.size += len(data)
        return len(data)


def multiply(run: Run, first: int, last: int) -> None:
    """Repeat the first change of a run in these places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runs_runitem (run_id, category, position, object_key, type, code, uid, level, kinds, body,"
            " unit_written, outcome)"
            " SELECT run_id, category, n, object_key, type, code, uid, level, kinds, body, unit_written, outcome"
            " FROM runs_runitem, generate_series(%s::int, %s::int) AS n WHERE run_id = %s AND position = 0",
            [first, last, run.pk],
        )


@pytest.mark.parametrize("form", [Format.JSON, Format.CSV])
def test_a_run_three_times_as_large_needs_no_more_memory(country: Country, form: Format) -> None:
    country.edit("F1", label={"default": "Bo Hospital"})
    run = country.run(country.plan())
    peaks, sizes = [], []
    for first, last in ((1, 4_500), (4_501, 13_500)):
        multiply(run, first, last)
        sink: Any = Counted()
        tracemalloc.start()
        write_download(run, sink, format=form)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(sink.size)
    assert sizes[1] > 2.9 * sizes[0]
    assert peaks[1] < 1.2 * peaks[0]
