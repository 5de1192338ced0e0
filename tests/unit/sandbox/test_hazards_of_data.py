"""Dates, geometry, codes and attribute values: what each version keeps, changes and refuses (H8, H9, H21, H23)."""

from __future__ import annotations

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
OLD, WITH_GEOMETRY, CHECKED = VERSIONS[:3], VERSIONS[1:], VERSIONS[4:]
EPOCH, FAR = "1970-01-01", "20010203-01-01"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2001-02-03", "2001-02-03"),
        ("2001-02-03T00:00:00+02:00", "2001-02-02"),
        ("2001-02-03T23:30:00-05:00", "2001-02-04"),
        ("2001-02", "2001-02-01"),
        ("2001", "2001-01-01"),
        ("0001-01-01", "0001-01-01"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
def test_dates_are_cut_to_the_servers_day(country, make_unit, version, sent, stored):
    dhis2 = country(version)
    assert dhis2.send(make_unit("NewFacility", openingDate=sent)).report["status"] == "OK"
    assert dhis2.unit("NewFacility")["openingDate"] == f"{stored}T00:00:00.000"


@pytest.mark.parametrize("sent", ["soon", "03/02/2001", "2001-02-30", "2001-02-03 04:05:06"])
@pytest.mark.parametrize(
    ("version", "status"),
    [("2.31", 500), ("2.34", 500), ("2.36", 200), ("2.38", 400), ("2.40", 400), ("2.42", 400), ("2.43", 400)],
)
@pytest.mark.parametrize("mode", ["VALIDATE", "COMMIT"])
def test_an_unreadable_date_is_refused_or_in_2_36_becomes_1970(country, make_unit, version, status, sent, mode):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("NewFacility", openingDate=sent), importMode=mode)
    assert reply.status == status
    if mode == "COMMIT" and version == "2.36":
        assert dhis2.unit("NewFacility")["openingDate"].startswith(EPOCH)
    else:
        assert dhis2.world.unit("NewFacility") is None


@pytest.mark.parametrize(
    ("version", "committed", "stored"),
    [
        ("2.31", 500, None),
        ("2.34", 500, None),
        ("2.36", 500, None),
        ("2.38", 500, None),
        ("2.40", 200, "2001-02-03"),
        ("2.42", 200, "2001-02-03"),
        ("2.43", 200, "2001-02-03"),
    ],
)
def test_a_date_without_dashes_is_a_far_year_up_to_2_38_which_only_committing_shows(
    country, make_unit, version, committed, stored
):
    dhis2 = country(version)
    sent = make_unit("NewFacility", openingDate="20010203")
    assert dhis2.send(sent, importMode="VALIDATE").status == 200
    assert dhis2.send(sent).status == committed
    found = dhis2.world.unit("NewFacility")
    assert (found and found["openingDate"][:10]) == stored


@pytest.mark.parametrize(
    ("version", "outcome"),
    [("2.31", 500), ("2.34", 500), ("2.36", 200), ("2.38", 200), ("2.40", 200), ("2.42", 200), ("2.43", 200)],
)
def test_milliseconds_since_1970_are_a_date_from_2_36_on(country, make_unit, version, outcome):
    dhis2 = country(version)
    assert dhis2.send(make_unit("NewFacility", openingDate=981158400000)).status == outcome
    found = dhis2.world.unit("NewFacility")
    assert (found is None) if outcome == 500 else found["openingDate"].startswith("2001-02-03")


# Whole requests that fail without naming an object (H23): what is sent, what VALIDATE says, what COMMIT says.
_OPEN_RING = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}
_BY_CAUSE = {
    "unknown geometry type": (
        {"geometry": {"type": "Circle", "coordinates": [0, 0]}},
        dict.fromkeys(WITH_GEOMETRY, 500) | {"2.43": 409},
        dict.fromkeys(WITH_GEOMETRY, 500) | {"2.43": 409},
    ),
    "open ring": (
        {"geometry": _OPEN_RING},
        dict.fromkeys(WITH_GEOMETRY, 500) | {"2.43": 409},
        dict.fromkeys(WITH_GEOMETRY, 500) | {"2.43": 409},
    ),
    "geometry with height": (
        {"geometry": {"type": "Point", "coordinates": [1.0, 2.0, 3.0]}},
        dict.fromkeys(WITH_GEOMETRY, 200),
        dict.fromkeys(("2.34", "2.36", "2.38"), 500) | dict.fromkeys(CHECKED, 409),
    ),
    "closed without opened": (
        {"openingDate": None, "closedDate": "2001-02-03"},
        dict.fromkeys(VERSIONS, 500),
        dict.fromkeys(VERSIONS, 500),
    ),
    "parent as text": (
        {"parent": "CountryRoot"},
        dict.fromkeys(VERSIONS, 500) | {"2.43": 409},
        dict.fromkeys(VERSIONS, 500) | {"2.43": 409},
    ),
}
_WHOLE_REQUESTS = [
    pytest.param(cause, version, id=f"{cause}-{version}")
    for cause, (_, validated, _) in _BY_CAUSE.items()
    for version in validated
]


@pytest.mark.parametrize(("cause", "version"), _WHOLE_REQUESTS)
def test_one_broken_unit_makes_the_whole_request_fail(country, make_unit, cause, version):
    more, validated, committed = _BY_CAUSE[cause]
    dhis2 = country(version)
    units = [make_unit("Bystandersx", "CountryRoot"), make_unit("NewFacility", **more)]
    reply = dhis2.send(*units, importMode="VALIDATE", atomicMode="NONE")
    assert reply.status == validated[version]
    reply = dhis2.send(*units, atomicMode="NONE")
    assert reply.status == committed[version]
    assert "NewFacility" not in str(reply.json.get("message"))
    assert len(dhis2.world.units()) == 6


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_new_id_twice_apart_fails_only_when_committed(country, make_unit, version):
    dhis2 = country(version)
    twice = make_unit("NewFacility", "CountryRoot")
    units = [twice, make_unit("Bystandersx", "CountryRoot"), twice]
    assert dhis2.send(*units, importMode="VALIDATE").status == 200
    assert dhis2.send(*units).status == (409 if version in CHECKED else 500)
    assert len(dhis2.world.units()) == 6


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_id_twice_side_by_side_is_e5004(country, make_unit, version):
    dhis2 = country(version)
    assert "E5004" in dhis2.send(*[make_unit("NewFacility", "CountryRoot")] * 2).codes
    assert dhis2.world.unit("NewFacility") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_skipped_validation_ends_in_the_database(country, make_unit, version):
    dhis2 = country(version)
    too_long = make_unit("NewFacility", shortName="s" * 51)
    assert dhis2.send(too_long).codes in (["E4001"], ["E4002"])
    validated = dhis2.send(too_long, skipValidation="true", importMode="VALIDATE")
    assert (validated.status, validated.report["stats"]["total"]) == (200, 0)
    assert dhis2.send(too_long, skipValidation="true").status == (409 if version in CHECKED else 500)
    assert dhis2.world.unit("NewFacility") is None


@pytest.mark.parametrize("version", WITH_GEOMETRY)
def test_geometry_is_kept_in_full_and_the_old_pair_is_ignored(country, make_unit, version):
    dhis2 = country(version)
    point = {"type": "Point", "coordinates": [-11.123456789012345, 95]}
    dhis2.send(make_unit("NewFacility", geometry=point, featureType="POINT", coordinates="[1,2]"))
    shown = dhis2.get("organisationUnits/NewFacility", fields="geometry")
    assert shown == {"geometry": {"type": "Point", "coordinates": [-11.123456789012345, 95.0]}}


def test_2_31_keeps_text_nobody_reads_and_ignores_geometry(country, make_unit):
    dhis2 = country("2.31")
    sent = make_unit("NewFacility", featureType="POLYGON", coordinates="[[[broken", geometry=_OPEN_RING)
    assert dhis2.send(sent).report["status"] == "OK"
    stored = dhis2.unit("NewFacility")
    assert (stored["featureType"], stored["coordinates"]) == ("POLYGON", "[[[broken")
    assert "geometry" not in stored


def test_2_31_refuses_a_whole_request_for_an_unknown_feature_type(country, make_unit):
    dhis2 = country("2.31")
    assert dhis2.send(make_unit("NewFacility", featureType="Point")).status == 500
    assert dhis2.world.unit("NewFacility") is None


def test_2_31_drops_coordinates_that_are_no_text(country, make_unit):
    dhis2 = country("2.31")
    dhis2.send(make_unit("NewFacility", featureType="POINT", coordinates=[1.0, 2.0]))
    stored = dhis2.unit("NewFacility")
    assert (stored["featureType"], stored.get("coordinates")) == ("NONE", None)


@pytest.mark.parametrize("version", VERSIONS)
def test_two_units_cannot_swap_codes_in_one_payload(country, make_unit, version):
    dhis2 = country(version)
    reply = dhis2.send(
        make_unit("DistrictNth", "CountryRoot", code="S"), make_unit("DistrictSth", "CountryRoot", code="N")
    )
    assert reply.codes == ["E5003", "E5003"]
    assert (dhis2.unit("DistrictNth")["code"], dhis2.unit("DistrictSth")["code"]) == ("N", "S")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "n" * 231}, "E4001"),
        ({"shortName": None}, "E4000"),
        ({"name": ""}, "E4000"),
        ({"email": "nobody"}, "E4003"),
        ({"url": "example"}, "E4004"),
        ({"closedDate": "2000-01-01"}, "E4013"),
        ({"code": "S"}, "E5003"),
        ({"parent": {"id": "NobodyKnows"}}, "E5002"),
    ],
)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("mode", ["VALIDATE", "COMMIT"])
def test_an_unfit_unit_is_refused_by_name_and_code(country, make_unit, version, change, code, mode):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("NewFacility", **change), make_unit("GoodOnexxxx", "CountryRoot"), importMode=mode)
    assert reply.codes == [code]
    assert reply.report["stats"]["created"] == 0
    assert len(dhis2.world.units()) == 6


@pytest.mark.parametrize("version", VERSIONS)
def test_with_atomic_mode_none_the_fit_units_are_written(country, make_unit, version):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("NewFacility", name="n" * 231), make_unit("GoodOnexxxx"), atomicMode="NONE")
    assert reply.report["status"] == "WARNING"
    assert dhis2.world.unit("NewFacility") is None
    assert dhis2.world.unit("GoodOnexxxx") is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_an_id_of_a_wrong_shape_is_stored_up_to_2_38(country, make_unit, version):
    dhis2 = country(version)
    codes = dhis2.send(make_unit("1-Malformed"[:11])).codes
    assert codes == (["E4014"] if version in CHECKED else [])
    assert (dhis2.world.unit("1-Malformed"[:11]) is None) is (version in CHECKED)


@pytest.mark.parametrize(
    ("version", "status", "bare"),
    [
        ("2.31", 200, True),
        ("2.34", 200, True),
        ("2.36", 200, True),
        ("2.38", 409, False),
        ("2.40", 409, False),
        ("2.42", 409, False),
        ("2.43", 409, False),
    ],
)
def test_a_refused_import_is_409_in_an_envelope_from_2_38_on(country, make_unit, version, status, bare):
    reply = country(version).send(make_unit("NewFacility", name="n" * 231))
    assert reply.status == status
    assert ("stats" in reply.json) is bare


def test_2_31_names_no_unit_where_a_code_is_taken(country, make_unit):
    found = [
        one
        for version in ("2.31", "2.34")
        for kind in country(version).send(make_unit("NewFacility", code="S")).report["typeReports"]
        for one in kind["objectReports"]
    ]
    assert [one.get("uid") for one in found] == [None, "NewFacility"]
    assert "[NewFacility]" in found[0]["errorReports"][0]["message"]
