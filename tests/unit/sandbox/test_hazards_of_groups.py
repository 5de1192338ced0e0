"""Members of groups: skipped, emptied, stored behind an error page (verified facts H10 to H12, O3, S7)."""

from __future__ import annotations

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
COLLECTION = "organisationUnitGroups/FacilityGrp/organisationUnits"
MEMBERS = {"NorthClinic", "SouthHospit"}


@pytest.mark.parametrize(
    ("version", "status"),
    [("2.31", 500), ("2.34", 500), ("2.36", 204), ("2.38", 200), ("2.40", 200), ("2.42", 200), ("2.43", 200)],
)
def test_additions_are_stored_whatever_the_version_answers(country, version, status):
    dhis2 = country(version)
    changes = {"additions": [{"id": "ClinicAnnex"}, {"id": "NobodyKnows"}], "deletions": [{"id": "SouthHospit"}]}
    reply = dhis2("POST", COLLECTION, changes)
    assert reply.status == status
    assert dhis2.world.group_members("FacilityGrp") == {"NorthClinic", "ClinicAnnex"}
    if status == 500:
        assert b"Could not resolve view" in reply.body
    if status == 200:
        counted = {"created": 0, "updated": 1, "deleted": 1, "ignored": 0, "total": 2}
        assert reply.json["response"]["stats"] == counted


@pytest.mark.parametrize("version", VERSIONS)
def test_single_additions_and_deletions_work_everywhere(country, version):
    dhis2 = country(version)
    assert dhis2("POST", f"{COLLECTION}/ClinicAnnex").status in {200, 204}
    assert dhis2("DELETE", f"{COLLECTION}/SouthHospit").status in {200, 204}
    assert dhis2.world.group_members("FacilityGrp") == {"NorthClinic", "ClinicAnnex"}


@pytest.mark.parametrize("version", VERSIONS)
def test_members_by_code_are_skipped(country, version):
    dhis2 = country(version)
    dhis2("POST", COLLECTION, {"additions": [{"code": "NCA"}]})
    assert dhis2.world.group_members("FacilityGrp") == MEMBERS


@pytest.mark.parametrize(("version", "status"), [(version, 500) for version in VERSIONS[:5]] + [("2.42", 404)])
def test_additions_to_an_unknown_group_are_500_in_json_up_to_2_40(country, version, status):
    reply = country(version)("POST", COLLECTION.replace("FacilityGrp", "NobodyKnows"), {"additions": []})
    assert reply.status == status
    assert reply.json["httpStatusCode"] == status


@pytest.mark.parametrize("version", VERSIONS)
def test_putting_the_collection_with_the_wrong_key_empties_the_group_from_2_36_on(country, version):
    dhis2 = country(version)
    reply = dhis2("PUT", COLLECTION, {"organisationUnits": [{"id": "ClinicAnnex"}]})
    old = version in {"2.31", "2.34"}
    assert (reply.status == 500) is old
    assert dhis2.world.group_members("FacilityGrp") == (MEMBERS if old else set())


@pytest.mark.parametrize("version", VERSIONS)
def test_an_import_of_the_group_replaces_its_members_and_its_sharing(country, version):
    dhis2 = country(version)
    group = {"id": "FacilityGrp", "name": "Facilities", "shortName": "F", "sharing": {"public": "--------"}}
    dhis2("POST", "metadata", {"organisationUnitGroups": [group]})
    assert dhis2.world.group_members("FacilityGrp") == set()
    dhis2("POST", "metadata", {"organisationUnitGroups": [group | {"sharing": None}]})
    shown = dhis2.get("organisationUnitGroups/FacilityGrp", fields="sharing,publicAccess")
    public = shown.get("publicAccess") or shown["sharing"]["public"]
    assert public == "rw------"


@pytest.mark.parametrize("version", VERSIONS)
def test_additions_move_the_groups_last_updated_up_to_2_40_and_never_the_units(country, version):
    dhis2 = country(version)
    now = dhis2.world.clock().replace(year=2031)
    dhis2.world.clock = lambda: now
    dhis2("POST", COLLECTION, {"additions": [{"id": "ClinicAnnex"}]})
    group = dhis2.get("organisationUnitGroups/FacilityGrp", fields="lastUpdated")
    assert group["lastUpdated"].startswith("2031") is (version not in {"2.42", "2.43"})
    assert not dhis2.unit("ClinicAnnex")["lastUpdated"].startswith("2031")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_group_without_write_sharing_is_closed_to_others(country, hire, version):
    dhis2 = country(version)
    dhis2.world.objects["organisationUnitGroups"]["FacilityGrp"]["sharing"] = {"public": "r-------"}
    hire(dhis2, "ann", "F_ORGUNITGROUP_PUBLIC_ADD")
    assert dhis2("POST", COLLECTION, {"additions": [{"id": "ClinicAnnex"}]}, user="ann").status == 403
    assert dhis2.world.group_members("FacilityGrp") == MEMBERS
