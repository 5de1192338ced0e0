"""Which changes travel together, and how many: the size that a server likes, and what must not share a request."""

from __future__ import annotations

import pytest

from cgr.core.batches import FIRST, LARGEST, MOST_BYTES, SMALLEST, BatchSize, fitting, halves, next_batch
from cgr.core.changes import Change, FieldChange, Kind, ObjectRef


def change(uid: str, *kinds: Kind, depth: int = 1) -> Change:
    return Change(
        kinds=kinds,
        object=ObjectRef("facility", uid),
        uid=uid,
        level=4,
        fields={"name": FieldChange(None, uid)},
        groups=(),
        key=1,
        version=1,
        depth=depth,
        basis="",
    )


CREATE, UPDATE, MOVE = Kind.CREATE, Kind.UPDATE, Kind.MOVE


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ([], 0),
        ([change("a", CREATE), change("b", CREATE, depth=2)], 2),
        ([change("a", CREATE), change("b", UPDATE)], 1),
        ([change("a", UPDATE), change("b", CREATE)], 1),
        ([change("a", UPDATE), change("b", UPDATE, depth=3)], 2),
        ([change("a", MOVE, depth=2), change("b", MOVE, depth=2)], 2),
        ([change("a", MOVE, depth=2), change("b", MOVE, depth=3)], 1),
        ([change("a", UPDATE, depth=1), change("b", UPDATE, MOVE, depth=2), change("c", MOVE, depth=3)], 2),
    ],
)
def test_creations_travel_alone_and_moves_only_with_those_of_their_depth(changes: list[Change], taken: int) -> None:
    assert next_batch(changes, BatchSize()) == changes[:taken]


def test_a_batch_never_holds_more_than_its_size() -> None:
    changes = [change(str(number), UPDATE) for number in range(5)]
    assert len(next_batch(changes, BatchSize(3))) == 3


@pytest.mark.parametrize(
    ("seconds", "sent", "units"),
    [
        (0.0, FIRST, 2 * FIRST),
        (0.5, FIRST, 2 * FIRST),
        (0.5, FIRST - 1, FIRST),
        (10.0, FIRST, 1_400),
        (15.0, FIRST, FIRST),
        (21.0, FIRST, FIRST // 2),
    ],
)
def test_the_size_follows_how_long_the_server_took(seconds: float, sent: int, units: int) -> None:
    assert BatchSize().after(seconds, sent=sent).units == units


def test_the_size_stays_within_bounds() -> None:
    assert BatchSize(LARGEST).after(0.1, sent=LARGEST).units == LARGEST
    assert BatchSize(SMALLEST).halved().units == SMALLEST


@pytest.mark.parametrize(
    ("bytes_each", "units", "expected"),
    [(10, 3, 3), (MOST_BYTES // 2, 5, 2), (MOST_BYTES // 2 + 1, 5, 1), (3 * MOST_BYTES, 5, 1)],
)
def test_a_request_is_bounded_in_bytes_too_and_takes_one_unit_at_least(
    bytes_each: int, units: int, expected: int
) -> None:
    changes = [change(str(number), UPDATE) for number in range(5)]
    assert fitting(changes, BatchSize(units), lambda _: bytes_each) == expected


def test_halves_hold_everything_once_in_order() -> None:
    changes = [change(str(number), UPDATE) for number in range(5)]
    first, second = halves(changes)
    assert [*first, *second] == changes
    assert first
    assert second
