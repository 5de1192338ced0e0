"""Lists and single objects: paging, fields, filters, and where they mislead (verified facts H13, S4, O6)."""

from __future__ import annotations

import pytest

from cgr.sandbox.http import Request

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
IDS = ["ClinicAnnex", "CountryRoot", "DistrictNth", "DistrictSth", "NorthClinic", "SouthHospit"]


def _ids(shown):
    return [one["id"] for one in shown["organisationUnits"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_pages_in_the_order_of_ids_hold_every_unit_once(country, version):
    dhis2 = country(version)
    pages = [
        dhis2.get("organisationUnits", fields="id", order="id:asc", pageSize="4", page=str(page)) for page in (1, 2, 3)
    ]
    assert _ids(pages[0]) + _ids(pages[1]) == IDS
    assert _ids(pages[2]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pager_counts_everything_but_in_2_31_only_the_page(country, version):
    pager = country(version).get("organisationUnits", pageSize="4", page="2")["pager"]
    told = (pager["page"], pager["pageCount"], pager["total"], "nextPage" in pager)
    assert told == ((1, 1, 2, False) if version == "2.31" else (2, 2, 6, False))


@pytest.mark.parametrize("version", VERSIONS)
def test_beyond_the_end_the_pager_speaks_of_the_last_page(country, version):
    shown = country(version).get("organisationUnits", pageSize="4", page="9")
    assert _ids(shown) == []
    assert shown["pager"]["page"] == (1 if version == "2.31" else 2)


@pytest.mark.parametrize(("version", "status"), [(version, 409) for version in VERSIONS[:4]] + [("2.40", 200)])
def test_a_filter_on_an_unknown_property_is_409_and_later_an_empty_list(country, version, status):
    reply = country(version)("GET", "organisationUnits", filter="cod:eq:NC")
    assert reply.status == status
    if status == 200:
        assert _ids(reply.json) == []


@pytest.mark.parametrize(("version", "status"), [(version, 200) for version in VERSIONS[:6]] + [("2.43", 400)])
def test_an_unknown_order_is_passed_over_up_to_2_42(country, version, status):
    assert country(version)("GET", "organisationUnits", order="size:asc").status == status


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter=code:eq:NC", ["NorthClinic"]),
        ("filter=code:in:[NC,SH,XX]", ["NorthClinic", "SouthHospit"]),
        ("filter=id:in:[SouthHospit,NobodyKnows]", ["SouthHospit"]),
        ("filter=parent.id:eq:CountryRoot", ["DistrictNth", "DistrictSth"]),
        ("filter=path:like:DistrictNth", ["ClinicAnnex", "DistrictNth", "NorthClinic"]),
        ("filter=name:ilike:clinic&filter=code:!eq:NC", ["ClinicAnnex"]),
        ("filter=code:eq:NC&filter=code:eq:SH&rootJunction=OR", ["NorthClinic", "SouthHospit"]),
        ("filter=parent:null", ["CountryRoot"]),
        ("filter=organisationUnitGroups.id:eq:FacilityGrp", ["NorthClinic", "SouthHospit"]),
        ("level=2", ["DistrictNth", "DistrictSth"]),
    ],
)
def test_filters_find_what_they_name(country, version, query, found):
    assert _ids(country(version).get(f"organisationUnits?{query}", order="id:asc", fields="id")) == found


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_are_nested_renamed_counted_and_left_out(country, version):
    fields = "id,name~rename(title),parent[code,parent[id]],children~size,nonsense,closedDate"
    shown = country(version).get("organisationUnits/NorthClinic", fields=fields)
    assert shown == {
        "id": "NorthClinic",
        "title": "NorthClinic",
        "parent": {"code": "N", "parent": {"id": "CountryRoot"}},
        "children": 1,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_owner_form_sent_back_changes_nothing_but_the_stamp(country, version):
    dhis2 = country(version)
    before = dhis2.world.units()
    shown = dhis2.get("organisationUnits", fields=":owner", paging="false")["organisationUnits"]
    assert dhis2.send(*shown, importStrategy="UPDATE").report["stats"]["updated"] == 6
    after = dhis2.world.units()
    for uid, stored in before.items():
        assert _without_stamp(after[uid]) == _without_stamp(stored)


def _without_stamp(stored):
    made = {name: value for name, value in stored.items() if name not in {"lastUpdated", "lastUpdatedBy"}}
    made.pop("featureType", None)  # 2.31 writes NONE where there was nothing
    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_a_list_shows_a_change_made_after_it_was_last_read(country, make_unit, version):
    dhis2 = country(version)
    query = {"fields": "id,name,path,parent[name],organisationUnitGroups[id]", "paging": "false", "order": "id:asc"}
    dhis2.get("organisationUnits", **query)
    dhis2.send(make_unit("DistrictNth", "DistrictSth", name="Renamed"))
    dhis2("POST", "organisationUnitGroups/FacilityGrp/organisationUnits/ClinicAnnex")
    rows = {one["id"]: one for one in dhis2.get("organisationUnits", **query)["organisationUnits"]}
    assert rows["DistrictNth"]["name"] == "Renamed"
    assert rows["NorthClinic"]["parent"] == {"name": "Renamed"}
    assert rows["NorthClinic"]["path"] == "/CountryRoot/DistrictSth/DistrictNth/NorthClinic"
    assert rows["ClinicAnnex"]["organisationUnitGroups"] == [{"id": "FacilityGrp"}]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_unit_is_404(country, version):
    assert country(version)("GET", "organisationUnits/NobodyKnows").status == 404


@pytest.mark.parametrize(
    ("version", "location"),
    [
        ("2.31", "/dhis-web-commons/security/login.action"),
        ("2.40", "/dhis-web-commons/security/login.action"),
        ("2.42", "/dhis-web-login/"),
        ("2.43", "/login/"),
    ],
)
def test_without_credentials_one_is_sent_to_a_login_page(country, version, location):
    world = country(version).world
    reply = world.dispatch(_bare_request({}))
    assert (reply.status, reply.headers["location"].endswith(location)) == (302, True)
    assert world.dispatch(_bare_request({"x-requested-with": "XMLHttpRequest"})).status == 401


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_password_is_401(country, version):
    credential = {"authorization": "Basic YWRtaW46d3Jvbmc="}
    assert country(version).world.dispatch(_bare_request(credential)).status == 401


def _bare_request(headers):
    return Request(method="GET", path="/api/me", query={}, headers=headers, body=b"")
