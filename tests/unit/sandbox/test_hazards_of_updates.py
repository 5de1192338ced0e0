"""Replies look fine, data is damaged: what an update wipes, tears out or brings back (verified facts H1 to H4, H16)."""

from __future__ import annotations

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_key_left_out_of_an_update_is_a_value_wiped_and_a_parent_lost(country, make_unit, version):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("DistrictNth"), importStrategy="UPDATE")
    assert (reply.status, reply.report["status"], reply.report["stats"]["updated"]) == (200, "OK", 1)
    stored = dhis2.unit("DistrictNth")
    assert {"code", "comment", "phoneNumber", "parent"}.isdisjoint(stored)


@pytest.mark.parametrize("version", VERSIONS)
def test_membership_of_groups_survives_such_an_update(country, make_unit, version):
    dhis2 = country(version)
    dhis2.send(make_unit("NorthClinic"), importStrategy="UPDATE")
    assert dhis2.world.group_members("FacilityGrp") == {"NorthClinic", "SouthHospit"}


@pytest.mark.parametrize(
    ("version", "kept"),
    [("2.31", True), ("2.34", True), ("2.36", True), ("2.38", True), ("2.40", True), ("2.42", False), ("2.43", False)],
)
def test_merge_keeps_plain_fields_and_the_parent_up_to_2_40(country, make_unit, version, kept):
    dhis2 = country(version)
    dhis2.send(make_unit("DistrictNth"), importStrategy="UPDATE", mergeMode="MERGE")
    stored = dhis2.unit("DistrictNth")
    assert ("code" in stored, "parent" in stored) == (kept, kept)


@pytest.mark.parametrize(
    ("version", "left"),
    [
        ("2.31", {"AttributeAA": "new", "AttributeBB": "b"}),
        ("2.34", {"AttributeAA": "a", "AttributeBB": "b"}),
        ("2.36", {"AttributeAA": "new"}),
        ("2.40", {"AttributeAA": "new"}),
    ],
)
def test_merge_treats_attribute_values_as_the_version_does(country, make_unit, version, left):
    dhis2 = country(version)
    dhis2.world.load({"metadata": {"attributes": [_attribute("AttributeAA"), _attribute("AttributeBB")]}})
    values = [{"attribute": {"id": "AttributeAA"}, "value": "a"}, {"attribute": {"id": "AttributeBB"}, "value": "b"}]
    dhis2.send(make_unit("DistrictNth", "CountryRoot", attributeValues=values))
    changed = [{"attribute": {"id": "AttributeAA"}, "value": "new"}]
    dhis2.send(make_unit("DistrictNth", "CountryRoot", attributeValues=changed), mergeMode="MERGE")
    stored = dhis2.unit("DistrictNth")["attributeValues"]
    assert {value["attribute"]["id"]: value["value"] for value in stored} == left


def _attribute(uid):
    return {"id": uid, "name": uid, "valueType": "TEXT", "organisationUnitAttribute": True}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("reference", [{"id": "NobodyKnows"}, {"code": "N"}], ids=["unknown", "by-code-only"])
def test_an_unknown_parent_with_atomic_mode_none_makes_a_new_root(country, make_unit, version, reference):
    dhis2 = country(version)
    reply = dhis2.send(
        make_unit("NewFacility") | {"parent": reference},
        make_unit("NorthClinic") | {"parent": reference},
        atomicMode="NONE",
    )
    assert reply.report["status"] == "WARNING"
    assert set(reply.codes) == {"E5002"}
    assert (reply.report["stats"]["created"], reply.report["stats"]["updated"]) == (1, 1)
    assert (dhis2.parent("NewFacility"), dhis2.parent("NorthClinic")) == (None, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_parent_with_atomic_mode_all_writes_nothing(country, make_unit, version):
    dhis2 = country(version)
    before = dhis2.world.units()
    reply = dhis2.send(make_unit("NewFacility", "NobodyKnows"), make_unit("NorthClinic"))
    assert reply.report["status"] == "ERROR"
    assert dhis2.world.units() == before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_with_an_unknown_member_loses_it_with_atomic_mode_none(country, version):
    dhis2 = country(version)
    members = [{"id": "NorthClinic"}, {"id": "NobodyKnows"}]
    group = {"id": "FacilityGrp", "name": "F", "shortName": "F", "organisationUnits": members}
    reply = dhis2("POST", "metadata", {"organisationUnitGroups": [group]}, atomicMode="NONE")
    assert reply.report["status"] == "WARNING"
    assert dhis2.world.group_members("FacilityGrp") == {"NorthClinic"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_refused_new_parent_takes_the_whole_request_down_with_its_child(country, make_unit, version):
    dhis2 = country(version)
    refused = make_unit("NewDistrict", "CountryRoot", name="n" * 231)
    child = make_unit("NewFacility", "NewDistrict")
    reply = dhis2.send(refused, child, make_unit("Bystandersx", "CountryRoot"), atomicMode="NONE")
    assert reply.status == 409
    assert "TransientObjectException" in reply.json["message"] or "TransientProperty" in reply.json["message"]
    assert len(dhis2.world.units()) == 6


@pytest.mark.parametrize("version", VERSIONS)
def test_a_deleted_unit_is_brought_back_by_create_and_update_and_refused_by_update(country, make_unit, version):
    dhis2 = country(version)
    assert dhis2("DELETE", "organisationUnits/SouthHospit").status == 200
    assert dhis2.send(make_unit("SouthHospit", "DistrictSth"), importStrategy="UPDATE").codes == ["E5001"]
    assert dhis2.world.unit("SouthHospit") is None
    dhis2.send(make_unit("SouthHospit", "DistrictSth"), importStrategy="CREATE_AND_UPDATE")
    assert dhis2.parent("SouthHospit") == "DistrictSth"


@pytest.mark.parametrize("version", VERSIONS)
def test_creating_what_exists_is_refused_as_found(country, make_unit, version):
    dhis2 = country(version)
    assert dhis2.send(make_unit("SouthHospit"), importStrategy="CREATE").codes == ["E5000"]
    assert dhis2.parent("SouthHospit") == "DistrictSth"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_unit_with_children_is_not_deleted(country, version):
    dhis2 = country(version)
    assert dhis2("DELETE", "organisationUnits/DistrictNth").status == 409
    assert dhis2.world.unit("DistrictNth") is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_last_updated_moves_even_if_nothing_changed(country, version):
    dhis2 = country(version)
    now = dhis2.world.clock().replace(year=2031)
    dhis2.world.clock = lambda: now
    owner = dhis2.get("organisationUnits/SouthHospit", fields=":owner")
    assert not dhis2.unit("SouthHospit")["lastUpdated"].startswith("2031")
    dhis2.send(owner, importStrategy="UPDATE")
    assert dhis2.unit("SouthHospit")["lastUpdated"].startswith("2031")
    assert dhis2.parent("SouthHospit") == "DistrictSth"


@pytest.mark.parametrize("version", VERSIONS)
def test_oddities_are_accepted_in_silence(country, make_unit, version):
    dhis2 = country(version)
    odd = make_unit(
        "SecondRootx",
        name="DistrictNth",
        shortName="DistrictNth",
        path="/nowhere",
        level=7,
        organisationUnitGroups=[{"id": "FacilityGrp"}],
        madeUp="x",
    )
    assert dhis2.send(odd).report["status"] == "OK"
    stored = dhis2.unit("SecondRootx")
    assert (stored["path"], stored["level"]) == ("/SecondRootx", 1)
    assert "madeUp" not in stored
    assert "SecondRootx" not in dhis2.world.group_members("FacilityGrp")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_unit_may_take_the_id_of_a_group(country, make_unit, version):
    dhis2 = country(version)
    assert dhis2.send(make_unit("FacilityGrp", "CountryRoot")).report["stats"]["created"] == 1
    assert dhis2.parent("FacilityGrp") == "CountryRoot"
