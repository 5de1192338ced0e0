"""What a person says before an import."""

from __future__ import annotations

import pytest

from cgr.core.errors import BadInput
from cgr.core.importing import ImportMapping, parse_levels, parse_mapping


def test_levels_are_read_in_any_order() -> None:
    assert parse_levels(" 2 = region,1=country") == {1: "country", 2: "region"}


@pytest.mark.parametrize(
    "text", ["", "country", "1=", "=country", "1=country,", "1=a,1=b", "x=a", "²=a", "-1=a", "1" * 5000 + "=a"]
)
def test_what_is_not_a_list_of_levels_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is not a level"):
        parse_levels(text)


def test_without_a_mapping_the_defaults_hold() -> None:
    sources = {"name": "label", "code": "code", "openingDate": "exists.start", "closedDate": "exists.end"}
    assert ImportMapping().sources() == sources
    assert parse_mapping(None, origin="x") == ImportMapping()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"code": None}, {"name", "openingDate", "closedDate"}),
        ({"shortName": "label"}, {"shortName", "code", "openingDate", "closedDate"}),
        ({"comment": "attribute:note"}, {"name", "code", "openingDate", "closedDate", "comment"}),
    ],
)
def test_a_default_gives_way_to_what_is_mapped(fields: dict[str, str | None], expected: set[str]) -> None:
    assert set(ImportMapping(fields=fields).sources()) == expected


@pytest.mark.parametrize("raw", [[], "text", {"fields": []}, {"attributes": [{"from": "x"}]}, {"field": {}}])
def test_what_is_not_a_mapping_is_refused_with_the_name_of_the_file(raw: object) -> None:
    with pytest.raises(BadInput, match=r"import\.yaml is not an import mapping"):
        parse_mapping(raw, origin="import.yaml")
