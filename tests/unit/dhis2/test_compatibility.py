"""Which versions can be used for what, and what is told about the ones that can't."""

from __future__ import annotations

import pytest

from cgr.dhis2 import parse_version
from cgr.dhis2.compatibility import (
    Answer,
    compatibility_of,
    compatibility_table,
    oauth_refusal,
    version_refusal,
    version_warnings,
)


@pytest.mark.parametrize(
    ("version", "row"),
    [
        ("2.31", "2.31"),
        ("2.31.9", "2.31"),
        ("2.34.9.1", "2.34"),
        ("2.35", "2.35.0, 2.35.1"),
        ("2.35.0", "2.35.0, 2.35.1"),
        ("2.35.1.3", "2.35.0, 2.35.1"),
        ("2.35.2", "2.35.2 and later 2.35"),
        ("2.35.14", "2.35.2 and later 2.35"),
        ("2.43.1", "2.43"),
        ("2.44.0", "2.44 and newer"),
        ("3.0", "2.44 and newer"),
    ],
)
def test_a_version_has_the_row_it_belongs_to(version: str, row: str) -> None:
    found = compatibility_of(parse_version(version))
    assert found is not None
    assert found.name == row


@pytest.mark.parametrize("version", ["2.35", "2.35.0", "2.35.1"])
def test_oauth2_is_refused_where_its_consent_page_is_missing_and_the_reason_says_what_to_use(version: str) -> None:
    refusal = oauth_refusal(parse_version(version))
    assert refusal is not None
    assert "consents" in refusal
    assert "user name and password" in refusal
    assert version_warnings(parse_version(version)) == (refusal,)


# The versions with which the earlier registry is known to have worked, those recorded, and one nobody knows yet.
@pytest.mark.parametrize(
    "version", ["2.31.9", "2.32.7", "2.33.7", "2.34.2", "2.35.2", "2.36.13", "2.41.3", "2.42.5.2", "2.43.1", "2.50.0"]
)
def test_oauth2_is_refused_nowhere_else(version: str) -> None:
    assert oauth_refusal(parse_version(version)) is None


def test_an_unknown_newer_version_is_warned_of_and_not_refused() -> None:
    assert version_refusal((2, 44, 0)) is None
    (warning,) = version_warnings((2, 44, 0))
    assert "2.44.0 is newer than those verified (2.31 to 2.43)" in warning


def test_a_version_older_than_the_first_row_is_refused_and_by_oauth2_too() -> None:
    assert "2.30.1 is older than 2.31" in str(version_refusal((2, 30, 1)))
    assert oauth_refusal((2, 30, 1)) == version_refusal((2, 30, 1))


def test_every_no_and_every_condition_has_its_note() -> None:
    unexplained = [
        row.name
        for row in compatibility_table()
        if not row.notes
        and (row.oauth2 is not Answer.YES or {row.tokens, row.importing, row.syncing} & {Answer.SWITCHED_ON})
    ]
    assert unexplained == []


def test_the_recorded_versions_are_those_that_the_table_calls_recorded(shared) -> None:
    folders = {path.name for path in (shared / "dhis2" / "recordings").iterdir() if path.is_dir()}
    assert {row.name for row in compatibility_table() if "recorded" in row.verified} == folders
