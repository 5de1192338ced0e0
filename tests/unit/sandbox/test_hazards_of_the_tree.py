"""Circles, moves and what goes stale with them (verified facts H5 to H7)."""

from __future__ import annotations

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
SINCE_MOVE_RIGHTS = ("2.38", "2.40", "2.42", "2.43")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("parent", ["DistrictNth", "ClinicAnnex"], ids=["itself", "its-grandchild"])
def test_a_circle_of_existing_units_is_500_and_from_2_43_on_stored(country, make_unit, version, parent):
    dhis2 = country(version)
    moved = make_unit("DistrictNth", parent)
    assert dhis2.send(moved, importMode="VALIDATE").report["status"] == "OK"
    reply = dhis2.send(moved)
    stored = version == "2.43"
    assert reply.status == (200 if stored else 500)
    assert dhis2.parent("DistrictNth") == (parent if stored else "CountryRoot")


@pytest.mark.parametrize("version", VERSIONS)
def test_two_new_units_may_be_each_others_parent(country, make_unit, version):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("ChickenUnit", "EggUnitxxxx"), make_unit("EggUnitxxxx", "ChickenUnit"))
    assert reply.report["stats"]["created"] == 2
    assert (dhis2.parent("ChickenUnit"), dhis2.parent("EggUnitxxxx")) == ("EggUnitxxxx", "ChickenUnit")


def test_in_2_43_nothing_can_be_said_to_a_unit_that_is_its_own_parent(country, make_unit):
    dhis2 = country("2.43")
    dhis2.send(make_unit("NorthClinic", "NorthClinic"))
    assert dhis2.send(make_unit("NorthClinic", "DistrictNth")).closed
    shown = dhis2("GET", "organisationUnits/NorthClinic")
    assert (shown.status, shown.body) == (200, b"")
    assert dhis2("DELETE", "organisationUnits/NorthClinic").status == 409
    assert dhis2.parent("NorthClinic") == "NorthClinic"


def test_in_2_43_a_list_with_parents_ends_at_such_a_unit_with_status_200(country, make_unit):
    dhis2 = country("2.43")
    dhis2.send(make_unit("DistrictSth", "DistrictSth"))
    cut = dhis2.get("organisationUnits", fields="id,parent[id]", paging="false", order="id:asc")["organisationUnits"]
    whole = dhis2.get("organisationUnits", fields="id", paging="false")["organisationUnits"]
    assert len(whole) == 6
    assert {one["id"] for one in cut} < {one["id"] for one in whole}


@pytest.mark.parametrize("version", VERSIONS)
def test_new_units_may_come_before_their_new_parents(empty, make_unit, version):
    dhis2 = empty(version)
    units = [make_unit("SmallClinic", "MidDistrict"), make_unit("MidDistrict", "WholeNation"), make_unit("WholeNation")]
    assert dhis2.send(*units).report["stats"]["created"] == 3
    assert dhis2.unit("SmallClinic")["path"] == "/WholeNation/MidDistrict/SmallClinic"


@pytest.mark.parametrize(
    ("version", "shown", "filtered"),
    [
        ("2.31", 3, True),
        ("2.34", 3, False),
        ("2.36", 3, False),
        ("2.38", 3, False),
        ("2.40", 4, False),
        ("2.42", 4, False),
        ("2.43", 4, False),
    ],
)
def test_levels_of_descendants_go_stale_after_a_move_to_another_depth(country, make_unit, version, shown, filtered):
    dhis2 = country(version)
    dhis2.send(make_unit("NorthClinic", "CountryRoot"), importStrategy="UPDATE")
    annex = dhis2.get("organisationUnits/ClinicAnnex", fields="level,path")
    assert annex == {"level": shown, "path": "/CountryRoot/NorthClinic/ClinicAnnex"}
    assert dhis2.get("organisationUnits/NorthClinic", fields="level") == {"level": 2}
    found = dhis2.get("organisationUnits", filter="level:eq:3", fields="id")["organisationUnits"]
    assert ({"id": "ClinicAnnex"} in found) is filtered


@pytest.mark.parametrize("version", ["2.34", "2.40", "2.43"])
@pytest.mark.parametrize("repair", ["maintenance", "update"])
def test_stale_paths_are_repaired_by_maintenance_and_by_an_update(country, make_unit, version, repair):
    dhis2 = country(version)
    dhis2.send(make_unit("NorthClinic", "CountryRoot"))
    assert dhis2.unit("ClinicAnnex")["path"] == "/CountryRoot/DistrictNth/NorthClinic/ClinicAnnex"
    if repair == "maintenance":
        dhis2("POST", "maintenance", ouPathsUpdate="true")
    else:
        dhis2.send(make_unit("ClinicAnnex", "NorthClinic"))
    assert dhis2.unit("ClinicAnnex")["path"] == "/CountryRoot/NorthClinic/ClinicAnnex"
    assert dhis2.unit("ClinicAnnex")["level"] == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_a_move_needs_its_authority_from_2_38_on(country, make_unit, hire, version):
    dhis2 = country(version)
    hire(dhis2, "ann", "F_ORGANISATIONUNIT_ADD", units=("CountryRoot",))
    reply = dhis2.send(make_unit("SouthHospit", "DistrictNth"), user="ann")
    if version in SINCE_MOVE_RIGHTS:
        assert "E1520" in reply.codes
        assert dhis2.parent("SouthHospit") == "DistrictSth"
    else:
        assert dhis2.parent("SouthHospit") == "DistrictNth"


@pytest.mark.parametrize("version", SINCE_MOVE_RIGHTS)
@pytest.mark.parametrize(
    ("own", "codes"),
    [
        (("CountryRoot",), []),
        (("DistrictNth",), ["E1522"]),
        (("DistrictSth",), ["E1523"]),
        ((), ["E1522", "E1523"]),
    ],
)
@pytest.mark.parametrize("mode", ["VALIDATE", "COMMIT"])
def test_a_move_needs_both_parents_inside_the_users_units(country, make_unit, hire, version, own, codes, mode):
    dhis2 = country(version)
    hire(dhis2, "bob", "F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_MOVE", units=own)
    reply = dhis2.send(make_unit("SouthHospit", "DistrictNth"), user="bob", importMode=mode)
    assert sorted(set(reply.codes)) == codes
    moved = not codes and mode == "COMMIT"
    assert dhis2.parent("SouthHospit") == ("DistrictNth" if moved else "DistrictSth")


@pytest.mark.parametrize("version", VERSIONS)
def test_creating_and_changing_is_not_limited_to_the_users_units(country, make_unit, hire, version):
    dhis2 = country(version)
    hire(dhis2, "eve", "F_ORGANISATIONUNIT_ADD", units=("DistrictNth",))
    reply = dhis2.send(make_unit("NewRootUnit"), make_unit("SouthHospit", "DistrictSth", comment="changed"), user="eve")
    assert reply.report["status"] == "OK"
    assert dhis2.unit("SouthHospit")["comment"] == "changed"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mode", ["VALIDATE", "COMMIT"])
def test_without_the_authority_nothing_is_created_or_changed(country, make_unit, hire, version, mode):
    dhis2 = country(version)
    hire(dhis2, "joe", "F_METADATA_IMPORT")
    reply = dhis2.send(make_unit("NewRootUnit"), make_unit("SouthHospit", "DistrictSth"), user="joe", importMode=mode)
    assert reply.codes == ["E3000", "E3001"]
    assert dhis2.world.unit("NewRootUnit") is None
    assert dhis2.parent("SouthHospit") == "DistrictSth"
