"""Which drafts may be written: the rules about one object, kind by kind."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import asdict

from cgr.core.draft_rules import CheckedDraft, Definitions, checked, value_of
from cgr.core.drafts import Always, History, ObjectDraft, Since
from cgr.core.errors import BadInput
from cgr.core.geometry import from_geojson
from cgr.core.records import OurAttribute, OurType

FACILITY = OurType(
    code="facility",
    label={"default": "Facility"},
    geometry="point",
    parent=None,
    attributes={
        "beds": OurAttribute("beds", "integer", {"default": "Beds"}),
        "owner": OurAttribute("owner", "term", {"default": "Owner"}, {"PUB": {"default": "Public"}}),
    },
)
DEFINITIONS = Definitions(
    types={"facility": FACILITY},
    hierarchies={"admin": {"district": None, "facility": "district"}, "flat": {"facility": None}, "other": {}},
    systems={"hmis": "dhis2"},
)


def draft(**fields: Any) -> ObjectDraft:
    return ObjectDraft(**{"type": "facility", "code": "F1", **fields})


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", "a"),
        ("text", "  a\tb\n"),
        ("localized_text", {"default": "a", "fr": "b"}),
        ("boolean", True),
        ("boolean", False),
        ("date", "2020-02-29"),
        ("date", "0001-01-01"),
        ("integer", 0),
        ("integer", -(2**63) + 1),
        ("integer", 2**63 - 1),
        ("decimal", 1),
        ("decimal", -1.5),
        ("decimal", "12.50"),
        ("decimal", "-0.1"),
        ("term", "PUB"),
    ],
)
def test_a_value_of_its_kind_is_kept_as_it_is(kind: str, raw: object) -> None:
    assert value_of(kind, raw, {"PUB": {}}) == raw


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", ""),
        ("text", " \n"),
        ("text", 5),
        ("text", "a\x00"),
        ("localized_text", {"fr": "b"}),
        ("localized_text", 3),
        ("boolean", 0),
        ("boolean", "true"),
        ("date", "2021-02-30"),
        ("date", "20210203"),
        ("date", 7),
        ("integer", 1.0),
        ("integer", "1"),
        ("integer", True),
        ("integer", 2**63),
        ("decimal", True),
        ("decimal", "1,5"),
        ("decimal", "1e5"),
        ("decimal", "٣"),
        ("decimal", 10**30),
        ("term", "XXX"),
        ("term", 1),
        ("term", {"default": "PUB"}),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: str, raw: object) -> None:
    with pytest.raises(BadInput):
        value_of(kind, raw, {"PUB": {}})


def test_a_plain_label_becomes_localized_text() -> None:
    assert checked(draft(label=Always("Clinic ")), DEFINITIONS).label == Always({"default": "Clinic"})


@pytest.mark.parametrize(
    "fields",
    [
        {"values": {"beds": None}},
        {"values": {"beds": Since("2020-01-01", None)}},
        {"values": {"owner": History([{"from": None, "to": None, "value": "PUB"}])}},
        {"parents": {"admin": Always("D")}},
        {"parents": {"admin": Always(7)}},
        {"parents": {"flat": None}},
        {"parents": {"admin": History([{"from": None, "to": None, "value": code} for code in "AB"])}},
        {"external_ids": {"hmis": "DiszpKrYNg8"}},
        {"external_ids": {"hmis": None}},
        {"geometry": Always(from_geojson({"type": "Point", "coordinates": [1, 2]}))},
    ],
)
def test_what_may_be_written_passes_unchanged(fields: dict[str, Any]) -> None:
    passed = checked(draft(**fields), DEFINITIONS)

    assert passed == CheckedDraft(**asdict(draft(**fields)), definitions=DEFINITIONS)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "district"}, 'no type "district"'),
        ({"code": ""}, "empty"),
        ({"code": " F1"}, "blank"),
        ({"code": "x" * 101}, "longer than 100"),
        ({"code": "a\nb"}, "can't be shown"),
        ({"exists": []}, "at least one period"),
        ({"exists": [{"from": "2020-01-01", "to": "2020-01-01"}]}, "exists"),
        ({"exists": [{"from": None, "to": None}, {"from": "2020-01-01", "to": None}]}, "overlap"),
        ({"values": {"rooms": Always(1)}}, 'no attribute "rooms"'),
        ({"values": {"beds": Always(None)}}, '"beds"'),
        ({"values": {"beds": Since("2020-13-01", 1)}}, "2020-13-01"),
        ({"values": {"beds": History([{"from": None, "to": None, "value": "1"}])}}, "whole number"),
        ({"values": {"beds": History([{"from": None, "to": None, "value": n} for n in (1, 2)])}}, "overlap"),
        ({"parents": {"health": Always("D")}}, 'no hierarchy "health"'),
        ({"parents": {"flat": Always("D")}}, "at the top"),
        ({"parents": {"other": Always("D")}}, "has no place"),
        ({"parents": {"admin": Always("")}}, "parent's code"),
        ({"external_ids": {"erp": "x"}}, 'no external system "erp"'),
        ({"external_ids": {"hmis": "iszpKrYNg8"}}, "eleven letters or digits"),
        ({"geometry": Always(from_geojson({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}))}, '"geometry"'),
        ({"geometry": Always("POINT (1 2)")}, '"geometry"'),
    ],
)
def test_what_may_not_be_written_is_refused_in_words(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as refused:
        checked(draft(**fields), DEFINITIONS)

    assert words in refused.value.message
