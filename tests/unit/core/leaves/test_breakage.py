"""What a change of a definition would break: which mappings use it, what is refused, what a person may consent to."""

from __future__ import annotations

import pytest

from cgr.core.breakage import Kept, Mapped, breakages, uses_attribute, uses_term, uses_type
from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, SyncMapping, SyncType

MAPPING = SyncMapping(
    levels=(
        LevelMapping("country", SyncType.NONE),
        LevelMapping(
            "facility",
            SyncType.BOTH,
            fields={"phoneNumber": "attribute:phone", "email": FieldSource("attribute:mail"), "comment": None},
            where={"status": ("open",)},
            attributes=(
                AttributeMapping("beds", to="AtBeds00001"),
                AttributeMapping("owner", to="AtOwner0001", terms={"public": "PUB"}),
                AttributeMapping("kind", groups={"clinic": "GrClinic001"}),
            ),
        ),
    )
)


@pytest.mark.parametrize(
    ("type_code", "attribute", "used"),
    [
        ("facility", "beds", True),
        ("facility", "phone", True),
        ("facility", "mail", True),
        ("facility", "status", True),
        ("facility", "remarks", False),
        ("country", "beds", False),
    ],
)
def test_an_attribute_is_used_where_it_is_mapped_fills_a_field_or_filters(
    type_code: str,
    attribute: str,
    used: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    assert uses_attribute(MAPPING, type_code, attribute) is used


@pytest.mark.parametrize(
    ("drawing", "term", "used"),
    [
        ({("facility", "owner")}, "public", True),
        ({("facility", "kind")}, "clinic", True),
        ({("facility", "status")}, "open", True),
        ({("facility", "owner")}, "clinic", False),
        ({("district", "owner")}, "public", False),
        (set(), "public", False),
    ],
)
def test_a_term_is_used_through_the_attributes_that_draw_from_its_tree(
    drawing: set[tuple[str, str]],
    term: str,
    used: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    assert uses_term(MAPPING, drawing, term) is used


def test_a_type_is_used_by_its_level() -> None:
    assert uses_type(MAPPING, "country")
    assert not uses_type(MAPPING, "district")


def test_data_refuse_and_configurations_only_warn() -> None:
    found = breakages({Kept.VALUES: 12, Kept.PARENTS: 0}, Mapped(("to-hmis",), others=True))
    assert [(one.kept, one.count, one.refused) for one in found] == [
        (Kept.VALUES, 12, True),
        (Kept.CONFIGURATIONS, 2, False),
    ]
    assert breakages({Kept.VALUES: 0}, Mapped()) == ()
