"""Import reports of every version say the same to us; the samples are shortened from real ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cgr.dhis2 import ImportReport, Refusal, attribute_refusals
from cgr.dhis2.reports import parse_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

UNIT = "org.hisp.dhis.organisationunit.OrganisationUnit"
STATS = {"created": 0, "updated": 0, "deleted": 0, "ignored": 2, "total": 2}
VERSIONS = ["2.31", "2.34", "2.36", "2.38", "2.40", "2.42", "2.43"]


def report(
    *errors: Mapping[str, object], uid: str | None = None, envelope: bool = True, status: str = "ERROR"
) -> bytes:
    of_object = {"klass": UNIT, "index": 0, "errorReports": list(errors)} | ({"uid": uid} if uid else {})
    bare = {
        "status": status,
        "stats": STATS,
        "typeReports": [{"klass": UNIT, "stats": STATS, "objectReports": [of_object]}],
    }
    if not envelope:
        return json.dumps({"importParams": {"importMode": "COMMIT"}, **bare}).encode()
    message = "One or more errors occurred, please see full details in import report."
    response = {"responseType": "ImportReport", **bare}
    return json.dumps({"httpStatusCode": 409, "status": "WARNING", "message": message, "response": response}).encode()


def parsed(body: bytes) -> ImportReport:
    found = parse_report(body)
    assert found is not None
    return found


@pytest.mark.parametrize("envelope", [True, False])
def test_a_report_reads_the_same_with_and_without_envelope(*, envelope: bool) -> None:
    error = {"errorCode": "E4000", "errorProperty": "shortName", "message": "Missing required property `shortName`."}
    found = parsed(report(error, uid="OuFacility1", envelope=envelope))
    assert not found.ok
    assert (found.created, found.updated, found.ignored, found.total) == (0, 0, 2, 2)
    assert found.refusals == (
        Refusal("OuFacility1", "E4000", "shortName", None, "Missing required property `shortName`.", json.dumps(error)),
    )
    assert found.blamed == {"OuFacility1"}


def test_a_report_without_the_empty_lists_of_old_versions_is_a_report() -> None:
    found = parsed(b'{"status":"OK","stats":{"created":0,"updated":1,"deleted":0,"ignored":0,"total":1}}')
    assert found == ImportReport(ok=True, updated=1, total=1)


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"status":"ERROR","message":"broken","httpStatusCode":500}', b'{"status":"OK","httpStatusCode":200}'],
)
def test_a_reply_without_a_report_is_none(body: bytes) -> None:
    assert parse_report(body) is None


def test_a_report_that_wrote_a_part_is_not_ok() -> None:
    assert not parsed(report(status="WARNING")).ok


@pytest.mark.parametrize(
    ("stats", "certain"), [({"ignored": 2}, True), ({"created": 1}, False), ({"updated": 1}, False)]
)
def test_a_refusal_whose_counts_say_that_something_was_written_is_not_certain(
    stats: dict[str, int], *, certain: bool
) -> None:
    assert parsed(json.dumps({"status": "ERROR", "stats": stats}).encode()).certain is certain


def test_a_refusal_without_counts_is_a_refusal_but_an_ok_without_counts_is_no_report() -> None:
    error = {"errorCode": "E4000", "errorProperty": "name", "message": "Missing required property `name`."}
    bare = {"status": "ERROR", "typeReports": [{"objectReports": [{"uid": "OuFacility1", "errorReports": [error]}]}]}
    assert parsed(json.dumps(bare).encode()).blamed == {"OuFacility1"}
    assert parse_report(json.dumps({**bare, "status": "OK"}).encode()) is None


def test_one_refusal_without_code_or_words_does_not_hide_the_others() -> None:
    known = {"errorCode": "E4001", "errorProperty": "name", "message": "too long"}
    found = parsed(report({"errorCode": None, "message": None}, known, uid="OuFacility1"))
    assert [refusal.dhis2_code for refusal in found.refusals] == ["", "E4001"]


# One row per way in which DHIS2 says which unit, and what of it, is refused.
# (id in the object report, error report) → (unit, property, value)
NAMED = [
    (
        "OuAx0000001",
        {"errorCode": "E4001", "errorProperty": "name", "errorProperties": ["name", 230, 300]},
        ("OuAx0000001", "name", None),
    ),
    (
        None,
        {
            "errorCode": "E5002",
            "errorProperties": ["[OuNotThere1] (OrganisationUnit)", "Bad [OuIpA000002] (OrganisationUnit)", "parent"],
        },
        ("OuIpA000002", "parent", "OuNotThere1"),
    ),
    (
        None,
        {
            "errorCode": "E5002",
            "message": "Invalid reference [OuNotThere1] (OrganisationUnit) on object A [b] "
            "[OuIpA000002] (OrganisationUnit) for association `parent`",
        },
        ("OuIpA000002", None, None),
    ),
    (
        "OuIpA000002",
        {
            "errorCode": "E5002",
            "mainId": "OuIpA000002",
            "errorProperty": "parent",
            "args": ["[OuNotThere1] (OrganisationUnit)", "x", "parent"],
        },
        ("OuIpA000002", "parent", "OuNotThere1"),
    ),
    (
        None,
        {
            "errorCode": "E5003",
            "mainId": "OuFacility1",
            "errorProperty": "code",
            "errorProperties": ["code", "F-1", "Dup [OuVx0000001] (OrganisationUnit)", "OuFacility1"],
        },
        ("OuVx0000001", "code", "F-1"),
    ),
    (
        None,
        {
            "errorCode": "E5003",
            "mainId": "OuFacility1",
            "errorProperty": "code",
            "message": "Property `code`\u00a0with value `F-1` on object Dup [OuVx0000001] (OrganisationUnit)"
            "\u00a0already exists on object Old [OuFacility1] (OrganisationUnit).",
        },
        ("OuVx0000001", "code", None),
    ),
    (None, {"errorCode": "E5004", "mainId": "OuLowV00001", "errorProperty": "id"}, ("OuLowV00001", "id", None)),
    (None, {"errorCode": "E5001", "mainId": "OuMissing01", "errorProperty": "id"}, ("OuMissing01", "id", None)),
    (
        None,
        {"errorCode": "E1106", "args": ["NAME", "fr", "OrganisationUnit", "OuVx0000001"]},
        ("OuVx0000001", "translation:NAME:fr", None),
    ),
    (None, {"errorCode": "E1106", "errorProperties": ["NAME", "fr"]}, (None, "translation:NAME:fr", None)),
    (
        None,
        {
            "errorCode": "E4009",
            "mainId": "AtUnique001",
            "errorProperty": "value",
            "errorProperties": ["Registry code", "REG-1"],
        },
        (None, "attribute:AtUnique001", "REG-1"),
    ),
    (
        None,
        {"errorCode": "E4011", "mainId": "AtMandat001", "errorProperty": "value", "errorProperties": ["AtMandat001"]},
        (None, "attribute:AtMandat001", None),
    ),
    (
        "OuVx0000001",
        {"errorCode": "E6012", "errorProperties": ["AtNotOu0001", "OrganisationUnit"]},
        ("OuVx0000001", "attribute:AtNotOu0001", None),
    ),
    ("OuVx0000001", {"errorCode": "E6006", "errorProperties": ["seven"]}, ("OuVx0000001", None, "seven")),
    (
        "OuVx0000001",
        {"errorCode": "E4013", "errorProperties": ["1999-01-01T00:00:00.000", "2000-01-01T00:00:00.000"]},
        ("OuVx0000001", "closedDate", "1999-01-01"),
    ),
    (None, {"errorCode": "E9999", "message": "something new"}, (None, None, None)),
]


@pytest.mark.parametrize(("uid", "error", "expected"), NAMED)
def test_a_refusal_says_which_unit_and_what_of_it(
    uid: str | None, error: dict[str, object], expected: tuple[str | None, ...]
) -> None:
    (refusal,) = parsed(report(error, uid=uid, envelope=False)).refusals
    assert (refusal.uid, refusal.property, refusal.value) == expected


def unit(uid: str, values: dict[str, str] | None = None, **rest: object) -> dict[str, object]:
    rows = [{"value": value, "attribute": {"id": attribute}} for attribute, value in (values or {}).items()]
    return {"id": uid, "attributeValues": rows, **rest}


def refused(code: str, attribute: str, value: str | None, uid: str | None = None) -> ImportReport:
    return ImportReport(ok=False, refusals=(Refusal(uid, code, f"attribute:{attribute}", value, "…"),) * 2)


def test_a_missing_mandatory_value_is_laid_to_every_unit_that_was_sent_without_it() -> None:
    sent = [
        unit("OuA", {"Mandatory01": "x"}),
        unit("OuB", {"Other000001": "x"}),
        unit("OuC", {"Mandatory01": ""}),
        unit("OuD"),
    ]
    assert attribute_refusals(refused("E4011", "Mandatory01", None), sent).blamed == {"OuB", "OuC", "OuD"}


def test_a_taken_unique_value_is_laid_to_the_unit_that_was_sent_with_it() -> None:
    sent = [
        unit("OuA", {"Unique00001": "REG-1"}),
        unit("OuB", {"Unique00001": "REG-2"}),
        unit("OuC", {"Other": "REG-1"}),
    ]
    found = attribute_refusals(refused("E4009", "Unique00001", "REG-1"), sent)
    assert found.blamed == {"OuA"}
    assert len(found.refusals) == 1


def test_a_doubled_translation_is_laid_to_the_unit_that_was_sent_with_it() -> None:
    fr = {"property": "NAME", "locale": "fr", "value": "x"}
    sent = [unit("OuA", translations=[fr, {**fr, "locale": "en"}]), unit("OuB", translations=[fr, fr])]
    doubled = ImportReport(ok=False, refusals=(Refusal(None, "E1106", "translation:NAME:fr", None, "…"),))
    assert attribute_refusals(doubled, sent).blamed == {"OuB"}


def test_a_bad_value_finds_its_attribute_when_only_one_was_sent_with_it() -> None:
    bad = ImportReport(ok=False, refusals=(Refusal("OuA", "E6006", None, "seven", "…"),))
    (one,) = attribute_refusals(bad, [unit("OuA", {"Beds0000001": "seven", "Other000001": "x"})]).refusals
    (two,) = attribute_refusals(bad, [unit("OuA", {"Beds0000001": "seven", "Other000001": "seven"})]).refusals
    assert one.property == "attribute:Beds0000001"
    assert two.property is None


def test_a_refusal_that_fits_nothing_sent_stays_as_it_is() -> None:
    lonely = refused("E4009", "Unique00001", "REG-9")
    assert attribute_refusals(lonely, [unit("OuA")]).refusals == lonely.refusals[:1]


SCENARIOS = [
    "15-atomic-invalid-parent",
    "15-atomic-toolong",
    "16-attr-mandatory-missing",
    "16-attr-unique-duplicate",
    "16-blank-names",
    "16-closed-before-open",
    "16-duplicate-code",
    "16-duplicate-code-in-payload",
    "16-invalid-parent",
    "16-missing-name",
    "16-name-limits",
    "16-shortname-too-long",
    "18-strategies",
    "29-authorities-import-only",
]


LATER = {"E1520", "E4030"}  # moves are checked and deletions reported in later versions only (O7, section 5)


def refusals_in(scenario: dict[str, Any]) -> list[tuple[str, set[tuple[str | None, str]]]]:
    """Give, per refused import, its note and which units are refused with which code."""
    found = []
    for exchange in scenario["exchanges"]:
        request, body = exchange["request"], exchange["response"]["body"]
        if request["method"] != "POST" or request["path"] != "/api/metadata" or not isinstance(body, dict):
            continue
        result = parse_report(json.dumps(body).encode())
        if result is None or result.ok:
            continue
        result = attribute_refusals(result, request["body"]["organisationUnits"])
        blamed = {(refusal.uid, refusal.dhis2_code) for refusal in result.refusals if refusal.dhis2_code not in LATER}
        if blamed:
            found.append((exchange.get("note") or "", blamed))
    return found


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "2.42"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_recorded_reports_blame_the_same_units_in_every_version(
    recorded: Callable[[str, str], dict[str, Any]], version: str, scenario: str
) -> None:
    expected = refusals_in(recorded("2.42", scenario))
    assert refusals_in(recorded(version, scenario)) == expected
    assert expected
    assert all(uid for _, blamed in expected for uid, _ in blamed)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_refusal_of_attribute_values_names_unit_and_value(
    recorded: Callable[[str, str], dict[str, Any]], version: str
) -> None:
    scenario = recorded(version, "19-attrvalue-integer")
    refusals = [
        refusal
        for exchange in scenario["exchanges"]
        if exchange["request"]["method"] == "POST"
        for refusal in attribute_refusals(
            parsed(json.dumps(exchange["response"]["body"]).encode()), exchange["request"]["body"]["organisationUnits"]
        ).refusals
    ]
    assert bool(refusals) is (version >= "2.39")
    assert all(
        refusal.uid and refusal.value and (refusal.property or "").startswith("attribute:") for refusal in refusals
    )
