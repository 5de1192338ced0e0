"""The table of R7.1: for each kind of ours and each DHIS2 value type, values with what becomes of them."""

from __future__ import annotations

from typing import Any, NamedTuple

NOTHING = None
"""The pair is left out: DHIS2 shows no value."""


class Refusal(NamedTuple):
    """DHIS2 wouldn't take it; `words` are in the reason."""

    words: str


class KeptOut(NamedTuple):
    """The registry itself doesn't take such a value, so no plan ever meets it; `words` are in its refusal."""

    words: str


class Sample(NamedTuple):
    """One value of a kind of ours for a DHIS2 value type; for kind `term` the value is the option's code."""

    kind: str
    value_type: str
    value: Any
    expected: str | Refusal | KeptOut | None


_TABLE: tuple[tuple[str, str, list[tuple[Any, str | Refusal | KeptOut | None]]], ...] = (
    (
        "text",
        "TEXT",
        [
            ("plain", "plain"),
            ("é ü 中 🏥", "é ü 中 🏥"),
            ("  two   blanks\nand a line ", "two blanks and a line"),
            ("x" * 50_000, "x" * 50_000),
            ("x" * 50_001, Refusal("at most 50000")),
            ("a\x00b", KeptOut("U+0000")),
            (" ", KeptOut("a text with something in it")),
            (12, KeptOut("not a text")),
        ],
    ),
    (
        "text",
        "LONG_TEXT",
        [
            (" line\nbreak  twice ", "line\nbreak twice"),
            ("x" * 50_000, "x" * 50_000),
            ("x" * 50_001, Refusal("at most 50000")),
        ],
    ),
    (
        "text",
        "LETTER",
        [
            ("A", "A"),
            ("é", "é"),
            (" z ", "z"),
            ("AB", Refusal("“AB” is not one letter")),
            ("1", Refusal("“1” is not one letter")),
            ("?", Refusal("“?” is not one letter")),
        ],
    ),
    (
        "text",
        "PHONE_NUMBER",
        [
            ("+254 700 000000", "+254 700 000000"),
            ("(020) 123-456", "(020) 123-456"),
            ("123456", "123456"),
            ("1" * 50, "1" * 50),
            ("12345", Refusal("“12345” is not a telephone number: 6 to 50")),
            ("1" * 51, Refusal("is not a telephone number")),
            ("ask for Mary", Refusal("is not a telephone number")),
            ("tel:+254700000", Refusal("is not a telephone number")),
        ],
    ),
    (
        "text",
        "EMAIL",
        [
            ("f1@health.gov.sl", "f1@health.gov.sl"),
            (" f1@health.gov.sl ", "f1@health.gov.sl"),
            ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
            ("x" * 65 + "@example.org", Refusal("too long for an e-mail address")),
            ("bo clinic", Refusal("is not an e-mail address")),
            ("f1@clinic.local", Refusal("no public domain")),
        ],
    ),
    (
        "text",
        "USERNAME",
        [
            ("admin", "admin"),
            ("has space", Refusal("can't be a user name")),
            ("a", Refusal("2 to 255 characters")),
        ],
    ),
    (
        "text",
        "URL",
        [
            ("https://example.org", "https://example.org"),
            ("http://example.org/a?b=c#d", "http://example.org/a?b=c#d"),
            ("https://example.org/" + "x" * 235, "https://example.org/" + "x" * 235),
            ("https://example.org/" + "x" * 236, Refusal("at most 255")),
            ("www.example.org", Refusal("begins with http:// or https://")),
            ("javascript:alert(1)", Refusal("is not a link")),
        ],
    ),
    ("localized_text", "TEXT", [({"default": "Clinic", "fr": "Clinique"}, "Clinic")]),
    ("localized_text", "LETTER", [({"default": "A"}, "A"), ({"default": "AB"}, Refusal("not one letter"))]),
    ("boolean", "BOOLEAN", [(True, "true"), (False, "false"), ("true", KeptOut("not true or false"))]),
    ("boolean", "TRUE_ONLY", [(True, "true"), (False, NOTHING), (1, KeptOut("not true or false"))]),
    (
        "date",
        "DATE",
        [
            ("2001-02-03", "2001-02-03"),
            ("2004-02-29", "2004-02-29"),
            ("0001-01-01", "0001-01-01"),
            ("9999-12-31", "9999-12-31"),
            ("2001-02-30", KeptOut("not a day of the calendar")),
            ("10000-01-01", KeptOut("write it as year-month-day")),
            ("20010203", KeptOut("write it as year-month-day")),
            ("03/02/2001", KeptOut("write it as year-month-day")),
        ],
    ),
    (
        "date",
        "DATETIME",
        [("2001-02-03", "2001-02-03T00:00:00.000"), ("2001-02-03T04:05", KeptOut("write it as year-month-day"))],
    ),
    ("date", "TIME", [("2001-02-03", "00:00")]),
    ("date", "AGE", [("2001-02-03", "2001-02-03"), ("9999-12-31", "9999-12-31")]),
    (
        "integer",
        "INTEGER",
        [
            (0, "0"),
            (-1, "-1"),
            (2147483647, "2147483647"),
            (-2147483648, "-2147483648"),
            (2147483648, Refusal("out of DHIS2's range, -2147483648 to 2147483647")),
            (-2147483649, Refusal("out of DHIS2's range")),
            (1.5, KeptOut("not a whole number")),
            (True, KeptOut("not a whole number")),
            ("12", KeptOut("not a whole number")),
            (10**30, KeptOut("not a whole number")),
        ],
    ),
    (
        "integer",
        "INTEGER_POSITIVE",
        [
            (1, "1"),
            (2147483647, "2147483647"),
            (0, Refusal("“0” is not a whole number above 0")),
            (-1, Refusal("above 0")),
            (2147483648, Refusal("out of DHIS2's range")),
        ],
    ),
    (
        "integer",
        "INTEGER_NEGATIVE",
        [(-1, "-1"), (-2147483648, "-2147483648"), (0, Refusal("below 0")), (1, Refusal("below 0"))],
    ),
    (
        "integer",
        "INTEGER_ZERO_OR_POSITIVE",
        [(0, "0"), (2147483647, "2147483647"), (-1, Refusal("of 0 or more"))],
    ),
    (
        "decimal",
        "NUMBER",
        [
            (7, "7"),
            (12.0, "12"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (1e-10, "0.0000000001"),
            (1e21, "1000000000000000000000"),
            (-0.0, "0"),
            ("1.50", "1.5"),
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("1" * 249, "1" * 249),
            ("1" * 250, Refusal("250 digits")),
            ("1e3", KeptOut("not a number")),
            ("1,5", KeptOut("not a number")),
            (".5", KeptOut("not a number")),
            (False, KeptOut("not a number")),
        ],
    ),
    (
        "decimal",
        "UNIT_INTERVAL",
        [
            (0, "0"),
            (1, "1"),
            (1.0, "1"),
            (0.5, "0.5"),
            (1.1, Refusal("“1.1” is not a number from 0 to 1")),
            ("1.0000000001", Refusal("from 0 to 1")),
            (-0.1, Refusal("from 0 to 1")),
        ],
    ),
    (
        "decimal",
        "PERCENTAGE",
        [
            (0, "0"),
            (100, "100"),
            (99.9, "99.9"),
            (100.1, Refusal("“100.1” is not a number from 0 to 100")),
            (-1, Refusal("from 0 to 100")),
        ],
    ),
    ("term", "TEXT", [("1", "1"), ("Public owner", "Public owner")]),
    ("term", "INTEGER_POSITIVE", [("3", "3"), ("PUB", Refusal("“PUB” is not a whole number above 0"))]),
    ("term", "BOOLEAN", [("true", "true"), ("yes", Refusal("“yes” is not true or false"))]),
)
SAMPLES = [Sample(kind, value_type, *pair) for kind, value_type, pairs in _TABLE for pair in pairs]
