"""Organisation units between DHIS2's JSON and our records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from cgr.core.errors import BadInput, ProtocolBroken
from cgr.dhis2 import UNIT_FIELDS, features_of, parse_version, payload_unit
from cgr.dhis2.legacy_geometry import to_geojson
from cgr.dhis2.units import fields_query, their_unit
from cgr.dhis2.wire import UnitPage, UnitRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.core.records import TheirUnit
    from cgr.dhis2.versions import Features

OLD, NEW = features_of((2, 31, 9)), features_of((2, 42, 5, 2))
VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]


def read(**row: object) -> TheirUnit:
    body = json.dumps({"id": "OuFacility1", "path": "/OuCountry01/OuFacility1", **row})
    return their_unit(msgspec.json.decode(body, type=UnitRow))


def test_a_row_becomes_a_record() -> None:
    unit = read(
        name="Facility 1",
        shortName="F 1",
        code="F-1",
        openingDate="2000-01-01T00:00:00.000",
        closedDate="2030-12-31",
        parent={"id": "OuCountry01", "name": "not asked for"},
        phoneNumber="+111",
        contactPerson="A. Person",
        geometry={"type": "Point", "coordinates": [-1.25, 5.125]},
        translations=[{"property": "NAME", "locale": "fr", "value": "Un"}],
        attributeValues=[{"value": "12", "attribute": {"id": "Beds0000001", "name": "Beds"}}],
        unknown={"to": "us"},
    )
    assert unit.uid == "OuFacility1"
    assert (unit.level, unit.parent) == (2, "OuCountry01")
    assert (unit.name, unit.short_name, unit.code) == ("Facility 1", "F 1", "F-1")
    assert (unit.opening_date, unit.closed_date) == ("2000-01-01", "2030-12-31")
    assert (unit.phone_number, unit.contact_person, unit.email) == ("+111", "A. Person", None)
    assert json.loads(unit.geometry or b"") == {"type": "Point", "coordinates": [-1.25, 5.125]}
    assert unit.translations == (("NAME", "fr", "Un"),)
    assert unit.attribute_values == {"Beds0000001": "12"}


def test_a_day_is_whole_whatever_its_year_is_and_whether_a_time_follows() -> None:
    days = ["0001-01-01", "2001-02-03", "9999-12-31", "12001-02-03"]
    assert [read(openingDate=f"{day}T00:00:00.000").opening_date for day in days] == days
    assert [read(closedDate=day).closed_date for day in days] == days


def test_null_and_missing_are_the_same() -> None:
    nothing = dict.fromkeys(
        ["name", "code", "openingDate", "closedDate", "geometry", "translations", "attributeValues", "parent", "email"]
    )
    assert read(**nothing) == read()
    assert read().geometry is None
    assert read().attribute_values is None


def test_the_level_is_counted_in_the_path_because_the_stored_one_goes_stale() -> None:
    assert read(path="/OuCountry01/OuRegionNor/OuDistrictA/OuFacility1", level=7).level == 4


def test_a_unit_without_a_path_is_not_guessed_at() -> None:
    with pytest.raises(ProtocolBroken) as caught:
        read(path=None)
    assert caught.value.code == "unknown-shape"


def test_attribute_values_come_as_a_list_or_as_a_map() -> None:
    as_list = read(
        attributeValues=[{"value": "1", "attribute": {"id": "A"}}, {"value": None, "attribute": {"id": "B"}}]
    )
    as_map = read(attributeValues={"A": {"value": "1"}, "B": {"value": None}})
    assert as_list.attribute_values == as_map.attribute_values == {"A": "1"}


def test_of_two_values_of_one_attribute_the_first_counts() -> None:
    twice = [{"value": "1", "attribute": {"id": "A"}}, {"value": "2", "attribute": {"id": "A"}}]
    assert read(attributeValues=twice).attribute_values == {"A": "1"}


def test_attribute_values_of_an_unknown_form_are_not_guessed_at() -> None:
    with pytest.raises(ProtocolBroken, match="OuFacility1") as caught:
        read(attributeValues=[{"value": 12, "attribute": {"id": "A"}}])
    assert caught.value.code == "unknown-shape"


def test_a_corrupt_translation_is_left_out() -> None:
    rows = [{"property": "NAME", "value": "x"}, {"locale": "fr"}, {"property": "NAME", "locale": "fr", "value": "Un"}]
    assert read(translations=rows).translations == (("NAME", "fr", "Un"),)


# What 2.31 can hold in its pair of texts, as recorded in 12-create-legacy-geometry, and what it means.
LEGACY = [
    ("POINT", "[36.82194612345678,-1.29206612345678]", "Point"),
    ("POLYGON", "[[[-2, -2], [2, -2], [2, 2], [-2, -2]]]", "Polygon"),
    ("POLYGON", "[[[[-2, -2], [2, -2], [2, 2], [-2, -2]]]]", "MultiPolygon"),
    ("MULTI_POLYGON", "[ [\n[[-2, -2], [2, -2], [2, 2], [-2, -2]]] ]", "MultiPolygon"),
    ("SYMBOL", "[1,2]", "Point"),
    ("NONE", "[1,2]", None),
    (None, "[1,2]", None),
    ("POINT", None, None),
    ("POINT", "", None),
    ("POINT", "[1,", None),
    ("POINT", "here", None),
    ("POINT", "[]", None),
    ("POINT", '["1","2"]', None),
    ("POLYGON", "[[1,2],[3,4]]", None),
    ("POLYGON", "[[[1,2],[3]],{}]", None),
]


@pytest.mark.parametrize(("feature_type", "coordinates", "kind"), LEGACY)
def test_the_texts_of_2_31_become_a_geometry_or_nothing(
    feature_type: str | None, coordinates: str | None, kind: str | None
) -> None:
    found = to_geojson(feature_type, coordinates)
    assert (json.loads(found)["type"] if found else None) == kind
    assert found is None or json.loads(found)["coordinates"] == json.loads(coordinates or "")


def test_a_2_31_row_carries_its_geometry() -> None:
    assert read(featureType="POINT", coordinates="[1.5,2.5]").geometry == b'{"type":"Point","coordinates":[1.5,2.5]}'


@pytest.mark.parametrize("version", VERSIONS)
def test_the_recorded_list_reads_alike_in_every_version(
    recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    def units(of: str) -> dict[str, TheirUnit]:
        for exchange in recorded(of, "08-orgunits-list")["exchanges"]:
            query = exchange["request"].get("query") or {}
            if query.get("order") == "level:asc,name:asc" and "attributeValues" in query.get("fields", ""):
                page = msgspec.json.decode(json.dumps(exchange["response"]["body"]), type=UnitPage)
                return {row.id: their_unit(row) for row in page.organisation_units or ()}
        raise AssertionError

    def plain(unit: TheirUnit) -> dict[str, object]:
        values = msgspec.structs.asdict(unit)
        return values | {
            "geometry": json.loads(unit.geometry) if unit.geometry else None,
            "translations": sorted(unit.translations),
        }

    found, expected = units(version), units("2.42")
    assert len(expected) == 10
    assert {uid: plain(unit) for uid, unit in found.items()} == {uid: plain(unit) for uid, unit in expected.items()}
    assert found["OuFacility1"].level == 4


def test_it_asks_only_for_what_is_needed_in_the_form_of_the_version() -> None:
    assert fields_query(("geometry", "name"), features=NEW) == "id,path,parent[id],name,geometry"
    assert fields_query(("geometry", "name"), features=OLD) == "id,path,parent[id],name,featureType,coordinates"
    assert fields_query((), features=NEW) == "id,path,parent[id]"
    everything = fields_query(None, features=NEW)
    assert all(name in everything for name in UNIT_FIELDS)
    assert "attributeValues[value,attribute[id]]" in everything


def test_a_field_that_no_unit_has_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="nickname"):
        fields_query(("name", "nickname"), features=NEW)


OWNER = {
    "id": "OuFacility1",
    "name": "Facility 1",
    "shortName": "Facility 1",
    "code": "F-1",
    "created": "2019-05-02T10:11:12.345",
    "createdBy": {"id": "M5zQapPyTZI", "username": "admin"},
    "user": {"id": "M5zQapPyTZI"},
    "openingDate": "2000-01-01T00:00:00.000",
    "closedDate": "2030-12-31T00:00:00.000",
    "parent": {"id": "OuDistrictA"},
    "image": {"id": "FileRes0001"},
    "comment": "first",
    "translations": [{"property": "NAME", "locale": "fr", "value": "Un"}, {"property": "NAME", "locale": None}],
    "attributeValues": [{"value": "", "attribute": {"id": "Av00Text000"}}],
    "aPropertyOfTomorrow": {"kept": True},
    "type": "what a later version may call the kind of a unit",
}
HOUSEKEEPING = {
    "lastUpdated": "2026-11-23T07:48:07.241",
    "lastUpdatedBy": {"id": "M5zQapPyTZI"},
    "path": "/OuCountry01/OuFacility1",
    "level": 4,
    "href": "https://hmis.example.org/api/organisationUnits/OuFacility1",
    "access": {"read": True},
}


def test_a_payload_keeps_everything_but_what_the_server_makes() -> None:
    dates = {"openingDate": "2000-01-01", "closedDate": "2030-12-31"}
    assert payload_unit({**OWNER, **HOUSEKEEPING}, NEW) == {**OWNER, **dates}


def test_a_payload_leaves_the_owner_as_it_was() -> None:
    owner = {**OWNER, "geometry": None}
    before = json.dumps(owner)
    payload_unit(owner, OLD)
    assert json.dumps(owner) == before


POINT = {"type": "Point", "coordinates": [-1.25, 5.125]}
RING = [[-2, -2], [2, -2], [2, 2], [-2, -2]]


@pytest.mark.parametrize(
    ("geometry", "pair"),
    [
        (POINT, ("POINT", "[-1.25,5.125]")),
        ({"type": "Polygon", "coordinates": [RING]}, ("MULTI_POLYGON", json.dumps([[RING]], separators=(",", ":")))),
        (
            {"type": "MultiPolygon", "coordinates": [[RING]]},
            ("MULTI_POLYGON", json.dumps([[RING]], separators=(",", ":"))),
        ),
        (None, ("NONE", None)),
    ],
)
def test_a_geometry_goes_to_2_31_as_its_pair_of_texts(geometry: object, pair: tuple[str, str | None]) -> None:
    owner = {**OWNER, "featureType": "POINT", "coordinates": "[0,0]", "geometry": geometry}
    body = payload_unit(owner, OLD)
    assert (body["featureType"], body.get("coordinates")) == pair
    assert "geometry" not in body
    assert payload_unit({**OWNER, "geometry": geometry}, NEW).get("geometry") == geometry


@pytest.mark.parametrize("features", [OLD, NEW])
def test_what_is_to_be_cleared_is_left_out_as_every_version_was_seen_to_understand(features: Features) -> None:
    body = payload_unit({**OWNER, "closedDate": None, "comment": None, "geometry": None}, features)
    assert body.keys().isdisjoint({"closedDate", "comment", "geometry", "coordinates"})


def test_the_pair_of_2_31_stays_when_the_geometry_is_not_ours() -> None:
    owner = {**OWNER, "featureType": "POLYGON", "coordinates": "[1,"}
    body = payload_unit(owner, OLD)
    assert (body["featureType"], body["coordinates"]) == ("POLYGON", "[1,")


@pytest.mark.parametrize("kind", ["LineString", "MultiPoint", "GeometryCollection"])
def test_a_geometry_that_2_31_cannot_store_is_refused(kind: str) -> None:
    with pytest.raises(BadInput) as caught:
        payload_unit({**OWNER, "geometry": {"type": kind, "coordinates": [[1, 2]]}}, OLD)
    assert caught.value.code == "geometry-unsupported"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_recorded_overlay_is_the_payload_that_loses_nothing(
    recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    exchanges = recorded(version, "14-overlay-update-keeps")["exchanges"]
    owner = exchanges[0]["response"]["body"]
    sent = next(
        e["request"]["body"]["organisationUnits"][0]
        for e in exchanges
        if "without housekeeping" in (e.get("note") or "")
    )
    body = payload_unit(owner, features_of(parse_version(version)))
    kept = {name: value for name, value in body.items() if name not in {"created", "createdBy", "user", "name"}}
    dates = {name: sent[name][:10] for name in ("openingDate", "closedDate")}
    assert kept == {name: value for name, value in sent.items() if name != "name"} | dates
    assert body["created"] == owner["created"]
