"""A plan's changes in words: names of attributes, options, groups and parents beside ids and codes (R9.1)."""

from __future__ import annotations

from typing import Any

import pytest

from cgr.core.changes import FieldChange
from cgr.core.plan_json import change_json
from cgr.core.plan_words import NO_NAMES, Names, Words, field_words, names_for

from .worlds import ALL_FACILITIES, BEDS, OWNER, World, small_country, uid

LINE = {"type": "LineString", "coordinates": [[0, 0], [1, 1], [2, 2]]}
AREA = {"type": "MultiPolygon", "coordinates": [[[[0, 0], [0, 1], [1, 1], [0, 0]]], [[[5, 5], [5, 6], [6, 6], [5, 5]]]]}
NAMES = Names(
    attributes={"l1VmqIHKk6t": "Ownership"},
    options={"l1VmqIHKk6t": {"1": "Private", "2": "Public"}},
    units={"O6uvpzGd5pu": "Bo", "fdc6uOvgoji": "Bombali"},
)


@pytest.mark.parametrize(
    ("key", "before", "after", "label", "words"),
    [
        ("name", "Bo", "Bo Clinic", "Name", "Bo → Bo Clinic"),
        ("shortName", None, "Bo", "Short name", "– → Bo"),
        ("closedDate", "2020-01-01", None, "Closed date", "2020-01-01 → –"),
        ("attribute:l1VmqIHKk6t", "1", "2", "Ownership", "1 → 2 (Private → Public)"),
        ("attribute:l1VmqIHKk6t", None, "2", "Ownership", "– → 2 (Public)"),
        ("attribute:l1VmqIHKk6t", "2", None, "Ownership", "2 → – (Public)"),
        ("attribute:l1VmqIHKk6t", "9", "2", "Ownership", "9 → 2 (9 → Public)"),
        ("attribute:n2xYlNbsfko", None, "12", "n2xYlNbsfko", "– → 12"),
        ("parent", "O6uvpzGd5pu", "fdc6uOvgoji", "Parent", "O6uvpzGd5pu → fdc6uOvgoji (Bo → Bombali)"),
        ("parent", None, "unknown0000", "Parent", "– → unknown0000"),
        ("translation:SHORT_NAME:fr", None, "Clinique", "Short name (fr)", "– → Clinique"),
        ("geometry", None, {"type": "Point", "coordinates": [1.0, 2.5]}, "Geometry", "– → Point 1.0 2.5"),
        ("geometry", LINE, AREA, "Geometry", "LineString of 3 positions → MultiPolygon of 8 positions"),
        ("geometry", {"type": "Point"}, None, "Geometry", "Point → –"),
    ],
)
def test_a_field_is_said_with_its_name_and_the_names_of_its_values(
    key: str, before: object, after: object, label: str, words: str
) -> None:
    assert field_words(key, FieldChange(before, after), NAMES) == Words(label, words)


def busy_country() -> World:
    world = small_country()
    attributes = [{"from": "beds", "to": BEDS}, {"from": "owner", "to": OWNER, "terms": {"PUB": "1", "PRI": "2"}}]
    world.level("facility", groups=[ALL_FACILITIES], attributes=attributes)
    world.give("F1", beds=12, owner="PUB")
    world.unit("F1")["attributeValues"] = [{"attribute": {"id": OWNER}, "value": "2"}]
    world.move("F1", "D2")
    world.add("D9", "R1", linked=False)
    world.add("F9", "D9", linked=False)
    return world


def shown(world: World) -> dict[str, dict[str, Any]]:
    plan = world.plan()
    names = names_for(plan, world.shape, world.theirs().units)
    return {change.object.code: change_json(change, names) for change in plan.changes}


def test_the_names_are_those_of_dhis2_and_of_units_that_the_plan_creates() -> None:
    changes = shown(busy_country())
    moved, new = changes["F1"], changes["F9"]
    assert moved["fields"]["parent"]["words"] == f"{uid('D1')} → {uid('D2')} (Place D1 → Place D2)"
    assert moved["fields"][f"attribute:{OWNER}"] == {
        "from": "2",
        "to": "1",
        "label": "Ownership",
        "words": "2 → 1 (Private → Public)",
    }
    assert moved["group_names"] == ["All facilities"]
    assert new["fields"]["parent"]["words"] == f"– → {changes['D9']['uid']} (Place D9)"


def test_no_more_is_kept_than_the_plan_mentions() -> None:
    world = small_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS}])
    world.give("F1", beds=12)
    world.move("F1", "D2")
    plan = world.plan()
    assert names_for(plan, world.shape, world.theirs().units) == Names(
        attributes={BEDS: "Beds"}, options={BEDS: {}}, units={uid("D1"): "Place D1", uid("D2"): "Place D2"}
    )


def test_without_names_ids_and_codes_stand_for_themselves() -> None:
    assert field_words("attribute:x", FieldChange("1", "2"), NO_NAMES) == Words("x", "1 → 2")
