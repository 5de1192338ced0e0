"""The comparison itself: what it forgives and, above all, what it doesn't."""

from __future__ import annotations

from typing import Any

import pytest

from cgr.sandbox.recordings.aliases import Aliases
from cgr.sandbox.recordings.comparison import Comparison, media_family

T1, T2 = "2026-11-23T08:00:00.001", "2026-11-23T08:00:00.002"
L1, L2 = "2030-01-01T10:00:00.001", "2030-01-01T10:00:00.002"


def compare(recorded: Any, live: Any, *generated: str) -> list[str]:
    return Comparison(Aliases(frozenset(generated))).json(recorded, live)


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ({"a": 1}, {"a": 1.0}),
        ({"lastUpdated": T1}, {"lastUpdated": L1}),
        ({"id": "aaaaaaaaaa1", "href": "https://dhis2.example.org/api/x/aaaaaaaaaa1"},
         {"id": "zzzzzzzzzz9", "href": "http://localhost/api/x/zzzzzzzzzz9"}),
        ({"id": "g", "organisationUnits": [{"id": "a"}, {"id": "b"}]},
         {"id": "g", "organisationUnits": [{"id": "b"}, {"id": "a"}]}),
        ({"attributeValues": [{"value": "1"}, {"value": "2"}]}, {"attributeValues": [{"value": "2"}, {"value": "1"}]}),
        ({"message": "Started job (1795421691409)"}, {"message": "Started job (1895421691409)"}),
        ({"message": "could not execute statement; SQL [n/a]"}, {"message": "could not execute statement"}),
        ({"revision": "<removed>"}, {"revision": "sandbox"}),
    ],
)  # fmt: skip
def test_it_forgives_what_changes_from_run_to_run(recorded: Any, live: Any) -> None:
    assert compare(recorded, live, "aaaaaaaaaa1") == []


@pytest.mark.parametrize(
    ("recorded", "live"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {"a": 0}),
        ({"a": 1}, {}),
        ({}, {"a": 1}),
        ({"openingDate": "2001-02-03T00:00:00.000"}, {"openingDate": "2001-02-02T00:00:00.000"}),
        ({"id": "OuCountry01"}, {"id": "OuCountry02"}),
        ({"rows": [{"id": "a"}, {"id": "b"}]}, {"rows": [{"id": "b"}, {"id": "a"}]}),
        ({"attributeValues": [{"value": "1"}, {"value": "1"}]}, {"attributeValues": [{"value": "1"}, {"value": "2"}]}),
        ({"message": "Missing required property `name`"}, {"message": "Missing required property `code`"}),
        ({"message": "could not execute statement"}, {"message": ""}),
        ({"revision": "<removed>"}, {"revision": ""}),
        ({"lastUpdated": T1}, {"lastUpdated": "soon"}),
        ([1, 2], [1]),
    ],
)
def test_it_tells_every_other_difference(recorded: Any, live: Any) -> None:
    assert compare(recorded, live) != []


def test_an_id_made_by_the_server_stands_for_the_same_object_to_the_end() -> None:
    comparison = Comparison(Aliases(frozenset({"aaaaaaaaaa1", "bbbbbbbbbb2"})))
    assert comparison.json({"id": "aaaaaaaaaa1"}, {"id": "zzzzzzzzzz9"}) == []
    assert comparison.json({"parent": {"id": "aaaaaaaaaa1"}}, {"parent": {"id": "yyyyyyyyyy8"}}) != []
    assert comparison.json({"id": "bbbbbbbbbb2"}, {"id": "zzzzzzzzzz9"}) != []


@pytest.mark.parametrize(
    ("second_recorded", "second_live", "agree"), [(T2, L2, True), (T1, L1, True), (T2, L1, False), (T1, L2, False)]
)
def test_last_updated_must_move_exactly_when_the_recorded_one_did(
    second_recorded: str, second_live: str, *, agree: bool
) -> None:
    comparison = Comparison(Aliases(frozenset()))
    comparison.json({"id": "x", "lastUpdated": T1}, {"id": "x", "lastUpdated": L1})
    told = comparison.json({"id": "x", "lastUpdated": second_recorded}, {"id": "x", "lastUpdated": second_live})
    assert (told == []) is agree


@pytest.mark.parametrize(
    ("content_type", "family"),
    [("application/json;charset=UTF-8", "json"), ("text/html", "html"), (None, ""), ("application/json+gzip", "gzip")],
)
def test_it_reduces_a_content_type_to_what_a_client_acts_on(content_type: str | None, family: str) -> None:
    assert media_family(content_type) == family


def test_error_pages_of_the_container_are_compared_by_status_and_message() -> None:
    page = "<html><head><title>HTTP Status 400 - Bad Request</title></head><body><p><b>Message</b> {}</p></body></html>"
    comparison = Comparison(Aliases(frozenset()))
    assert comparison.page(page.format("no file"), page.format("no file").replace("<body>", "<body><hr>")) == []
    assert comparison.page(page.format("no file"), page.format("no name")) != []
    assert comparison.page(page.format("no file"), page.format("no file").replace("400", "404")) != []
