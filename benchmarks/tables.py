"""Files in and out: rows of CSV and of a workbook previewed and imported, every object in each form of an export."""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING, Any

from bench import Registry
from country import PLAIN, TERMS, configuration, units

from cgr.embedded_postgres import ensure_running
from cgr.files.spreadsheets import write_xlsx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from figures import Figures

FORMS = ("ndjson", "csv", "geojson", "xlsx")
PREVIEWED, PREVIEWED_WORKBOOK = "preview a CSV", "preview a workbook"
IMPORTED, PREVIEWED_AGAIN = "import a CSV", "preview the same CSV again"
_NOWHERE = "http://localhost:1"
"""The configuration names a DHIS2, which nobody asks for anything."""
_NAMED = ("Code", "Name", "Region", "District", "Longitude", "Latitude", "Opened")
_ATTRIBUTES = (*PLAIN, *TERMS)
_NOT_MAPPED = ("Source", "Contact", "Visited")
_MAPPING = """\
code: Code
label: Name
exists_start: Opened
geometry: {longitude: Longitude, latitude: Latitude}
hierarchy: admin
parents: [{type: region, column: Region, by: label}, {type: district, column: District, by: label}]
attributes:
"""
_MEBIBYTE = 1 << 20


def measure(folder: Path, rows: int, objects: int) -> dict[str, Figures]:
    """Give the figures of every stage: of files with so many rows, of exports of about so many objects."""
    registry = Registry(folder)
    country = _Country(rows)
    country.write_files(folder)
    mapping, text, workbook = (str(folder / name) for name in ("mapping.yaml", "rows.csv", "rows.xlsx"))
    with ensure_running(registry.data):
        registry.configure(configuration(_NOWHERE))
        registry.stage("change", str(registry.write("areas.ndjson", country.areas())))
        found = {
            PREVIEWED: registry.stage("preview-file", text, mapping),
            PREVIEWED_WORKBOOK: registry.stage("preview-file", workbook, mapping),
            IMPORTED: registry.stage("import-file", text, mapping),
            PREVIEWED_AGAIN: registry.stage("preview-file", text, mapping),
        }
        for copy in range(1, objects // rows):
            registry.stage("change", str(registry.write("more.ndjson", country.facilities(copy))))
        for form in FORMS:
            found[_first(form)] = registry.stage("export-first", form)
            found[_whole(form)] = registry.stage("export", form)
    return found


def lines(found: dict[str, Figures]) -> Iterator[str]:
    """Tell the figures that were asked for."""
    preview, workbook, imported = found[PREVIEWED], found[PREVIEWED_WORKBOOK], found[IMPORTED]
    yield (
        f"- a CSV of {preview.count:,} rows, 20 columns, points and two levels of parents: preview"
        f" {preview.seconds:.1f} s, import {imported.seconds:.1f} s (asked for 100,000 rows: 20 and 40),"
        f" {_megabytes(preview, imported):,.0f} MB at most (asked: 400)"
    )
    yield f"- the same as a workbook: {workbook.seconds / preview.seconds:.2f}× the CSV's preview (asked: 2)"
    for form in FORMS:
        whole, first = found[_whole(form)], found[_first(form)]
        # A workbook is an archive, whose first bytes are known when its last are.
        begins = "" if form == "xlsx" else f" begins after {first.seconds:.2f} s (asked: 1),"
        yield (
            f"- export of {whole.count:,} objects as {form}:{begins} {whole.rate:,.0f} rows/s (asked: 10,000),"
            f" {_megabytes(whole):,.0f} MB at most"
        )


def stages(found: dict[str, Figures]) -> dict[str, Figures]:
    """Give what handled every row, for the table."""
    beginnings = {_first(form) for form in FORMS}
    return {name: figures for name, figures in found.items() if name not in beginnings}


def _megabytes(*stages: Figures) -> float:
    return max(figures.peak_mib for figures in stages) * _MEBIBYTE / 1e6


def _first(form: str) -> str:
    return f"export as {form}, first bytes"


def _whole(form: str) -> str:
    return f"export as {form}"


class _Country:
    """A country with so many facilities, as files that people bring and as lines of the Geo-Objects file."""

    def __init__(self, facilities: int) -> None:
        """Hold the areas; facilities are made anew each time."""
        self._facilities = facilities
        self._areas: dict[str, dict[str, Any]] = {}
        for unit in self._units():
            if _is_facility(unit):
                break
            self._areas[unit["id"]] = unit

    def _units(self) -> Iterator[dict[str, Any]]:
        return units(self._facilities + self._facilities // 50 + 10)

    def write_files(self, folder: Path) -> None:
        """Write the facilities as CSV and as a workbook, and the mapping of both."""
        columns = [*_NAMED, *(code.title() for code in _ATTRIBUTES), *_NOT_MAPPED]
        with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(columns)
            writer.writerows(self._rows())
        with (folder / "rows.xlsx").open("wb") as stream:
            write_xlsx(columns, self._rows(), stream, sheet="Facilities")
        matchings = (f"  - {{from: {code.title()}, to: {code}}}\n" for code in _ATTRIBUTES)
        (folder / "mapping.yaml").write_text(_MAPPING + "".join(matchings), encoding="utf-8")

    def areas(self) -> Iterator[dict[str, Any]]:
        """Give what the facilities hang below."""
        for unit in self._areas.values():
            yield self._line(unit, unit["name"].split()[0].lower())

    def facilities(self, copy: int) -> Iterator[dict[str, Any]]:
        """Give the facilities under other codes."""
        for unit in self._chosen():
            yield {**self._line(unit, "facility"), "code": f"{unit['code']}-{copy}", "values": _values(unit)}

    def _chosen(self) -> Iterator[dict[str, Any]]:
        return islice(filter(_is_facility, self._units()), self._facilities)

    def _rows(self) -> Iterator[list[str | float]]:
        for unit in self._chosen():
            district = self._areas[unit["parent"]["id"]]
            region = self._areas[district["parent"]["id"]]
            longitude, latitude = unit["geometry"]["coordinates"]
            named = (unit["code"], unit["name"], region["name"], district["name"], longitude, latitude)
            values = map(str, _values(unit).values())
            yield [*named, unit["openingDate"], *values, "Ministry", f"Person {unit['code']}", "2024"]

    def _line(self, unit: dict[str, Any], type_code: str) -> dict[str, Any]:
        return {
            "type": type_code,
            "code": unit["code"],
            "label": {"default": unit["name"]},
            "exists": [{"from": unit["openingDate"], "to": None}],
            **({"geometry": unit["geometry"]} if "geometry" in unit else {}),
            **({"parents": {"admin": self._areas[unit["parent"]["id"]]["code"]}} if "parent" in unit else {}),
        }


def _is_facility(unit: dict[str, Any]) -> bool:
    return bool(unit["name"].startswith("Health"))


def _values(unit: dict[str, Any]) -> dict[str, Any]:
    """Give the values of a facility as the Geo-Objects file writes them."""
    number = int(unit["code"][1:])
    values: dict[str, Any] = {code: value(number) for code, (_, _, value) in PLAIN.items()}
    values |= {code: int(values[code]) for code, (kind, _, _) in PLAIN.items() if kind == "integer"}
    values["power"] = values["power"] == "true"
    return values | {code: terms[number % 2] for code, (_, terms) in TERMS.items()}
