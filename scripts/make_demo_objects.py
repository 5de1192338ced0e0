"""Make the demo's objects file from the open data of ../shared: facts and figures, rounded and simplified.

Run by hand when the data or the form of the file changes; the result is committed, the sources are not:

    .venv/bin/python scripts/make_demo_objects.py src/cgr/cli/demo/zambia.ndjson
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "shared" / "data" / "demo-country"
SIMPLIFY_DEGREES = 0.02
DECIMALS_OF_AREAS = 3
DECIMALS_OF_POINTS = 4
EVERY_NTH_FACILITY = 3
AREAS_FROM = "2020-11-24"
FACILITIES_FROM = "2019-07-25"
TYPES = {0: "country", 1: "province", 2: "district"}
OWNERSHIP = {"MoH": "MOH", "Govt.": "GOV", "FBO": "FBO", "NGO/FBO": "NGO"}

HEAD = """\
# Zambia: areas and public health facilities, for the demo of this product. One Geo-Object a line.
# Boundaries: geoBoundaries (CC BY 4.0), https://www.geoboundaries.org
# P-codes and names of provinces: OCHA/DMMU (CC BY 3.0 IGO)
# Facilities: Maina et al. 2019, Scientific Data 6:134 (CC BY 4.0), https://doi.org/10.1038/s41597-019-0142-2
# Changed: outlines simplified and rounded, one facility in three, codes added, dates are those of the sources.
"""


def areas() -> Iterator[dict[str, object]]:
    """Give country, provinces and districts; outlines are simplified together, so that neighbours still share edges."""
    codes: dict[str, str] = {}
    for level, type_code in TYPES.items():
        collection = json.loads((SOURCE / f"adm{level}.geojson").read_text())
        features = sorted(collection["features"], key=lambda feature: str(feature["properties"]["name"]))
        shapes = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in features])
        simple = shapely.set_precision(
            shapely.coverage_simplify(shapes, SIMPLIFY_DEGREES), 10.0**-DECIMALS_OF_AREAS, mode="valid_output"
        )
        for feature, shape in zip(features, simple, strict=True):
            facts = feature["properties"]
            code = (
                str(facts["code"]) if type_code != "district" else "ZM-" + str(facts["name"]).upper().replace(" ", "-")
            )
            codes[str(facts["code"])] = code
            yield {
                "type": type_code,
                "code": code,
                "label": {"default": facts["name"], **({"fr": "Zambie"} if level == 0 else {})},
                "exists": [{"from": AREAS_FROM, "to": None}],
                "geometry": rounded(shape),
                **({"parents": {"admin": codes[str(facts["parent"])]}} if level else {}),
            }


def rounded(shape: shapely.Geometry) -> object:
    """Give GeoJSON with no more decimals than the outline deserves."""
    return json.loads(shapely.to_geojson(shape), parse_float=lambda text: round(float(text), DECIMALS_OF_AREAS))


def facilities() -> Iterator[dict[str, object]]:
    """Give one facility in three of those with a point and a district."""
    with gzip.open(SOURCE / "facilities.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["adm2_name"]]
    for row in rows[::EVERY_NTH_FACILITY]:
        yield {
            "type": "facility",
            "code": f"F{row['row']}",
            "label": {"default": row["name"]},
            "exists": [{"from": FACILITIES_FROM, "to": None}],
            "values": {
                "ownership": OWNERSHIP[row["ownership"]],
                "kind": row["facility_type"].upper().replace(" ", "-"),
                "list_row": int(row["row"]),
            },
            "geometry": {
                "type": "Point",
                "coordinates": [round(float(row[axis]), DECIMALS_OF_POINTS) for axis in ("longitude", "latitude")],
            },
            "parents": {"admin": "ZM-" + row["adm2_name"].upper().replace(" ", "-")},
        }


def main(target: Path) -> None:
    """Write the file."""
    with target.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for record in (*areas(), *facilities()):
            file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
