"""Codes that change hands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgr.core.importing.codes import Renaming, refused_codes

CODES = {"A": "a", "B": "b", "C": "c", "M": None}


def renamings(**after: str) -> list[Renaming]:
    before = {uid: code for code, uid in CODES.items() if uid}
    return [Renaming(uid, before[uid], code) for uid, code in after.items()]


@pytest.mark.parametrize(
    ("after", "refused"),
    [
        ({"a": "Z"}, {}),
        ({"a": "B", "b": "A"}, {}),
        ({"a": "B", "b": "C", "c": "A"}, {}),
        ({"a": "B", "b": "Z"}, {}),
        ({"a": "B"}, {"a": "b"}),
        ({"a": "M"}, {"a": None}),
        ({"a": "B", "b": "C"}, {"b": "c", "a": "b"}),
        ({"a": "B", "b": "A", "c": "B"}, {"c": "a"}),
        ({"a": "Z", "b": "Z"}, {"b": "a"}),
    ],
)
def test_a_code_is_free_when_its_object_gives_it_up(after: dict[str, str], refused: dict[str, str | None]) -> None:
    assert refused_codes(renamings(**after), CODES) == refused


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from("ABCMYZ")))
def test_what_is_granted_leaves_every_code_with_one_object(after: dict[str, str]) -> None:
    wanted = [renaming for renaming in renamings(**after) if renaming.before != renaming.after]
    refused = refused_codes(wanted, CODES)
    granted = {renaming.uid: renaming.after for renaming in wanted if renaming.uid not in refused}
    resulting = [granted.get(uid or "", code) for code, uid in CODES.items()]
    assert len(resulting) == len(set(resulting))
