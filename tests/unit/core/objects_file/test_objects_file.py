"""The Geo-Objects file: lines to drafts, objects to lines, and the same object back."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from cgr.core.drafts import Always, History, ObjectDraft
from cgr.core.errors import BadInput
from cgr.core.geometry import from_geojson
from cgr.core.object_states import ObjectState, after
from cgr.core.objects_file import MAX_LINE_BYTES, read_line, write_line
from cgr.core.periods import normalised

POINT = {"type": "Point", "coordinates": [-11.7, 7.9]}


def read(**fields: Any) -> ObjectDraft:
    return read_line(json.dumps({"type": "facility", "code": "F1", **fields}).encode(), 3)


def test_a_line_that_names_only_the_object_says_nothing_else() -> None:
    assert read() == ObjectDraft(type="facility", code="F1", line=3)
    assert read().label is UNSET
    assert read().key is UNSET


@pytest.mark.parametrize(
    ("raw", "writing"),
    [
        (12, Always(12)),
        (False, Always(value=False)),
        ({"default": "x"}, Always({"default": "x"})),
        (None, None),
        ([], History([])),
        ([{"value": 1}], History([{"from": None, "to": None, "value": 1}])),
        (
            [{"from": "2001-01-01", "to": "2002-01-01", "value": 1}],
            History([{"from": "2001-01-01", "to": "2002-01-01", "value": 1}]),
        ),
    ],
)
def test_a_bare_value_a_list_of_periods_and_null_are_three_things(raw: object, writing: object) -> None:
    assert read(values={"beds": raw}).values == {"beds": writing}


def test_geometry_is_read_into_wkb() -> None:
    assert read(geometry=POINT).geometry == Always(from_geojson(POINT))
    assert read(geometry=[{"value": POINT}]).geometry == History(
        [{"from": None, "to": None, "value": from_geojson(POINT)}]
    )
    assert read(geometry=None).geometry is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"code": "F1"}', 'the key "type" is missing'),
        (b'{"type": 1, "code": "F1"}', "expected a text, not a number in type"),
        (b'{"type": "f", "code": "F1", "name": "x"}', 'there is no key "name"'),
        (b'{"type": "f", "code": "F1", "exists": {}}', "expected a list, not an object in braces in exists"),
        (b'{"type": "f", "code": "F1", "parents": "D"}', "expected an object in braces, not a text in parents"),
        (b'{"type": "f", "code": "F1", "invalid": null}', "expected true or false, not null in invalid"),
        (b'{"type": "f", "code": "F1", "external_ids": {"hmis": 7}}', "not a number in external_ids"),
        (b'{"type": "f", "code": "F1", "exists": [{"from": 2001}]}', "not a number in exists[0].from"),
        (b"[]", "expected an object in braces, not a list"),
        (b'{"type": "f"', "this is not JSON"),
        (b"\xff", "this is not JSON"),
        (b'{"type": "f", "code": "F1", "values": {"a": ' + b"[" * 100_000, "this is not JSON"),
        (b'{"type": "f", "code": "F1", "geometry": {"type": "Circle"}}', '"geometry": '),
        (b" " * (MAX_LINE_BYTES + 1), "longer than 64 MiB"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_words(line: bytes, words: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_line(line, 1)

    assert words in refused.value.message
    assert "nothing was written" in refused.value.next_step


DAYS = st.sampled_from([None, "1999-12-31", "2001-01-01", "2010-02-28", "2020-02-29"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=8)


@st.composite
def histories(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> list[dict[str, object]]:
    """Give periods that don't overlap, in order, none of them empty."""
    days = sorted({day for day in draw(st.lists(DAYS, max_size=4)) if day})
    edges = [draw(st.sampled_from([None, "1990-01-01"])), *days, draw(st.sampled_from([None, "2030-01-01"]))]
    pairs = list(pairwise(edges))
    kept = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=len(pairs)))
    return normalised({"from": start, "to": end, "value": draw(values)} for start, end in kept)


SPANS = histories(st.just(1)).filter(bool).map(lambda found: [{"from": one["from"], "to": one["to"]} for one in found])
POINTS = st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(
    lambda at: from_geojson({"type": "Point", "coordinates": list(at)})
)
STATES = st.builds(
    ObjectState,
    type=st.just("facility"),
    code=TEXTS,
    invalid=st.booleans(),
    exists=SPANS,
    label=histories(TEXTS.map(lambda text: {"default": text})),
    values=st.dictionaries(TEXTS, histories(st.one_of(TEXTS, st.integers(-5, 5), st.booleans())).filter(bool)),
    geometry=histories(POINTS),
    parents=st.dictionaries(TEXTS, histories(TEXTS).filter(bool)),
    external_ids=st.dictionaries(TEXTS, TEXTS),
)


@given(STATES)
def test_an_object_written_and_read_again_is_the_same(state: ObjectState) -> None:
    assert after(None, read_line(write_line(state), 1)) == state


@given(STATES)
def test_a_line_never_holds_a_line_break(state: ObjectState) -> None:
    assert write_line(state).count(b"\n") == 1
    assert write_line(state, as_of="2005-01-01").count(b"\n") == 1
