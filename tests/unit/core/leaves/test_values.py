"""Attribute values: the table of what DHIS2 takes for each value type (verified facts section 3, api.md 4.5)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.values import COMPATIBLE, Refused, render, same_value, value_refusal

if TYPE_CHECKING:
    from pathlib import Path

    from cgr.core.records import Value

REFUSED = "refused"

WRITTEN = [
    ("text", "TEXT", "plain", "plain"),
    ("text", "TEXT", "  two   blanks\nand a line ", "two blanks and a line"),
    ("text", "TEXT", "   ", None),
    ("text", "TEXT", None, None),
    ("text", "TEXT", "x" * 50_000, "x" * 50_000),
    ("text", "TEXT", "x" * 50_001, REFUSED),
    ("text", "TEXT", "a\x00b", REFUSED),
    ("text", "TEXT", 12, REFUSED),
    ("text", "LONG_TEXT", " line\nbreak ", "line\nbreak"),
    ("text", "LONG_TEXT", "\n", None),
    ("localized_text", "TEXT", {"default": "Clinic", "fr": "Clinique"}, "Clinic"),
    ("localized_text", "TEXT", {"fr": "Clinique"}, None),
    ("text", "LETTER", "A", "A"),
    ("text", "LETTER", "é", "é"),
    ("text", "LETTER", "AB", REFUSED),
    ("text", "LETTER", "1", REFUSED),
    ("text", "PHONE_NUMBER", "+254 700 000000", "+254 700 000000"),
    ("text", "PHONE_NUMBER", "(020) 123", "(020) 123"),
    ("text", "PHONE_NUMBER", "020123 ext 4", "020123 ext 4"),
    ("text", "PHONE_NUMBER", "1" * 50, "1" * 50),
    ("text", "PHONE_NUMBER", "1" * 51, REFUSED),
    ("text", "PHONE_NUMBER", "123456", "123456"),
    ("text", "PHONE_NUMBER", "12345", REFUSED),
    ("text", "PHONE_NUMBER", "12", REFUSED),
    ("text", "PHONE_NUMBER", "abcdef", REFUSED),
    ("text", "PHONE_NUMBER", "tel:+254700", REFUSED),
    ("text", "EMAIL", "f1@health.gov.sl", "f1@health.gov.sl"),
    ("text", "EMAIL", "not-an-email", REFUSED),
    ("text", "URL", "https://example.org", "https://example.org"),
    ("text", "URL", "http://example.org/a?b=c#d", "http://example.org/a?b=c#d"),
    ("text", "URL", "www.example.org", REFUSED),
    ("text", "URL", "ftp://example.org", REFUSED),
    ("text", "URL", "javascript:alert(1)", REFUSED),
    ("text", "URL", "https://", REFUSED),
    ("text", "USERNAME", "admin", "admin"),
    ("text", "USERNAME", "has space", REFUSED),
    ("text", "USERNAME", "a", REFUSED),
    ("boolean", "BOOLEAN", True, "true"),
    ("boolean", "BOOLEAN", False, "false"),
    ("boolean", "BOOLEAN", "true", REFUSED),
    ("boolean", "BOOLEAN", 1, REFUSED),
    ("boolean", "TRUE_ONLY", True, "true"),
    ("boolean", "TRUE_ONLY", False, None),
    ("date", "DATE", "2001-02-03", "2001-02-03"),
    ("date", "DATE", "0001-01-01", "0001-01-01"),
    ("date", "DATE", "2001-02-30", REFUSED),
    ("date", "DATE", "20010203", REFUSED),
    ("date", "DATETIME", "2001-02-03", "2001-02-03T00:00:00.000"),
    ("date", "TIME", "2001-02-03", "00:00"),
    ("date", "AGE", "2001-02-03", "2001-02-03"),
    ("integer", "INTEGER", 0, "0"),
    ("integer", "INTEGER", -1, "-1"),
    ("integer", "INTEGER", 2147483647, "2147483647"),
    ("integer", "INTEGER", -2147483648, "-2147483648"),
    ("integer", "INTEGER", 2147483648, REFUSED),
    ("integer", "INTEGER", -2147483649, REFUSED),
    ("integer", "INTEGER", 10**5000, REFUSED),
    ("integer", "INTEGER", 1.5, REFUSED),
    ("integer", "INTEGER", True, REFUSED),
    ("integer", "INTEGER", "12", "12"),
    ("integer", "INTEGER", "012", REFUSED),
    ("integer", "INTEGER_POSITIVE", 1, "1"),
    ("integer", "INTEGER_POSITIVE", 0, REFUSED),
    ("integer", "INTEGER_NEGATIVE", -1, "-1"),
    ("integer", "INTEGER_NEGATIVE", 0, REFUSED),
    ("integer", "INTEGER_ZERO_OR_POSITIVE", 0, "0"),
    ("integer", "INTEGER_ZERO_OR_POSITIVE", -1, REFUSED),
    ("decimal", "NUMBER", 12.0, "12"),
    ("decimal", "NUMBER", 0.1, "0.1"),
    ("decimal", "NUMBER", -1.5, "-1.5"),
    ("decimal", "NUMBER", 1e-10, "0.0000000001"),
    ("decimal", "NUMBER", 1e21, "1" + "0" * 21),
    ("decimal", "NUMBER", -0.0, "0"),
    ("decimal", "NUMBER", "1.50", "1.5"),
    ("decimal", "NUMBER", "100", "100"),
    ("decimal", "NUMBER", "1" * 249, "1" * 249),
    ("decimal", "NUMBER", "1" * 250, REFUSED),
    ("decimal", "NUMBER", "1e999", REFUSED),
    ("decimal", "NUMBER", "1e999999999", REFUSED),
    ("decimal", "NUMBER", 10**5000, REFUSED),
    ("decimal", "NUMBER", float("nan"), REFUSED),
    ("decimal", "NUMBER", float("inf"), REFUSED),
    ("decimal", "NUMBER", "1_000", REFUSED),
    ("decimal", "NUMBER", "1,5", REFUSED),
    ("decimal", "NUMBER", False, REFUSED),
    ("decimal", "NUMBER", 7, "7"),
    ("decimal", "UNIT_INTERVAL", 1, "1"),
    ("decimal", "UNIT_INTERVAL", 0.5, "0.5"),
    ("decimal", "UNIT_INTERVAL", 1.1, REFUSED),
    ("decimal", "UNIT_INTERVAL", -0.1, REFUSED),
    ("decimal", "PERCENTAGE", 100, "100"),
    ("decimal", "PERCENTAGE", 0, "0"),
    ("decimal", "PERCENTAGE", 100.1, REFUSED),
    ("term", "TEXT", "PUB", "PUB"),
    ("term", "INTEGER_POSITIVE", "1", "1"),
    ("term", "INTEGER_POSITIVE", "PUB", REFUSED),
    ("term", "MULTI_TEXT", "PUB", REFUSED),
    ("text", "INTEGER", "12", REFUSED),
    ("integer", "NUMBER", 12, REFUSED),
    ("text", "TRACKER_ASSOCIATE", "x", REFUSED),
    ("date", "NO_SUCH_TYPE_YET", "2001-02-03", REFUSED),
]


@pytest.mark.parametrize(
    ("kind", "value_type", "value", "expected"),
    [pytest.param(*row, id=f"{place}-{row[0]}-{row[1]}") for place, row in enumerate(WRITTEN)],
)
def test_a_value_is_written_as_dhis2_takes_it_or_refused_in_words(
    kind: str, value_type: str, value: Value | None, expected: str | None
) -> None:
    written = render(kind, value_type, value)
    if expected == REFUSED:
        assert isinstance(written, Refused)
        assert written.reason
        assert len(written.reason) < 200
    else:
        assert written == expected


def test_localized_text_is_written_in_the_language_asked_for() -> None:
    assert render("localized_text", "TEXT", {"default": "Clinic", "fr": "Clinique"}, locale="fr_CM") == "Clinique"


def test_every_pair_of_the_requirement_has_a_rule() -> None:
    for kind, value_types in COMPATIBLE.items():
        for value_type in value_types:
            assert value_refusal(value_type, "\x00"), (kind, value_type)
            assert "can't be mapped" not in (value_refusal(value_type, "?") or "")


@pytest.mark.parametrize(
    ("value_type", "text", "accepted"),
    [
        ("INTEGER", "+1", False),
        ("INTEGER", "1.0", False),
        ("INTEGER", "01", False),
        ("INTEGER", "-0", False),
        ("INTEGER", "1e3", False),
        ("INTEGER", "\u0661", False),
        ("NUMBER", "+1.5", False),
        ("NUMBER", ".5", False),
        ("NUMBER", "1.", False),
        ("NUMBER", "01", False),
        ("NUMBER", "NaN", False),
        ("NUMBER", " 1", False),
        ("NUMBER", "1" * 30, True),
        ("BOOLEAN", "True", False),
        ("TRUE_ONLY", "false", False),
        ("DATE", "2001-02", False),
        ("DATETIME", "2001-02-03", False),
        ("DATETIME", "2001-02-03 04:05", False),
        ("DATETIME", "2001-02-03T04:05:06.789+02:00", True),
        ("DATETIME", "2001-02-03T25:00", False),
        ("DATETIME", "2001-02-30T04:05", False),
        ("TIME", "23:59", True),
        ("TIME", "24:00", False),
        ("TIME", "noon", False),
        ("EMAIL", "a.b+c@x.example.org", True),
        ("EMAIL", "a@localhost", False),
        ("EMAIL", "a@clinic.local", False),
        ("EMAIL", "a..b@example.org", False),
        ("EMAIL", "a b@example.org", False),
        ("EMAIL", "a@-example.org", False),
        ("EMAIL", "a@example.1", False),
        ("EMAIL", "x" * 65 + "@example.org", False),
        ("EMAIL", "x" * 64 + "@example.org", True),
        ("EMAIL", "a@" + ".".join(["y" * 63] * 4) + ".org", False),
        ("URL", "https://example.org/" + "x" * 235, True),
        ("URL", "https://example.org/" + "x" * 236, False),
        ("URL", "https://example.org/a b", False),
        ("URL", "HTTPS://example.org", False),
        ("USERNAME", "_admin", False),
        ("USERNAME", "district.officer", True),
    ],
)
def test_a_text_for_a_value_type_is_held_to_dhis2s_rule(*, value_type: str, text: str, accepted: bool) -> None:
    assert (value_refusal(value_type, text) is None) is accepted


@pytest.mark.parametrize(
    ("value_type", "ours", "theirs", "same"),
    [
        ("NUMBER", "1.5", "1.50", True),
        ("NUMBER", "12", "12.0", True),
        ("NUMBER", "1000", "1e3", True),
        ("NUMBER", "0.1", "0.10000000000000001", False),
        ("NUMBER", "1", "one", False),
        ("NUMBER", "1", "1e999999999", False),
        ("INTEGER", "7", "07", True),
        ("INTEGER", "7", "7 ", True),
        ("INTEGER", "7", "8", False),
        ("DATE", "2001-02-03", "2001-02-03T00:00:00.000", True),
        ("DATE", "2001-02-03", "2001-02-04", False),
        ("DATE", "2001-02-03", "soon", False),
        ("DATETIME", "2001-02-03T00:00:00.000", "2001-02-03T00:00:00.000Z", True),
        ("DATETIME", "2001-02-03T00:00:00.000", "2001-02-03", True),
        ("TIME", "00:00", "00:00:00.000", True),
        ("TIME", "00:00", "12:00", False),
        ("BOOLEAN", "true", "TRUE", True),
        ("BOOLEAN", "true", "false", False),
        ("TEXT", "a b", " a  b ", True),
        ("TEXT", "a", "A", False),
        ("LONG_TEXT", "a\nb", "a b", True),
        ("TEXT", "1.5", "1.50", False),
        ("TEXT", None, "", True),
        ("NUMBER", None, "1", False),
        ("NUMBER", "1", None, False),
        ("DATE", None, None, True),
    ],
)
def test_values_are_compared_as_their_type_does(
    *, value_type: str, ours: str | None, theirs: str | None, same: bool
) -> None:
    assert same_value(value_type, ours, theirs) is same


@given(st.one_of(st.floats(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False).map(str)))
def test_a_number_is_written_exactly_or_refused(number: float | str) -> None:
    written = render("decimal", "NUMBER", number)
    if isinstance(written, str):
        assert Decimal(written) == Decimal(str(number))
        assert value_refusal("NUMBER", written) is None
        assert same_value("NUMBER", written, str(number)) or len(str(number)) >= 250


RECORDED = {
    "boolean": "BOOLEAN",
    "true_only": "TRUE_ONLY",
    "integer": "INTEGER",
    "integer_positive": "INTEGER_POSITIVE",
    "integer_negative": "INTEGER_NEGATIVE",
    "number": "NUMBER",
    "unit_interval": "UNIT_INTERVAL",
    "date": "DATE",
    "datetime": "DATETIME",
    "phone_number": "PHONE_NUMBER",
    "text": "TEXT",
    "long_text": "LONG_TEXT",
}


@pytest.mark.parametrize("version", ["2.40", "2.42", "2.43"])
@pytest.mark.parametrize("recording", RECORDED)
def test_nothing_passes_that_a_real_server_was_seen_to_refuse(shared: Path, version: str, recording: str) -> None:
    recorded = json.loads((shared / f"dhis2/recordings/{version}/19-attrvalue-{recording}.json").read_text())
    seen = 0
    for exchange in recorded["exchanges"]:
        body = exchange["request"].get("body") or {}
        units = body.get("organisationUnits", [])
        texts = [pair["value"] for unit in units for pair in unit.get("attributeValues", [])]
        if len(texts) == 1 and isinstance(texts[0], str):
            seen += 1
            if exchange["response"]["status"] != 200:
                assert value_refusal(RECORDED[recording], texts[0]), texts[0]
    assert seen
