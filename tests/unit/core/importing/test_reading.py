"""What a unit says, and what of it differs from its object."""

from __future__ import annotations

import json

import pytest
from msgspec import UNSET

from cgr.core.errors import BadInput
from cgr.core.geometry import to_geojson
from cgr.core.importing import ImportAttribute, ImportMapping
from cgr.core.importing.comparing import differences
from cgr.core.importing.reading import UnitReader
from cgr.core.records import Existence, OurAttribute, OurObject, OurType, TheirUnit, Value

KINDS = ("text", "localized_text", "boolean", "date", "integer", "decimal", "term")
TERMS = {"PUB": {"default": "Public"}, "PRI": {"default": "Private"}}
SHAPE = OurType(
    code="facility",
    label={"default": "Facility"},
    geometry="mixed",
    parent="district",
    attributes={
        kind: OurAttribute(kind, kind, {"default": kind}, terms=TERMS if kind == "term" else None) for kind in KINDS
    },
)


def value_of(kind: str, text: str, terms: dict[str, str] | None = None) -> Value | None:
    mapping = ImportMapping(attributes=(ImportAttribute(to=kind, source="A", terms=terms),))
    said = UnitReader(SHAPE, mapping, {}).read(TheirUnit("u", 1, attribute_values={"A": text}))
    return said.values.get(kind)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " two  blanks ", "two  blanks"),
        ("text", "  ", None),
        ("localized_text", "words", {"default": "words"}),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("date", "2020-02-29T00:00:00.000", "2020-02-29"),
        ("integer", "-12", -12),
        ("integer", "0", 0),
        ("decimal", "12.50", "12.50"),
        ("decimal", "1E3", "1000"),
        ("decimal", "+.5", "0.5"),
        ("term", "PUB", "PUB"),
    ],
)
def test_dhis2s_text_becomes_a_value_of_the_kind(kind: str, text: str, value: Value | None) -> None:
    assert value_of(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("boolean", "1"),
        ("integer", "1_000"),
        ("integer", "١٢"),
        ("integer", "12.0"),
        ("decimal", "NaN"),
        ("decimal", "1e9999"),
        ("term", "Public"),
    ],
)
def test_a_text_that_is_no_such_value_is_refused(kind: str, text: str) -> None:
    with pytest.raises(BadInput, match=kind):
        value_of(kind, text)


def test_options_become_the_terms_they_are_mapped_to() -> None:
    assert value_of("term", "1", {"1": "PUB"}) == "PUB"
    with pytest.raises(BadInput, match="no term is mapped") as refused:
        value_of("term", "PUB", {"1": "PUB"})
    assert refused.value.code == "term-unmapped"


def test_translations_count_once_per_locale_and_only_in_dhis2s_own_spelling() -> None:
    unit = TheirUnit(
        "u",
        1,
        name=" Clinic ",
        translations=(
            ("NAME", "fr", "Clinique"),
            ("NAME", "fr", "twice"),
            ("NAME", "pt-BR", "another spelling"),
            ("NAME", "sw", " "),
            ("SHORT_NAME", "de", "Kl."),
        ),
    )
    assert UnitReader(SHAPE, ImportMapping(), {}).read(unit).label == {"default": "Clinic", "fr": "Clinique"}


def test_a_unit_without_closing_date_says_that_it_is_open_unless_that_is_not_mapped() -> None:
    unit = TheirUnit("u", 1)
    assert UnitReader(SHAPE, ImportMapping(), {}).read(unit).ends is None
    unmapped = ImportMapping(fields={"closedDate": None})
    assert UnitReader(SHAPE, unmapped, {}).read(unit).ends is UNSET


@pytest.mark.parametrize(
    ("kind", "coordinates", "flat"),
    [
        ("Point", [1.5, 2.5, 300], [1.5, 2.5]),
        ("Polygon", [[[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 0, 1]]], [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        ("Polygon", [[[0, 0], [1, 0], [1, 1], [0, 1]]], [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]),
        ("MultiPolygon", [[[[0, 0], [1, 0], [1, 1]]]], [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]),
        ("LineString", [[0, 0, 9], [1, 0, 9]], [[0, 0], [1, 0]]),
    ],
)
def test_heights_are_left_off_and_outlines_closed(kind: str, coordinates: object, flat: object) -> None:
    geometry = json.dumps({"type": kind, "coordinates": coordinates}).encode()
    wkb = UnitReader(SHAPE, ImportMapping(), {}).geometry(TheirUnit("u", 1, geometry=geometry))
    assert wkb is not None
    assert to_geojson(wkb)["coordinates"] == flat


@pytest.mark.parametrize(("kind", "coordinates"), [("Point", []), ("Polygon", [[]]), ("MultiPolygon", [])])
def test_an_empty_geometry_is_none_and_keeps_no_unit_out(kind: str, coordinates: object) -> None:
    geometry = json.dumps({"type": kind, "coordinates": coordinates}).encode()
    assert UnitReader(SHAPE, ImportMapping(), {}).geometry(TheirUnit("u", 1, geometry=geometry)) is None


@pytest.mark.parametrize("geometry", [b"nonsense", b"{}", b"[]", b'{"type":"Point"}'])
def test_a_geometry_that_is_none_is_refused(geometry: bytes) -> None:
    with pytest.raises(BadInput, match="geometry"):
        UnitReader(SHAPE, ImportMapping(), {}).geometry(TheirUnit("u", 1, geometry=geometry))


@pytest.mark.parametrize(
    ("kind", "ours", "text", "differs"),
    [
        ("text", "two blanks", "two  blanks", False),
        ("text", "one", "other", True),
        ("decimal", 12.5, "12.50", False),
        ("decimal", "12.5", "12.6", True),
        ("integer", 12, "12", False),
        ("boolean", False, "true", True),
        ("localized_text", {"default": "a", "fr": "b"}, "a", False),
        ("localized_text", {"default": "a", "fr": "b"}, "c", True),
    ],
)
def test_only_what_counts_is_a_difference(kind: str, ours: Value, text: str, differs: bool) -> None:  # noqa: FBT001 - a column of the table
    known = OurObject(
        key=1,
        uid="",
        type="facility",
        code="F1",
        version=1,
        invalid=False,
        existence=Existence.EXISTS,
        starts=None,
        ends=None,
        label=None,
        values={kind: ours},
        geometry=None,
        parents=(),
        external_id="u",
        reserved=False,
    )
    mapping = ImportMapping(attributes=(ImportAttribute(to=kind, source="A"),))
    said = UnitReader(SHAPE, mapping, {}).read(TheirUnit("u", 1, code="F1", attribute_values={"A": text}))
    assert bool(differences(said, known, SHAPE)) is differs
