"""The body that is sent for a unit, and the fingerprint that tells whether it may be (R5.7)."""

from __future__ import annotations

import copy
import json

import pytest

from cgr.core.overlay import from_owner, overlay
from cgr.core.planner import basis

from .worlds import BEDS, OWNER, changes, point, small_country, uid


def rich_country():
    """A country in which one unit has everything that nobody maps."""
    world = small_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS}])
    world.unit("F1").update(
        {
            "comment": "kept",
            "contactPerson": "Ms Kamara",
            "email": "f1@example.org",
            "created": "2010-01-01T10:00:00.000",
            "createdBy": {"id": "user0000001"},
            "image": {"id": "image000001"},
            "unknownOfTomorrow": [1, {"a": None}],
            "translations": [
                {"property": "NAME", "locale": "fr", "value": "Poste"},
                {"property": "NAME", "locale": "fr", "value": "Poste bis"},
                {"property": "FORM_NAME", "locale": "fr", "value": "x"},
                {"property": "NAME"},
            ],
            "attributeValues": [
                {"attribute": {"id": OWNER, "name": "Ownership"}, "value": "1", "created": "2015"},
                {"attribute": {"id": BEDS}, "value": "3"},
                {"attribute": {"id": BEDS}, "value": "4"},
                {"attribute": {"id": "attrOther01"}, "value": "kept"},
            ],
        }
    )
    world.give("F1", beds=3)
    return world


def body_of(world, code="F1"):
    return overlay(world.unit(code), changes(world.plan())[code])


def test_only_what_changed_differs_in_the_body():
    world = rich_country()
    world.rename("F1", "Changed")
    before = copy.deepcopy(world.unit("F1"))
    body = body_of(world)
    assert body == {**before, "name": "Changed", "shortName": "Changed"}
    assert world.unit("F1") == before


def test_an_attribute_is_set_in_its_place_and_others_stay_as_they_are():
    world = rich_country()
    world.give("F1", beds=12)
    before = copy.deepcopy(world.unit("F1")["attributeValues"])
    values = body_of(world)["attributeValues"]
    assert values == [before[0], {"attribute": {"id": BEDS}, "value": "12"}, before[3]]
    assert world.unit("F1")["attributeValues"] == before


@pytest.mark.parametrize(("value", "left"), [(12, {BEDS: {"value": "12"}}), (None, {})])
def test_the_map_form_of_attribute_values_keeps_what_is_not_mapped(value, left):
    world = rich_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS, "clear": True}])
    world.change("F1", values={} if value is None else {"beds": value})
    others = {OWNER: {"value": "1"}, "attrOther01": {"value": "kept", "created": "2015"}}
    owner = {**world.unit("F1"), "attributeValues": {**others, BEDS: {"value": "3"}}}
    change = changes(world.plan())["F1"]
    assert basis(from_owner(owner), world.mapping, change.level, change.fields) == change.basis
    assert overlay(owner, change)["attributeValues"] == {**others, **left}


def test_an_attribute_that_is_cleared_leaves_the_list():
    world = rich_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS, "clear": True}])
    world.change("F1", values={})
    assert [one["attribute"]["id"] for one in body_of(world)["attributeValues"]] == [OWNER, "attrOther01"]


def test_a_translation_is_set_in_its_place_and_corrupt_ones_of_others_stay():
    world = rich_country()
    world.rename("F1", "Place F1", fr="Clinique", pt="Posto")
    before = world.unit("F1")["translations"]
    assert body_of(world)["translations"] == [
        {"property": "NAME", "locale": "fr", "value": "Clinique"},
        before[2],
        before[3],
        {"property": "NAME", "locale": "pt", "value": "Posto"},
    ]


def test_a_move_changes_the_parent_alone():
    world = rich_country()
    world.move("F1", "D2")
    assert body_of(world) == {**world.unit("F1"), "parent": {"id": uid("D2")}}


def test_a_new_unit_has_its_id_and_what_the_plan_says():
    world = small_country()
    world.add("F9", "D1", linked=False, geometry=point(1, 2))
    change = changes(world.plan())["F9"]
    assert overlay(None, change) == {
        "id": change.uid,
        "name": "Place F9",
        "shortName": "Place F9",
        "code": "F9",
        "openingDate": "2001-01-01",
        "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
        "parent": {"id": uid("D1")},
    }


def test_a_cleared_field_is_sent_as_null():
    world = small_country()
    world.level("facility", fields={"closedDate": {"from": "exists.end", "clear": True}})
    world.unit("F1")["closedDate"] = "2020-01-01"
    assert body_of(world)["closedDate"] is None


@pytest.mark.parametrize(
    "spelled",
    [
        {"name": " Place  F1"},
        {"openingDate": "2001-01-01"},
        {"geometry": {"coordinates": [1, 2.0], "type": "Point"}},
        {"comment": "of no interest"},
        {"translations": [{"property": "NAME", "locale": "es", "value": "Otro"}]},
        {"attributeValues": [{"attribute": {"id": OWNER}, "value": "new"}]},
    ],
)
def test_the_basis_stays_when_nothing_mapped_changed(spelled):
    world = small_country()
    world.unit("F1")["geometry"] = {"type": "Point", "coordinates": [1.0, 2]}
    world.rename("F1", "Changed", fr="Changé")
    change = changes(world.plan())["F1"]
    fresh = from_owner({**world.unit("F1"), **spelled})
    assert basis(fresh, world.mapping, change.level, change.fields) == change.basis


@pytest.mark.parametrize(
    "moved",
    [
        {"name": "Renamed there"},
        {"shortName": "Renamed"},
        {"code": None},
        {"openingDate": "2001-01-02"},
        {"closedDate": "2020-01-01"},
        {"parent": {"id": "elsewhere01"}},
        {"parent": None},
        {"geometry": {"type": "Point", "coordinates": [1, 2.1]}},
        {"geometry": None},
        {"translations": [{"property": "NAME", "locale": "fr", "value": "Autre"}]},
        {"attributeValues": [{"attribute": {"id": BEDS}, "value": "4"}]},
    ],
)
def test_the_basis_moves_with_every_mapped_value(moved):
    world = small_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS}])
    world.unit("F1")["geometry"] = {"type": "Point", "coordinates": [1.0, 2]}
    world.rename("F1", "Changed", fr="Changé")
    change = changes(world.plan())["F1"]
    fresh = from_owner({**world.unit("F1"), **moved})
    assert basis(fresh, world.mapping, change.level, change.fields) != change.basis


def test_under_relationships_the_basis_is_the_parent_alone():
    world = small_country()
    world.level("facility", sync="relationships")
    world.move("F1", "D2")
    change = changes(world.plan())["F1"]
    renamed = from_owner({**world.unit("F1"), "name": "Renamed there"})
    moved = from_owner({**world.unit("F1"), "parent": {"id": "elsewhere01"}})
    assert basis(renamed, world.mapping, 4, change.fields) == change.basis
    assert basis(moved, world.mapping, 4, change.fields) != change.basis


def test_under_org_units_the_parent_is_no_part_of_the_basis():
    world = small_country()
    world.level("facility", sync="org_units")
    world.rename("F1", "Changed")
    change = changes(world.plan())["F1"]
    moved = from_owner({**world.unit("F1"), "parent": {"id": "elsewhere01"}})
    assert basis(moved, world.mapping, 4, change.fields) == change.basis


RING = [[0, 0], [4, 0], [4, 4], [0, 0]]


@pytest.mark.parametrize(
    ("kind", "coordinates", "read"),
    [
        ("POINT", "[1.5, 2]", {"type": "Point", "coordinates": [1.5, 2]}),
        ("POLYGON", f"[{RING}]", {"type": "Polygon", "coordinates": [RING]}),
        ("POLYGON", f"[[{RING}]]", {"type": "MultiPolygon", "coordinates": [[RING]]}),
        ("MULTI_POLYGON", f"[{RING}]", {"type": "Polygon", "coordinates": [RING]}),
        ("SYMBOL", "[1.5, 2]", {"type": "Point", "coordinates": [1.5, 2]}),
        ("POINT", "somewhere", None),
        ("POINT", "[]", None),
        ("POINT", '["1", "2"]', None),
        ("POINT", "[true, false]", None),
        ("POLYGON", "[[[0, 0], [1, 1]]]", None),
        ("MULTI_POLYGON", "[[[[0, 0], [1, 1]]]]", None),
        ("POLYGON", "[[1, 2], [3, 4]]", None),
        ("NONE", "[1.5, 2]", None),
        (None, "[1.5, 2]", None),
        ("POINT", None, None),
    ],
)
def test_of_the_unchecked_coordinates_of_2_31_only_points_and_areas_count(kind, coordinates, read):
    unit = from_owner({"id": uid("F1"), "featureType": kind, "coordinates": coordinates})
    assert (None if unit.geometry is None else json.loads(unit.geometry)) == read


def test_an_area_reads_the_same_after_2_31_has_stored_it_as_several():
    polygon = from_owner({"id": uid("F1"), "geometry": {"type": "Polygon", "coordinates": [RING]}})
    stored = from_owner({"id": uid("F1"), "featureType": "MULTI_POLYGON", "coordinates": f"[[{RING}]]"})
    mapping = small_country().mapping
    assert basis(polygon, mapping, 4, ()) == basis(stored, mapping, 4, ())


def test_the_depth_of_a_unit_is_that_of_its_path():
    assert from_owner({"id": uid("F1"), "path": f"/{uid('C1')}/{uid('F1')}", "level": 7}).level == 2
