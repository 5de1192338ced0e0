"""Values of metadata attributes: checked by type from 2.39 on, hardly before (verified facts H8, H21, section 3)."""

from __future__ import annotations

import pytest

VERSIONS = ("2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43")
CHECKED = VERSIONS[4:]
A = "AttributeAA"


def _attribute(**more):
    return {"id": A, "name": "Attribute A", "valueType": "TEXT", "organisationUnitAttribute": True} | more


def _with(caller, **more):
    caller.world.load({"metadata": {"attributes": [_attribute(**more)]}})
    return caller


def _value(value):
    return {"attributeValues": [{"attribute": {"id": A}, "value": value}]}


def _stored(caller, uid):
    return [value["value"] for value in caller.unit(uid)["attributeValues"]]


@pytest.mark.parametrize(
    ("value_type", "accepted", "refused", "code"),
    [
        ("BOOLEAN", ["true", "false", True], ["TRUE", "True", "1", "0", "yes"], "E6016"),
        ("TRUE_ONLY", ["true", True], ["false", "TRUE", "1"], "E6017"),
        ("INTEGER", ["0", "-1", "2147483647", 7], ["+1", "1.0", "01", "1e3", "2147483648"], "E6006"),
        ("INTEGER_POSITIVE", ["1"], ["0", "-1", "01", "1.0"], "E6007"),
        ("INTEGER_NEGATIVE", ["-1"], ["0", "1", "-01"], "E6013"),
        ("NUMBER", ["1", "-1.5", "0.0000000001", 1.5], ["+1.5", "1e3", ".5", "1.", "1,5", "NaN", " 1"], "E6008"),
        ("UNIT_INTERVAL", ["0", "1", "0.5"], ["1.1", "-0.1", ".5"], "E6011"),
        ("DATE", ["2001-02-03", "2001-02-03T04:05"], ["2001-02", "20010203", "03/02/2001", "2001-02-30"], "E6014"),
        ("DATETIME", ["2001-02-03T04:05:06.000+0200"], ["2001-02-03", "2001-02-03 04:05", "2001-02-03T25:00"], "E6015"),
        ("PHONE_NUMBER", ["+231 77 123 456"], ["12", "call me maybe", "1" * 51], "E6021"),
        ("USERNAME", ["admin"], ["nobody"], "E6020"),
        ("ORGANISATION_UNIT", ["CountryRoot"], ["NobodyKnows", "NC"], "E6019"),
        ("TIME", ["noon", "24:00"], [], ""),
        ("URL", ["example", "javascript:x"], [], ""),
    ],
)
@pytest.mark.parametrize("version", ["2.36", *CHECKED])
def test_values_are_checked_by_type_from_2_40_on(country, make_unit, version, value_type, accepted, refused, code):
    dhis2 = _with(country(version), valueType=value_type)
    for value in accepted:
        assert dhis2.send(make_unit("NewFacility", **_value(value)), importMode="VALIDATE").codes == [], value
    for value in refused:
        codes = dhis2.send(make_unit("NewFacility", **_value(value)), importMode="VALIDATE").codes
        assert codes == ([code] if version in CHECKED else []), value


@pytest.mark.parametrize("version", VERSIONS)
def test_codes_of_option_sets_are_never_checked(country, make_unit, version):
    dhis2 = country(version)
    options = [{"id": "OptionClini", "code": "CLINIC", "name": "Clinic", "optionSet": {"id": "OptionSetTy"}}]
    sets = [{"id": "OptionSetTy", "name": "Types", "valueType": "TEXT", "options": [{"id": "OptionClini"}]}]
    dhis2.world.load({"metadata": {"options": options, "optionSets": sets}})
    _with(dhis2, optionSet={"id": "OptionSetTy"})
    for value in ("clinic", "Clinic", "OptionClini", "PALACE"):
        assert dhis2.send(make_unit("NewFacility", **_value(value))).report["status"] == "OK"
        assert _stored(dhis2, "NewFacility") == [value]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("nothing", ["", None])
def test_an_empty_value_is_kept_from_2_42_on_and_dropped_before(country, make_unit, version, nothing):
    dhis2 = _with(country(version))
    dhis2.send(make_unit("NewFacility", **_value(nothing)))
    assert _stored(dhis2, "NewFacility") == ([""] if version in {"2.42", "2.43"} else [])


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("2.31", ["first", "last"]),
        ("2.34", ["last"]),
        ("2.36", ["last"]),
        ("2.38", ["last"]),
        ("2.40", ["last"]),
        ("2.42", ["first"]),
        ("2.43", ["first"]),
    ],
)
def test_of_two_values_of_one_attribute_the_version_keeps_its_own(country, make_unit, version, kept):
    dhis2 = _with(country(version))
    values = [{"attribute": {"id": A}, "value": value} for value in ("first", "last")]
    dhis2.send(make_unit("NewFacility", attributeValues=values))
    assert _stored(dhis2, "NewFacility") == kept


@pytest.mark.parametrize("version", VERSIONS)
def test_runs_of_blanks_collapse_from_2_38_on(country, make_unit, version):
    dhis2 = _with(country(version))
    dhis2.send(make_unit("NewFacility", **_value("a   b")))
    assert _stored(dhis2, "NewFacility") == ["a   b" if version in {"2.31", "2.34", "2.36"} else "a b"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_mandatory_attribute_stops_every_update_of_a_unit_without_it(country, make_unit, version):
    dhis2 = _with(country(version), mandatory=True)
    reply = dhis2.send(make_unit("SouthHospit", "DistrictSth", comment="changed"), importMode="VALIDATE")
    assert reply.codes == ["E4011"]
    assert dhis2.send(make_unit("SouthHospit", "DistrictSth", **_value("x"))).report["status"] == "OK"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_unique_value_is_refused_to_a_second_unit(country, make_unit, version):
    dhis2 = _with(country(version), unique=True)
    dhis2.send(make_unit("SouthHospit", "DistrictSth", **_value("x")))
    assert dhis2.send(make_unit("NewFacility", **_value("x"))).codes == ["E4009"]
    assert dhis2.send(make_unit("SouthHospit", "DistrictSth", **_value("x"))).codes == []
    twice = dhis2.send(make_unit("NewFacility", **_value("y")), make_unit("OtherClinic", **_value("y")))
    assert set(twice.codes) == {"E4009"}
    assert dhis2.world.unit("NewFacility") is None


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_attribute_lets_the_unit_be_written_without_it_up_to_2_38(country, make_unit, version):
    dhis2 = country(version)
    reply = dhis2.send(make_unit("NewFacility", **_value("x")), atomicMode="NONE")
    assert "E5002" in reply.codes
    assert (dhis2.world.unit("NewFacility") is None) is (version in CHECKED)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_attribute_that_is_not_for_units_is_e6012_from_2_40_on(country, make_unit, version):
    dhis2 = _with(country(version), organisationUnitAttribute=False)
    codes = dhis2.send(make_unit("NewFacility", **_value("x"))).codes
    assert codes == (["E6012"] if version in CHECKED else [])


@pytest.mark.parametrize("version", VERSIONS)
def test_values_are_wiped_by_an_update_without_them(country, make_unit, version):
    dhis2 = _with(country(version))
    dhis2.send(make_unit("SouthHospit", "DistrictSth", **_value("x")))
    dhis2.send(make_unit("SouthHospit", "DistrictSth"))
    assert _stored(dhis2, "SouthHospit") == []
