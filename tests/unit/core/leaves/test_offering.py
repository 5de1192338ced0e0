"""What a form offers for a type: valid selections, the others with their reasons, suggestions (R7.1, R8.1)."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from cgr.core.mapping_rules import candidates, check_mapping, offer
from cgr.core.records import RemoteShape
from cgr.core.suggestions import Suggestion
from cgr.core.values import COMPATIBLE

from .test_mapping_rules import BEDS, CLINICS, OWNER, PRIVATE, PUBLIC, REMARKS, SHAPE, TYPES, mapping_of, our_attribute
from .test_mapping_rules import remote as remote_attribute

FACILITY = TYPES["facility"]
SETS = {"setOfOwners": "Ownership", "aSetOfTypes": "facility type"}
LOCALES = {"pt_BR": "Portuguese (Brazil)", "fr": "French"}
OFFER = offer(FACILITY, replace(SHAPE, group_sets=SETS, locales=LOCALES))
OF = {one.code: one for one in OFFER.attributes}


def test_each_attribute_has_its_valid_selections_and_the_reason_against_every_other() -> None:
    assert [one.id for one in OF["beds"].valid] == [BEDS]
    assert [one.id for one in OF["remarks"].valid] == [REMARKS]
    reasons = {one.name: one.why_not for one in OF["beds"].others}
    assert reasons["Of data elements"] == "it is not assigned to organisation units in DHIS2"
    assert reasons["Place"] == "values of type COORDINATE are never synchronised"
    assert "HOLOGRAM" in reasons["Hologram"]
    assert all(len(one.valid) + len(one.others) == len(SHAPE.attributes) for one in OFFER.attributes)


def test_terms_get_suggestions_for_options_and_groups_and_other_kinds_none() -> None:
    (ownership,) = OF["owner"].valid
    assert ownership.id == OWNER
    assert ownership.suggestions == (Suggestion("PUB", "1", "same name"), Suggestion("PRI", "2", "same name"))
    assert OF["owner"].groups == (Suggestion("PUB", PUBLIC, "same name"), Suggestion("PRI", PRIVATE, "same name"))
    assert OF["beds"].groups == ()
    assert OF["beds"].valid[0].suggestions == ()


def test_groups_sets_and_languages_come_by_name() -> None:
    assert [group.name for group in OFFER.groups] == ["Clinics", "Locked", "Private", "Public"]
    assert list(OFFER.group_sets.values()) == ["facility type", "Ownership"]
    assert list(OFFER.locales) == ["fr", "pt_BR"]
    assert OFFER.groups[0].id == CLINICS


def test_a_field_offers_the_sources_that_the_check_accepts() -> None:
    sources = {one.field: one.sources for one in OFFER.fields}
    assert sources["shortName"][0] == "derived"
    assert sources["openingDate"] == ("exists.start", "exists.end", "attribute:since")
    assert "attribute:remarks" in sources["description"]
    assert "attribute:owner" not in sources["description"]
    for field, offered in sources.items():
        for source in offered:
            found = check_mapping(mapping_of({"fields": {field: source}}), TYPES, None)
            assert not [finding for finding in found if finding.where.endswith(f"field {field}")], (field, source)


@pytest.mark.parametrize("kind", COMPATIBLE)
def test_every_kind_is_offered_just_the_value_types_of_the_table(kind: str) -> None:
    types = sorted({value_type for accepted in COMPATIBLE.values() for value_type in accepted})
    never = ["TRACKER_ASSOCIATE", "COORDINATE", "ORGANISATION_UNIT", "FILE_RESOURCE", "IMAGE", "GEOJSON", "TOMORROW"]
    option_set = "aSetOfOptio" if kind == "term" else None
    attributes = [
        remote_attribute(f"at{number:09}", value_type, value_type, option_set=option_set)
        for number, value_type in enumerate([*types, *never])
    ]
    shape = RemoteShape((2, 42), "cgr", frozenset(), (), {one.id: one for one in attributes}, {})

    valid, others = candidates(our_attribute("x", kind), shape)

    assert {one.value_type for one in valid} == set(COMPATIBLE[kind])
    assert {one.value_type for one, _ in others} >= set(never)


def test_a_shape_survives_being_kept_as_json() -> None:
    shape = replace(SHAPE, group_sets=SETS, locales=LOCALES)
    assert msgspec.convert(msgspec.to_builtins(shape), RemoteShape) == shape
