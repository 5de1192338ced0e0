"""Geometry against geometry (R5.9)."""

from __future__ import annotations

import pytest

from .worlds import area, changes, notes, point, problem, problems, sent, shape, small_country

RING = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [1, 2], [2, 2], [1, 1]]


@pytest.mark.parametrize(
    "theirs",
    [
        {"type": "Polygon", "coordinates": [RING, HOLE]},
        {"type": "Polygon", "coordinates": [RING[::-1], HOLE[::-1]]},
        {"type": "Polygon", "coordinates": [[[4, 4], [0, 4], [0, 0], [4, 0], [4, 4]], HOLE]},
        {"type": "Polygon", "coordinates": [[[x + 4e-7, y - 4e-7] for x, y in RING], HOLE]},
        {"type": "MultiPolygon", "coordinates": [[RING, HOLE]]},
    ],
)
def test_ring_order_start_and_precision_are_no_difference(theirs):
    world = small_country()
    world.change("D1", geometry=area(RING, HOLE))
    world.unit("D1")["geometry"] = theirs
    assert not world.plan().changes


def test_a_point_that_moved_is_sent_as_geojson_with_what_was_there():
    world = small_country()
    world.change("F1", geometry=point(-11.7, 7.9))
    world.unit("F1")["geometry"] = {"type": "Point", "coordinates": [-11.7, 7.8]}
    field = changes(world.plan())["F1"].fields["geometry"]
    assert field.before == {"type": "Point", "coordinates": [-11.7, 7.8]}
    assert field.after == {"type": "Point", "coordinates": [-11.7, 7.9]}


def test_a_geometry_that_only_dhis2_has_stays():
    world = small_country()
    world.unit("F1")["geometry"] = {"type": "Point", "coordinates": [1, 2]}
    planned = world.plan()
    assert not planned.changes
    assert notes(planned) == [("not-cleared", "F1")]


@pytest.mark.parametrize(("said", "of_the_type"), [({"geometry": False}, "mixed"), ({}, "none")])
def test_geometry_goes_only_where_the_level_and_the_type_have_it(said, of_the_type):
    world = small_country(geometry=of_the_type)
    world.level("facility", **said)
    world.change("F1", geometry=point(1, 2))
    world.unit("F2")["geometry"] = {"type": "Point", "coordinates": [1, 2]}
    planned = world.plan()
    assert not planned.changes
    assert not planned.notes


@pytest.mark.parametrize("bad", [point(181, 0), point(0, 91), point(float("nan"), 0), b"\x01\x07\x00\x00\x00"])
def test_a_geometry_that_dhis2_can_not_take_is_a_problem_of_that_object_alone(bad):
    world = small_country()
    world.change("F1", geometry=bad)
    world.change("F2", geometry=point(1, 2))
    planned = world.plan()
    assert problems(planned) == {"F1": ["geometry-unsupported"]}
    assert set(sent(planned)) == {"F2"}


def test_the_type_decides_which_kinds_it_takes():
    world = small_country(geometry="polygon")
    world.change("F1", geometry=point(1, 2))
    assert problems(world.plan()) == {"F1": ["geometry-unsupported"]}


def test_an_old_dhis2_can_not_take_lines():
    line = b"\x01\x02\x00\x00\x00\x02\x00\x00\x00" + bytes(32)
    world = small_country(shape=shape(version=(2, 31, 9)))
    world.change("F1", geometry=line)
    planned = world.plan()
    assert problems(planned) == {"F1": ["geometry-unsupported"]}
    assert "2.31" in problem(planned, "F1").message
