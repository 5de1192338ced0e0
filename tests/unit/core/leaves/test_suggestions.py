"""Suggestions for terms: only what is clear from both sides, by code before label."""

from __future__ import annotations

import pytest

from cgr.core.records import Localized, RemoteGroup, RemoteOption
from cgr.core.suggestions import Suggestion, suggest_groups, suggest_options


def options(*rows: tuple[str, str]) -> list[RemoteOption]:
    return [RemoteOption(f"id{place}", code, name) for place, (code, name) in enumerate(rows)]


@pytest.mark.parametrize(
    ("terms", "offered", "expected"),
    [
        ({"PUB": {"default": "Public"}}, [("PUB", "x")], [("PUB", "PUB", "same code")]),
        ({"PUB": {"default": "Public"}}, [("pub", "x")], [("PUB", "pub", "same code")]),
        ({"PUB": {"default": "Public"}}, [("1", "public ")], [("PUB", "1", "same name")]),
        ({"PUB": {"default": "Public", "fr": "Privé"}}, [("1", "PRIVE")], [("PUB", "1", "same name")]),
        ({"FBO": {"default": "Faith-based"}}, [("1", "Faith based")], [("FBO", "1", "same name")]),
        ({"A": {"default": "B"}, "B": {"default": "x"}}, [("A", "B")], [("A", "A", "same code")]),
        ({"A": {"default": "Same"}, "B": {"default": "Same"}}, [("1", "Same")], []),
        ({"A": {"default": "Same"}}, [("1", "Same"), ("2", "same")], []),
        ({"A": {"default": "काम"}}, [("1", "कुम")], []),
        ({"--": {"default": "-"}}, [("..", ".")], []),
        ({}, [("1", "x")], []),
        ({"A": {"default": "x"}}, [], []),
    ],
)
def test_an_option_is_suggested_when_it_is_the_only_one_from_both_sides(
    terms: dict[str, Localized], offered: list[tuple[str, str]], expected: list[tuple[str, str, str]]
) -> None:
    assert suggest_options(terms, options(*offered)) == [Suggestion(*row) for row in expected]


def test_a_group_that_we_may_not_write_to_is_not_suggested() -> None:
    groups = [RemoteGroup("oRVt7g429ZO", "Public"), RemoteGroup("MAs88nJc9nL", "Private", writable=False)]
    terms = {"PUB": {"default": "Public"}, "PRI": {"default": "Private"}}
    assert suggest_groups(terms, groups) == [Suggestion("PUB", "oRVt7g429ZO", "same name")]


def test_a_groups_own_code_comes_before_its_name() -> None:
    groups = [RemoteGroup("G1", "Government", code="PUB"), RemoteGroup("G2", "Private", code="OTHER")]
    found = suggest_groups({"PUB": {"default": "Public"}, "PRI": {"default": "Private"}}, groups)
    assert [(one.term, one.target, one.reason) for one in found] == [
        ("PUB", "G1", "same code"),
        ("PRI", "G2", "same name"),
    ]
