"""Geometries: what a type takes, GeoJSON in and out, and what counts as the same (R5.9)."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape

from cgr.core.errors import BadInput
from cgr.core.geometry import check, from_geojson, same_geometry, to_geojson, writable

if TYPE_CHECKING:
    from random import Random

GeoJson: TypeAlias = dict[str, Any]
Ring: TypeAlias = list[list[float]]


SQUARE = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
HOLE = [[1.0, 1.0], [2.0, 1.0], [2.0, 2.0], [1.0, 1.0]]
OTHER_HOLE = [[3.0, 3.0], [3.5, 3.0], [3.5, 3.5], [3.0, 3.0]]
ISLAND = [[10.0, 10.0], [11.0, 10.0], [11.0, 11.0], [10.0, 10.0]]


def geojson(kind: str, coordinates: object) -> GeoJson:
    return {"type": kind, "coordinates": coordinates}


POINT = geojson("Point", [-11.7, 7.9])
MULTIPOINT = geojson("MultiPoint", [[-11.7, 7.9], [1.0, 2.0]])
LINE = geojson("LineString", [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
MULTILINE = geojson("MultiLineString", [LINE["coordinates"], [[5.0, 5.0], [6.0, 6.0]]])
POLYGON = geojson("Polygon", [SQUARE, HOLE, OTHER_HOLE])
MULTIPOLYGON = geojson("MultiPolygon", [[SQUARE, HOLE], [ISLAND]])
ALL = [POINT, MULTIPOINT, LINE, MULTILINE, POLYGON, MULTIPOLYGON]


def as_bytes(obj: GeoJson) -> bytes:
    return json.dumps(obj).encode()


@pytest.mark.parametrize("obj", ALL, ids=lambda obj: obj["type"])
def test_a_geometry_survives_the_way_in_and_out_and_other_programs_read_it(obj: GeoJson) -> None:
    wkb = from_geojson(obj)
    assert to_geojson(wkb) == obj
    assert shapely.from_wkb(wkb).equals_exact(shape(obj), 0)
    assert same_geometry(wkb, as_bytes(obj))


@pytest.mark.parametrize("obj", ALL, ids=lambda obj: obj["type"])
@pytest.mark.parametrize("options", [{"byte_order": 0}, {"include_srid": True}], ids=["big-endian", "with SRID"])
def test_wkb_of_other_programs_is_read(obj: GeoJson, options: dict[str, object]) -> None:
    wkb = shapely.to_wkb(shapely.set_srid(shape(obj), 4326), **options)
    assert check(wkb, "mixed") is None
    assert to_geojson(wkb) == obj
    assert same_geometry(wkb, as_bytes(obj))


TAKEN = {
    "none": (),
    "point": ("Point",),
    "multipoint": ("Point", "MultiPoint"),
    "line": ("LineString",),
    "multiline": ("LineString", "MultiLineString"),
    "polygon": ("Polygon",),
    "multipolygon": ("Polygon", "MultiPolygon"),
    "mixed": ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
}


@pytest.mark.parametrize("allowed", TAKEN)
@pytest.mark.parametrize("obj", ALL, ids=lambda obj: obj["type"])
def test_a_type_takes_its_kinds_and_a_multi_type_the_single_one(allowed: str, obj: GeoJson) -> None:
    problem = check(from_geojson(obj), allowed)
    assert (problem is None) is (obj["type"] in TAKEN[allowed])


BAD = [
    (None, "not an object"),
    ("POINT (1 2)", "not an object"),
    ({}, "`type` is None"),
    (geojson("Circle", [1, 2]), "`type` is 'Circle'"),
    (geojson(["Point"], [1, 2]), "`type` is ['Point']"),
    ({"type": "GeometryCollection", "geometries": [POINT]}, "GeometryCollection"),
    ({"type": "Point"}, "nested"),
    (geojson("Point", None), "nested"),
    (geojson("Point", []), "empty"),
    (geojson("Point", [1]), "nested"),
    (geojson("Point", [1, 2, 3]), "third coordinate"),
    (geojson("Point", ["1", "2"]), "not a number"),
    (geojson("Point", [True, False]), "not a number"),
    (geojson("Point", [float("nan"), 1.0]), "empty"),
    (geojson("Point", [10**400, 1]), "not a usable number"),
    (geojson("Point", [180.1, 1]), "longitude 180.1 is outside"),
    (geojson("Point", [7.9, -95]), "latitude -95.0 is outside"),
    (geojson("MultiPoint", []), "empty"),
    (geojson("MultiPoint", [1, 2]), "nested"),
    (geojson("LineString", [[1, 2]]), "at least two"),
    (geojson("LineString", []), "empty"),
    (geojson("MultiLineString", [[[1, 2], [3, 4]], []]), "empty"),
    (geojson("Polygon", []), "empty"),
    (geojson("Polygon", [[]]), "empty"),
    (geojson("Polygon", [SQUARE[:-1]]), "isn't closed"),
    (geojson("Polygon", [[[0, 0], [1, 1], [0, 0]]]), "at least four"),
    (geojson("Polygon", SQUARE), "nested"),
    (geojson("Polygon", [[[0, 0], [1, float("inf")], [1, 1], [0, 0]]]), "not a number"),
    (geojson("MultiPolygon", []), "empty"),
    (geojson("MultiPolygon", [[]]), "empty"),
    (geojson("MultiPolygon", [SQUARE]), "nested"),
]


@pytest.mark.parametrize(("obj", "words"), [pytest.param(*row, id=f"{n}-{row[1]}") for n, row in enumerate(BAD)])
def test_what_is_no_usable_geometry_is_refused_in_words(obj: object, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        from_geojson(obj)
    assert words in refused.value.message
    assert refused.value.next_step


def test_the_kind_is_refused_when_the_type_takes_another() -> None:
    with pytest.raises(BadInput, match="it is a Polygon, the type takes Point"):
        from_geojson(POLYGON, "point")
    with pytest.raises(BadInput, match="no geometry"):
        from_geojson(POINT, "none")


UNUSABLE = [
    (b"", "cut short"),
    (b"\x01\x01", "cut short"),
    (from_geojson(POLYGON)[:-1], "cut short"),
    (from_geojson(POINT) + b"\x00", "after its end"),
    (b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff", "cut short"),
    (shapely.to_wkb(shapely.from_wkt("POINT Z (1 2 3)"), flavor="extended"), "third coordinate"),
    (shapely.to_wkb(shapely.from_wkt("POINT Z (1 2 3)"), flavor="iso"), "third coordinate"),
    (shapely.to_wkb(shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 2))")), "GeometryCollection"),
    (shapely.to_wkb(shapely.set_srid(shapely.Point(1, 2), 3857), include_srid=True), "3857"),
    (shapely.to_wkb(shapely.from_wkt("POINT EMPTY")), "empty"),
    (shapely.to_wkb(shapely.from_wkt("MULTIPOLYGON EMPTY")), "empty"),
    (shapely.to_wkb(shapely.from_wkt("POLYGON EMPTY")), "empty"),
    (struct.pack("<BI", 1, 12), "can't be kept"),
    (struct.pack("<BII", 1, 4, 1) + from_geojson(LINE), "can't have a LineString as a part"),
    (struct.pack("<BI2d", 1, 1, 200.0, 0.0), "longitude"),
    (struct.pack("<BI2d", 1, 1, 0.0, 90.5), "latitude"),
]


@pytest.mark.parametrize(("wkb", "words"), [pytest.param(*row, id=f"{n}-{row[1]}") for n, row in enumerate(UNUSABLE)])
def test_stored_bytes_that_are_no_usable_geometry_are_told(wkb: bytes, words: str) -> None:
    assert words in (check(wkb, "mixed") or "")
    assert words in (writable(wkb, legacy=False) or "")
    assert not same_geometry(wkb, as_bytes(POLYGON))


@pytest.mark.parametrize("obj", ALL, ids=lambda obj: obj["type"])
def test_dhis2_is_given_every_kind_but_the_oldest_only_points_and_areas(obj: GeoJson) -> None:
    wkb = from_geojson(obj)
    assert writable(wkb, legacy=False) is None
    legacy = writable(wkb, legacy=True)
    assert (legacy is None) is (obj["type"] in {"Point", "Polygon", "MultiPolygon"})


def polygon_with(ring: Ring, *holes: Ring) -> GeoJson:
    return geojson("Polygon", [ring, *holes])


def turned(ring: Ring, steps: int) -> Ring:
    opened = ring[:-1]
    start = steps % len(opened)
    rotated = opened[start:] + opened[:start]
    return [*rotated, rotated[0]]


def shifted(obj: GeoJson, by: float) -> GeoJson:
    def walk(part: list[Any]) -> list[Any]:
        return [walk(inner) for inner in part] if isinstance(part[0], list) else [number + by for number in part]

    return geojson(obj["type"], walk(obj["coordinates"]))


SAME = {
    "ring reversed": (POLYGON, polygon_with(SQUARE[::-1], HOLE, OTHER_HOLE)),
    "ring begins elsewhere": (POLYGON, polygon_with(turned(SQUARE, 2), HOLE, OTHER_HOLE)),
    "reversed and begins elsewhere": (POLYGON, polygon_with(turned(SQUARE, 3)[::-1], turned(HOLE, 1), OTHER_HOLE)),
    "holes in another order": (POLYGON, polygon_with(SQUARE, OTHER_HOLE, HOLE)),
    "closing position missing": (POLYGON, polygon_with(SQUARE[:-1], HOLE, OTHER_HOLE)),
    "parts in another order": (MULTIPOLYGON, geojson("MultiPolygon", [[ISLAND], [SQUARE, HOLE]])),
    "one area written as multi": (POLYGON, geojson("MultiPolygon", [POLYGON["coordinates"]])),
    "multi of one written as single": (geojson("MultiPolygon", [[SQUARE]]), geojson("Polygon", [SQUARE])),
    "one line written as multi": (LINE, geojson("MultiLineString", [LINE["coordinates"]])),
    "points in another order": (MULTIPOINT, geojson("MultiPoint", MULTIPOINT["coordinates"][::-1])),
    "whole numbers": (geojson("Point", [1.0, 2.0]), geojson("Point", [1, 2])),
    "a height": (POINT, geojson("Point", [-11.7, 7.9, 31.0])),
    "heights in an area": (polygon_with(SQUARE), polygon_with([[*position, 5] for position in SQUARE])),
    "rounded": (geojson("Point", [-11.70000049, 7.9]), geojson("Point", [-11.7, 7.9])),
    "cut off": (geojson("Point", [-11.7000019, 7.9]), geojson("Point", [-11.700001, 7.9])),
    "either side of a rounding boundary": (
        geojson("Point", [1.00000049999, 0.0]),
        geojson("Point", [1.00000050001, 0.0]),
    ),
    "area rounded": (shifted(POLYGON, 4e-7), POLYGON),
    "islands rounded, other order": (shifted(MULTIPOLYGON, -4e-7), geojson("MultiPolygon", [[ISLAND], [SQUARE, HOLE]])),
}

DIFFERENT = {
    "moved by one in the sixth decimal": (geojson("Point", [1.000001, 2.0]), geojson("Point", [1.0, 2.0])),
    "latitude moved": (geojson("Point", [1.0, 2.00001]), geojson("Point", [1.0, 2.0])),
    "a position more": (POLYGON, polygon_with([*SQUARE[:2], [4.0, 2.0], *SQUARE[2:]], HOLE, OTHER_HOLE)),
    "a corner moved": (POLYGON, polygon_with([SQUARE[0], SQUARE[1], [4.0, 4.1], *SQUARE[3:]], HOLE, OTHER_HOLE)),
    "a hole less": (POLYGON, polygon_with(SQUARE, HOLE)),
    "a hole twice": (POLYGON, polygon_with(SQUARE, HOLE, HOLE)),
    "a part less": (MULTIPOLYGON, geojson("MultiPolygon", [[SQUARE, HOLE]])),
    "the hole in another part": (
        geojson("MultiPolygon", [[SQUARE, HOLE], [ISLAND]]),
        geojson("MultiPolygon", [[SQUARE], [ISLAND, HOLE]]),
    ),
    "line the other way round": (LINE, geojson("LineString", LINE["coordinates"][::-1])),
    "point and multipoint of one": (POINT, geojson("MultiPoint", [POINT["coordinates"]])),
    "multipoint of one and point": (geojson("MultiPoint", [POINT["coordinates"]]), POINT),
    "line and ring": (geojson("LineString", SQUARE), geojson("Polygon", [SQUARE])),
    "same points twice": (MULTIPOINT, geojson("MultiPoint", [[1.0, 2.0], [1.0, 2.0]])),
    "moved area": (shifted(POLYGON, 1e-5), POLYGON),
    "crossed ring": (polygon_with(SQUARE), polygon_with([[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]])),
}


@pytest.mark.parametrize("case", SAME)
def test_the_way_of_writing_is_no_difference(case: str) -> None:
    ours, theirs = SAME[case]
    assert same_geometry(from_geojson(ours), as_bytes(theirs))


@pytest.mark.parametrize("case", DIFFERENT)
def test_another_place_or_outline_is(case: str) -> None:
    ours, theirs = DIFFERENT[case]
    assert not same_geometry(from_geojson(ours), as_bytes(theirs))


@pytest.mark.parametrize(
    "theirs",
    [
        b"",
        b"words",
        b"null",
        b"[1,2]",
        b'{"type":"Point"}',
        b'{"type":"Point","coordinates":null}',
        b'{"type":"Point","coordinates":[]}',
        b'{"type":"Point","coordinates":[1]}',
        b'{"type":"Point","coordinates":["1","2"]}',
        b'{"type":"Polygon","coordinates":[]}',
        b'{"type":"Polygon","coordinates":[[]]}',
        b'{"type":"MultiPolygon","coordinates":[[]]}',
        b'{"type":"MultiPolygon","coordinates":[[[[]]]]}',
        b'{"type":"Polygon","coordinates":[[[0,0],[1],[1,1],[0,0]]]}',
        b'{"type":"MultiPoint","coordinates":[]}',
        b'{"type":"LineString","coordinates":[]}',
        b'{"type":"MultiLineString","coordinates":[[]]}',
        b'{"type":"GeometryCollection","geometries":[]}',
        b'{"type":"Symbol","coordinates":[1,2]}',
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("obj", ALL, ids=lambda obj: obj["type"])
def test_what_an_old_server_stores_without_looking_is_another_geometry_and_no_crash(
    obj: GeoJson, theirs: bytes
) -> None:
    assert not same_geometry(from_geojson(obj), theirs)


def test_no_geometry_equals_only_no_geometry() -> None:
    assert same_geometry(None, None)
    assert not same_geometry(None, as_bytes(POINT))
    assert not same_geometry(from_geojson(POINT), None)


degrees = st.floats(min_value=-80, max_value=80, allow_nan=False)
rings = st.lists(st.tuples(degrees, degrees).map(list), min_size=3, max_size=12).map(lambda ring: [*ring, ring[0]])
areas = st.lists(rings, min_size=1, max_size=3)


@given(st.lists(areas, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_rewriting_an_area_in_any_way_is_no_difference(parts: list[list[Ring]], random: Random) -> None:
    def rewritten(ring: Ring) -> Ring:
        ring = [[round(x, 6), round(y, 6)] for x, y in turned(ring, random.randrange(100))]
        return ring[::-1] if random.random() < 0.5 else ring

    others = []
    for shell, *holes in parts:
        random.shuffle(holes)
        others.append([rewritten(shell), *map(rewritten, holes)])
    random.shuffle(others)
    wkb = from_geojson(geojson("MultiPolygon", parts))
    assert same_geometry(wkb, as_bytes(geojson("MultiPolygon", others)))
    assert check(wkb, "multipolygon") is None
    assert to_geojson(wkb) == geojson("MultiPolygon", parts)


@given(st.lists(areas, min_size=1, max_size=3), st.randoms(use_true_random=False), st.sampled_from([1e-5, -1e-5, 0.5]))
def test_moving_one_position_is_always_seen(parts: list[list[Ring]], random: Random, by: float) -> None:
    others = json.loads(json.dumps(parts))
    ring = random.choice(random.choice(others))
    place = random.randrange(len(ring) - 1)
    # Far from every other position, so that no rewriting of the ring can explain it.
    ring[place] = [ring[place][0] + 90 + by, ring[place][1]]
    ring[-1] = ring[0]
    wkb = from_geojson(geojson("MultiPolygon", parts))
    assert not same_geometry(wkb, as_bytes(geojson("MultiPolygon", others)))


@given(degrees, degrees, st.floats(min_value=-5e-7, max_value=5e-7))
def test_half_a_millionth_of_a_degree_is_never_a_difference_in_a_point(x: float, y: float, by: float) -> None:
    ours = from_geojson(geojson("Point", [x, y]))
    assert same_geometry(ours, as_bytes(geojson("Point", [x + by, y - by])))
    assert not same_geometry(ours, as_bytes(geojson("Point", [x + by + 2e-6, y])))


@given(st.binary(max_size=80))
def test_any_bytes_are_judged_without_a_crash(wkb: bytes) -> None:
    check(wkb, "mixed")
    assert not same_geometry(wkb, b"?")
