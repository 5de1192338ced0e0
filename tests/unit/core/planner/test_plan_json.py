"""A plan as JSON: the contract's shape, the stored form, and the digest."""

from __future__ import annotations

import json

import msgspec

from cgr.core.plan_json import change_json, decode, digest, encode, note_json, problem_json

from .worlds import BEDS, area, point, small_country, uid


def busy_country():
    world = small_country(options={"limits": {"min_units": 1, "moved_share": 0.01}})
    world.level("facility", groups=["groupAllFa1"], attributes=[{"from": "beds", "to": BEDS}])
    world.members["groupAllFa1"] = {uid("F2"), uid("F3")}
    world.change("F1", label={"default": "Bo Clinic", "fr": "Clinique"}, values={"beds": 12}, geometry=point(1, 2.5))
    world.move("F1", "D2")
    world.change("D1", geometry=area([[0, 0], [4, 0], [4, 4], [0, 0]]))
    world.change("F2", label={"default": "x" * 231})
    world.add("R9", "C1", linked=False, label=None)
    world.add("D9", "R9", linked=False)
    world.unit("F3")["closedDate"] = "2020-01-01"
    return world


def said(before, after, label, words):
    return {"from": before, "to": after, "label": label, "words": words}


def test_the_json_is_that_of_the_contract():
    planned = busy_country().plan()
    assert digest(planned).startswith("sha256:")
    assert (planned.as_of, planned.dhis2_version, planned.units) == ("2026-11-23", "2.42.0", 8)
    assert msgspec.to_builtins(planned.counts) == {
        "create": 0,
        "update": 2,
        "move": 1,
        "group": 1,
        "unchanged": 5,
        "problem": 3,
        "not_selected": 0,
    }
    assert {"code": "moved_share", "value": 0.125, "limit": 0.01} in msgspec.to_builtins(planned.guards)
    shown = change_json(planned.changes[1])
    assert shown == {
        "kinds": ["update", "move", "group"],
        "object": {"type": "facility", "code": "F1"},
        "uid": uid("F1"),
        "level": 4,
        "fields": {
            "name": said("Place F1", "Bo Clinic", "Name", "Place F1 → Bo Clinic"),
            "shortName": said("Place F1", "Bo Clinic", "Short name", "Place F1 → Bo Clinic"),
            "geometry": said(None, {"type": "Point", "coordinates": [1.0, 2.5]}, "Geometry", "– → Point 1.0 2.5"),
            "parent": said(uid("D1"), uid("D2"), "Parent", f"{uid('D1')} → {uid('D2')}"),
            f"attribute:{BEDS}": said(None, "12", BEDS, "– → 12"),
            "translation:NAME:fr": said(None, "Clinique", "Name (fr)", "– → Clinique"),
        },
        "groups": ["groupAllFa1"],
        "group_names": ["groupAllFa1"],
    }
    problems = [problem_json(problem) for problem in planned.problems]
    assert [list(problem) for problem in problems] == [
        ["code", "object", "uid", "level", "message", "next_step", "blocked_by"]
    ] * 3
    assert [(one["code"], one["blocked_by"]) for one in problems] == [
        ("required-missing", None),
        ("blocked", {"type": "region", "code": "R9"}),
        ("value-refused", None),
    ]
    assert note_json(planned.notes[0])["code"] == "not-cleared"
    assert json.loads(json.dumps(shown)) == shown


def test_fields_are_shown_in_the_order_of_a_form():
    assert list(change_json(busy_country().plan().changes[1])["fields"]) == [
        "name",
        "shortName",
        "geometry",
        "parent",
        f"attribute:{BEDS}",
        "translation:NAME:fr",
    ]


def test_a_stored_plan_comes_back_as_it_was():
    planned = busy_country().plan()
    assert decode(encode(planned)) == planned
    assert digest(decode(encode(planned))) == digest(planned)


def test_the_digest_is_of_the_plan_and_not_of_the_way_to_it():
    world = busy_country()
    first = digest(world.plan())
    assert digest(world.plan(reversed(world.ours()))) == first
    world.owners = dict(reversed(world.owners.items()))
    assert digest(world.plan()) == first


def test_the_digest_moves_with_either_side():
    world = busy_country()
    first = digest(world.plan())
    world.change("F1", version=2)
    second = digest(world.plan())
    world.unit("F1")["code"] = "other"
    assert len({first, second, digest(world.plan())}) == 3
