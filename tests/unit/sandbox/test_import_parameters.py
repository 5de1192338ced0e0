"""Parameters and bodies that are taken in silence for something else (verified facts H14, H15), and async answers."""

from __future__ import annotations

import gzip
import json

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "params",
    [{"importMode": "validate"}, {"importStrategy": "update"}, {"importmode": "VALIDATE"}, {"dryRun": "true"}],
    ids=lambda params: "".join(f"{name}={value}" for name, value in params.items()),
)
def test_a_misspelt_parameter_means_the_default_and_commits(country, make_unit, version, params):
    dhis2 = country(version)
    assert dhis2.send(make_unit("NewFacility"), **params).report["stats"]["created"] == 1
    assert dhis2.world.unit("NewFacility") is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lower_case_atomic_mode_is_all(country, make_unit, version):
    dhis2 = country(version)
    dhis2.send(make_unit("NewFacility"), make_unit("TooLongxxxx", name="n" * 231), atomicMode="none")
    assert dhis2.world.unit("NewFacility") is None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"organisationunits":[{"id":"NewFacility"}]}'])
def test_a_body_without_known_objects_is_ok_with_nothing_done(country, version, body):
    reply = country(version)("POST", "metadata", body)
    assert (reply.status, reply.report["status"], reply.report["stats"]["total"]) == (200, "OK", 0)


@pytest.mark.parametrize(("version", "status"), [(version, 200) for version in VERSIONS[1:]] + [("2.31", 500)])
def test_no_body_at_all_is_ok_but_for_2_31(country, version, status):
    assert country(version)("POST", "metadata").status == status


@pytest.mark.parametrize("version", VERSIONS)
def test_malformed_json_is_409(country, version):
    assert country(version)("POST", "metadata", b"{not json").status == 409


@pytest.mark.parametrize("version", VERSIONS)
def test_another_content_type_is_415(country, version):
    dhis2 = country(version)
    dhis2.defaults["content-type"] = "text/plain"
    assert dhis2.send({"id": "NewFacility"}).status == 415


@pytest.mark.parametrize("version", VERSIONS)
def test_a_packed_body_is_unpacked(country, make_unit, version):
    dhis2 = country(version)
    dhis2.defaults["content-encoding"] = "gzip"
    packed = gzip.compress(json.dumps({"organisationUnits": [make_unit("NewFacility")]}).encode())
    assert dhis2("POST", "metadata", packed).report["stats"]["created"] == 1
    assert dhis2.world.unit("NewFacility") is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_units_and_their_group_may_come_in_one_payload(country, make_unit, version):
    dhis2 = country(version)
    group = {"id": "SecondGroup", "name": "G", "shortName": "G", "organisationUnits": [{"id": "NewFacility"}]}
    payload = {"organisationUnitGroups": [group], "organisationUnits": [make_unit("NewFacility", "CountryRoot")]}
    assert dhis2("POST", "metadata", payload).report["stats"]["created"] == 2
    assert dhis2.world.group_members("SecondGroup") == {"NewFacility"}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_reference_counts_once_more_in_the_stats(country, make_unit, version):
    reply = country(version).send(make_unit("NewFacility", "NobodyKnows"), make_unit("GoodOnexxxx"))
    assert reply.report["stats"] == {"created": 0, "updated": 0, "deleted": 0, "ignored": 3, "total": 3}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("mode", "listed"), [("ERRORS", 0), ("FULL", 1)])
def test_clean_objects_are_listed_only_by_full_and_only_when_written(country, make_unit, version, mode, listed):
    dhis2 = country(version)
    for import_mode, expected in (("VALIDATE", 0), ("COMMIT", listed)):
        reply = dhis2.send(make_unit("NewFacility"), importReportMode=mode, importMode=import_mode)
        assert len(reply.report["typeReports"][0].get("objectReports", ())) == expected
