"""Version texts, and the switches that hang on them."""

from __future__ import annotations

import pytest

from cgr.dhis2 import features_of, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.42.5.2", (2, 42, 5, 2)),
        ("2.31.9", (2, 31, 9)),
        ("2.43", (2, 43)),
        ("2.41.0-SNAPSHOT", (2, 41, 0)),
        ("2.40.4.1-EMBARGOED", (2, 40, 4, 1)),
        (" 2.36.13.2\n", (2, 36, 13, 2)),
    ],
)
def test_it_reads_a_version(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["", "DHIS2", "2", "v2.40", "2.x", "<html>"])
def test_it_refuses_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a DHIS2 version"):
        parse_version(text)


# One row per switch: where it turns, according to the verified facts (section 8) and api.md §0.
@pytest.mark.parametrize(
    ("switch", "last_before", "first_after", "after"),
    [
        ("legacy_geometry", "2.31.9", "2.32.0", False),
        ("pager_counts_all", "2.32.6", "2.32.7", True),
        ("names_unit_in_refusals", "2.32.7", "2.33.0", True),
        ("moves_leave_paths_stale", "2.32.7", "2.33.0", True),
        ("empty_arrays_in_reports", "2.34.9", "2.35.0", True),
        ("username_in_credentials", "2.37.10", "2.38.0", False),
        ("moves_need_authority", "2.36.13", "2.37.0", True),
        ("group_additions_reported", "2.37.10", "2.38.0", True),
        ("report_in_envelope", "2.37.10", "2.38.0", True),
        ("collapses_blanks", "2.37.10", "2.38.0", True),
        ("checks_attribute_values", "2.38.7", "2.39.0", True),
        ("refuses_foreign_attributes", "2.38.7", "2.39.0", True),
        ("created_reset_when_omitted", "2.38.7", "2.39.0", False),
        ("keeps_empty_values", "2.41.9.1", "2.42.0", True),
    ],
)
def test_a_switch_turns_where_dhis2_changed(switch: str, last_before: str, first_after: str, *, after: bool) -> None:
    assert getattr(features_of(parse_version(first_after)), switch) is after
    assert getattr(features_of(parse_version(last_before)), switch) is not after


def test_an_unknown_newer_version_behaves_like_the_newest() -> None:
    newest, unknown = features_of((2, 43, 1)), features_of((2, 51, 0))
    assert {f: getattr(newest, f) for f in newest.__struct_fields__ if f != "version"} == {
        f: getattr(unknown, f) for f in unknown.__struct_fields__ if f != "version"
    }


def test_2_31_can_store_only_points_and_areas() -> None:
    assert features_of((2, 31, 9)).geometry_types == {"Point", "Polygon", "MultiPolygon"}
    assert "LineString" in features_of((2, 42)).geometry_types
