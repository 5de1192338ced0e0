"""Units that an import leaves to a person, each with the reason; what surrounds them is imported (R3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cgr.accounts.actors import Actor
from cgr.core.errors import BadInput, NotAllowed, OtherSide
from cgr.sandbox.faults import Fault

from .country import POINT, SQUARE
from .dhis2_to_import import LEVELS, MAPPING, UNITS, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.sandbox.faults import Kind

    from .dhis2_to_import import Importing

pytestmark = pytest.mark.django_db
IMPORTED = len(UNITS) - 1


def codes(document: dict[str, Any]) -> dict[str, str]:
    return {uid: problem.code for uid, problem in document["problems"].items()}


def facility(code: str, **fields: Any) -> dict[str, Any]:
    return {"type": "facility", "code": code, "label": {"default": code}, **fields}


def value(attribute: str, text: str) -> dict[str, Any]:
    return {"attributeValues": [{"attribute": {"id": attribute}, "value": text}]}


def test_a_code_that_another_object_has_is_not_taken_from_it(importing: Importing) -> None:
    importing.write(facility("F1"), facility("F3", external_ids={"hmis": "OuElsewhere"}))
    document = importing.read()
    assert codes(document) == {"OuFacility1": "code-taken", "OuFacility3": "code-taken"}
    assert "without an id" in document["problems"]["OuFacility1"].message
    assert "OuElsewhere" in document["problems"]["OuFacility3"].message
    assert document["counts"]["new"] == IMPORTED - 2
    assert importing.objects()["F1"]["label"] == {"default": "F1"}


def test_what_is_below_a_conflicting_new_unit_waits_with_it(importing: Importing) -> None:
    importing.write({"type": "country", "code": "C", "label": {"default": "Another country"}})
    document = importing.read()
    assert codes(document)["OuCountry01"] == "code-taken"
    assert set(codes(document).values()) == {"code-taken", "parent-missing"}
    assert document["counts"]["conflict"] == IMPORTED
    assert set(importing.objects()) == {"C"}


def test_what_is_below_an_object_that_is_known_does_not_wait_for_its_conflict(importing: Importing) -> None:
    importing.read()
    importing.load(unit("OuRegionNor", "North", "OuCountry01", code="N", geometry=POINT))
    importing.load(unit("OuFacility9", "New", "OuRegionNor", code="F9"))
    document = importing.read()
    assert codes(document) == {"OuRegionNor": "value-unfit"}
    assert importing.objects()["F9"]["parents"] == {"admin": "N"}


def test_an_id_that_an_object_of_another_type_has_is_a_mismatch(importing: Importing) -> None:
    importing.write({"type": "region", "code": "WRONG", "external_ids": {"hmis": "OuFacility1"}})
    document = importing.read()
    assert codes(document) == {"OuFacility1": "type-mismatch"}


def test_an_id_that_objects_of_two_types_have_is_a_duplicate(importing: Importing) -> None:
    importing.read()
    importing.write({"type": "region", "code": "WRONG", "external_ids": {"hmis": "OuFacility1"}})
    importing.load(unit("OuFacility1", "Renamed", "OuRegionNor", code="F1"))
    document = importing.read()
    assert codes(document) == {"OuFacility1": "duplicate-external-id"}
    assert document["problems"]["OuFacility1"].object.code == "F1"
    assert importing.objects()["F1"]["label"]["default"] != "Renamed"


def test_an_object_whose_unit_went_to_a_level_without_type_is_a_mismatch(importing: Importing) -> None:
    importing.read()
    importing.load(unit("OuFacility2", "No code", "OuFacility1"))
    document = importing.read()
    assert codes(document) == {"OuFacility2": "type-mismatch"}
    assert document["counts"]["vanished"] == 0


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"geometry": SQUARE}, "value-unfit", "it is a Polygon"),
        ({"geometry": {"type": "Point", "coordinates": [200, 0]}}, "value-unfit", "longitude"),
        ({"closedDate": "1999-01-01"}, "value-unfit", "not after its beginning"),
        ({"code": "A\tB"}, "value-unfit", "can't be shown"),
        (value("AtBeds00001", "twelve"), "value-unfit", '"beds": "twelve" is not a whole number'),
        (value("AtArea00001", "wide"), "value-unfit", '"area": "wide" is not a number'),
        (value("AtPower0001", "perhaps"), "value-unfit", '"power": "perhaps" is neither true nor false'),
        (value("AtChecked01", "yesterday"), "value-unfit", "is not a date"),
        (value("AtOwner0001", "3"), "term-unmapped", '"owner": no term is mapped to "3"'),
    ],
)
def test_a_value_that_does_not_fit_is_named(importing: Importing, fields: dict[str, Any], code: str, said: str) -> None:
    importing.load(unit("OuFacility9", "Unfit", "OuRegionNor", **fields))
    document = importing.read(mapping=MAPPING)
    assert codes(document) == {"OuFacility9": code}
    assert said in document["problems"]["OuFacility9"].message
    assert document["counts"]["new"] == IMPORTED


def test_a_unit_in_groups_of_two_terms_is_left_to_a_person(importing: Importing) -> None:
    importing.world.objects["organisationUnitGroups"]["GrHospital1"]["organisationUnits"] = [{"id": "OuFacility1"}]
    document = importing.read(mapping=MAPPING)
    assert codes(document) == {"OuFacility1": "several-groups"}
    assert "CLINIC, HOSPITAL" in document["problems"]["OuFacility1"].message


def test_a_name_of_blanks_alone_gives_an_object_without_label(importing: Importing) -> None:
    importing.load(unit("OuFacility9", "   ", "OuRegionNor", code="F9"))
    assert importing.read()["problems"] == {}
    assert "label" not in importing.objects()["F9"]
    assert importing.read()["counts"]["unchanged"] == IMPORTED + 1


@pytest.mark.parametrize("version", ["2.31", "2.36", "2.42"])
def test_units_in_a_circle_are_told_and_left_out(make_importing: Callable[[str], Importing], version: str) -> None:
    importing = make_importing(version)
    importing.load(
        unit("OuCircleAaa", "One", "OuCircleBbb"),
        unit("OuCircleBbb", "Two", "OuCircleAaa"),
        unit("OuCircleCcc", "Below", "OuCircleBbb"),
    )
    document = importing.read()
    assert codes(document) == dict.fromkeys(("OuCircleAaa", "OuCircleBbb", "OuCircleCcc"), "cycle")
    assert document["counts"]["new"] == IMPORTED
    assert importing.read(levels={2: "region", 3: "facility"}, root="OuRegionNor")["problems"] == {}


def test_an_id_that_is_none_of_dhis2s_is_refused_for_that_unit(make_importing: Callable[[str], Importing]) -> None:
    importing = make_importing("2.36")
    importing.load(unit("1-notAnUid!", "Strange id", "OuRegionNor", code="F9"))
    document = importing.read()
    assert codes(document) == {"1-notAnUid!": "value-unfit"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"levels": {1: "country", 3: "facility"}}, "Level 2 is missing"),
        ({"levels": {1: "country", 2: "facility"}}, 'not directly below "country"'),
        ({"levels": {1: "country", 2: "planet"}}, 'no type "planet"'),
        ({"levels": {0: "country"}}, "counted from 1"),
        ({"levels": {7: "country"}}, "there is no level 7"),
        ({"hierarchy": "unknown"}, 'no hierarchy "unknown"'),
        ({"system": "unknown"}, 'no external system "unknown"'),
        ({"root": "OuNowhere01"}, 'no organisation unit with the id "OuNowhere01"'),
        ({"root": "OuRegionNor", "levels": {1: "country"}}, "stands on level 2, which has no type"),
        ({"start": "2021-02-30"}, "2021-02-30"),
        ({"hierarchy": "admin", "levels": None}, 'a hierarchy "admin" already'),
        ({"mapping": {"fields": {"nick": "label"}}}, 'no field "nick"'),
        ({"mapping": {"fields": {"comment": "note"}}}, '"note" is neither label'),
        ({"mapping": {"fields": {"comment": "attribute:nothing"}}}, 'no attribute "attribute:nothing"|"nothing"'),
        ({"mapping": {"fields": {"comment": "exists.start"}}}, "only openingDate and closedDate"),
        ({"mapping": {"fields": {"shortName": "label", "name": "label"}}}, '"label" is filled 2 times'),
        ({"mapping": {"attributes": [{"from": "AtBeds00001", "to": "nothing"}]}}, 'an attribute "nothing"'),
        ({"mapping": {"attributes": [{"to": "beds"}]}}, "either from a DHIS2 attribute or from groups"),
        ({"mapping": {"attributes": [{"from": "AtNowhere01", "to": "beds"}]}}, 'no attribute "AtNowhere01"'),
        ({"mapping": {"attributes": [{"from": "AtOther0001", "to": "note"}]}}, "no attribute of organisation units"),
        ({"mapping": {"attributes": [{"to": "kind", "groups": {"GrNowhere01": "CLINIC"}}]}}, 'no group "GrNowhere01"'),
        ({"mapping": {"attributes": [{"to": "kind", "groups": {"GrClinics01": "SHOP"}}]}}, 'no term "SHOP"'),
        ({"mapping": {"attributes": [{"from": "AtOwner0001", "to": "owner", "terms": {"1": "X"}}]}}, 'no term "X"'),
        ({"mapping": {"colour": "red"}}, 'there is no key "colour"'),
        (
            {"mapping": {"attributes": [{"from": "AtOwner0001", "to": "owner", "terms": {1: "PUB"}}]}},
            "expected a text, not a number",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_nothing_written(
    importing: Importing, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        importing.read(**asked)
    assert importing.objects() == {}


@pytest.mark.parametrize("kind", ["truncated", "html", "cut-before"])
def test_a_server_that_fails_while_it_is_read_leaves_nothing_behind(importing: Importing, kind: Kind) -> None:
    importing.world.faults.add(Fault(kind, path="/api/organisationUnits", after=1, times=0))
    with pytest.raises(OtherSide):
        importing.read()
    assert importing.objects() == {}


def test_who_may_not_run_imports_is_refused(importing: Importing) -> None:
    importing.actor = Actor(name="guest")
    with pytest.raises(NotAllowed):
        importing.read(levels=LEVELS)
