"""The plain fields of a unit: what is written, and what DHIS2 would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cgr.core.unit_fields import FIELDS, field_refusal, field_text

if TYPE_CHECKING:
    from cgr.core.records import Value


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", {"default": " Bo  Clinic ", "fr": "Clinique"}, "Bo Clinic"),
        ("code", "F1", "F1"),
        ("code", 12, "12"),
        ("name", "  ", None),
        ("name", None, None),
        ("name", {}, None),
        ("openingDate", "2001-02-03", "2001-02-03"),
        ("description", " two\n lines ", "two\n lines"),
        ("comment", " \n", None),
    ],
)
def test_a_value_becomes_the_fields_text(field: str, value: Value | None, expected: object) -> None:
    assert field_text(field, value) == expected


def test_a_localized_value_becomes_the_text_of_the_language() -> None:
    assert field_text("name", {"default": "Clinic", "fr": "Clinique"}, "fr") == "Clinique"


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("name", 230),
        ("shortName", 50),
        ("code", 50),
        ("contactPerson", 255),
        ("address", 255),
        ("phoneNumber", 150),
    ],
)
def test_a_field_holds_as_much_as_dhis2_takes_and_no_more(field: str, limit: int) -> None:
    assert field_refusal(field, "x" * limit) is None
    assert f"at most {limit}" in (field_refusal(field, "x" * (limit + 1)) or "")


@pytest.mark.parametrize(
    ("field", "text", "accepted"),
    [
        ("description", "d" * 10_000, True),
        ("comment", "a\x00b", False),
        ("email", "f1@example.org", True),
        ("email", "not-an-email", False),
        ("email", "e" * 60 + "@" + "x" * 63 + "." + "y" * 21 + ".org", True),
        ("email", "e" * 60 + "@" + "x" * 63 + "." + "y" * 22 + ".org", False),
        ("url", "https://f1.example.org", True),
        ("url", "not a url", False),
        ("url", "https://" + "u" * 248, False),
        ("openingDate", "2001-02-03", True),
        ("openingDate", "2001-02-30", False),
        ("closedDate", "soon", False),
        ("phoneNumber", "any words", True),
    ],
)
def test_a_field_is_held_to_dhis2s_rule(*, field: str, text: str, accepted: bool) -> None:
    assert (field_refusal(field, text) is None) is accepted


def test_dhis2_demands_three_fields_of_every_unit() -> None:
    assert [name for name, field in FIELDS.items() if field.required] == ["name", "shortName", "openingDate"]
