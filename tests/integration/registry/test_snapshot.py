"""What planning is given: Geo-Objects as of a day, by the rules of "latest" (R0.4)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.errors import BadInput
from cgr.core.records import Existence
from cgr.registry.actions import reserve_external_ids
from cgr.registry.models import GeoObject
from cgr.registry.snapshot import objects_by_key, stream_objects, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.core.records import OurObject
    from cgr.registry.actions import Applied

    Apply = Callable[..., Applied]

TODAY = date(2026, 11, 23)
HERE = {"type": "Point", "coordinates": [1, 2]}
THERE = {"type": "Point", "coordinates": [3, 4]}
PAST = {"from": "2001-01-01", "to": "2010-01-01"}
OLDER = {"from": "1990-01-01", "to": "2001-01-01"}
NOW = {"from": "2010-01-01", "to": None}
FUTURE = {"from": "2030-01-01", "to": None}


def snapshot(system: str = "hmis", as_of: date = TODAY) -> dict[str, OurObject]:
    types = ["country", "district", "facility"]
    return {
        one.code: one for one in stream_objects(hierarchy="admin", types_in_order=types, system=system, as_of=as_of)
    }


def facility(**fields: object) -> dict[str, object]:
    return {"type": "facility", "code": "F1", **fields}


def test_objects_come_level_by_level_in_the_order_of_their_codes(apply: Apply) -> None:
    codes = [
        ("facility", "b"),
        ("district", "Z"),
        ("facility", "B"),
        ("country", "z"),
        ("facility", "a"),
        ("district", "A"),
    ]
    apply(*({"type": type_code, "code": code} for type_code, code in codes))

    stream = stream_objects(
        hierarchy="admin", types_in_order=["country", "district", "facility"], system="", as_of=TODAY
    )

    assert [(one.type, one.code) for one in stream] == [
        ("country", "z"),
        ("district", "A"),
        ("district", "Z"),
        ("facility", "B"),
        ("facility", "a"),
        ("facility", "b"),
    ]


def test_types_that_are_not_asked_for_are_left_out_and_unknown_ones_refused(apply: Apply) -> None:
    apply({"type": "country", "code": "C"}, facility())

    stream = stream_objects(hierarchy="admin", types_in_order=["country"], system="", as_of=TODAY)
    assert [one.code for one in stream] == ["C"]
    for wrong in ({"types_in_order": ["ward"]}, {"hierarchy": "health"}):
        arguments: dict[str, Any] = {"hierarchy": "admin", "types_in_order": ["country"], **wrong}
        with pytest.raises(BadInput, match="There is no"):
            list(stream_objects(system="", as_of=TODAY, **arguments))


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([PAST, NOW], NOW),  # in force
        ([OLDER, PAST], PAST),  # nothing in force: the most recent past one
        ([OLDER, PAST, FUTURE], PAST),
        ([OLDER], OLDER),
        ([FUTURE], None),  # never a future one
        ([{"from": None, "to": None}], {"from": None, "to": None}),
        ([{"from": TODAY.isoformat(), "to": None}], {"from": TODAY.isoformat(), "to": None}),  # begins today
        ([{"from": "2001-01-01", "to": TODAY.isoformat()}], {"from": "2001-01-01", "to": TODAY.isoformat()}),  # over
    ],
)
def test_label_value_and_geometry_are_the_latest(
    apply: Apply, periods: list[dict[str, Any]], expected: dict[str, Any] | None
) -> None:
    def marked(*values: object) -> list[dict[str, object]]:
        return [{**period, "value": value} for period, value in zip(periods, values, strict=False)]

    apply(
        facility(
            label=marked({"default": "1"}, {"default": "2"}, {"default": "3"}),
            values={"beds": marked(1, 2, 3)},
            geometry=marked(HERE, THERE, HERE),
        )
    )

    one = snapshot()["F1"]

    if expected is None:
        assert (one.label, one.values, one.geometry) == (None, {}, None)
    else:
        number = periods.index(expected) + 1
        assert one.label == {"default": str(number)}
        assert one.values == {"beds": number}
        assert one.geometry is not None
        assert one.geometry == _wkb(apply, THERE if number == 2 else HERE)


def _wkb(apply: Apply, geometry: dict[str, object]) -> bytes:
    apply({"type": "facility", "code": "other", "geometry": geometry})
    return bytes(GeoObject.objects.get(code="other").geometries.get().wkb)


@pytest.mark.parametrize(
    ("exists", "existence", "starts", "ends"),
    [
        ([OLDER, NOW], Existence.EXISTS, "2010-01-01", None),
        ([OLDER, PAST], Existence.ENDED, "1990-01-01", "2010-01-01"),  # without a gap it is one existence
        ([OLDER, {"from": "2005-01-01", "to": "2010-01-01"}], Existence.ENDED, "2005-01-01", "2010-01-01"),
        ([PAST, FUTURE], Existence.ENDED, "2001-01-01", "2010-01-01"),
        ([FUTURE], Existence.NOT_YET, None, None),
        ([{"from": None, "to": None}], Existence.EXISTS, None, None),
        ([{"from": "2001-01-01", "to": "2026-11-24"}], Existence.EXISTS, "2001-01-01", "2026-11-24"),
        ([{"from": "2001-01-01", "to": "2026-11-23"}], Existence.ENDED, "2001-01-01", "2026-11-23"),
    ],
)
def test_existence_is_that_of_the_day(
    apply: Apply, exists: list[dict[str, Any]], existence: Existence, starts: str | None, ends: str | None
) -> None:
    apply(facility(exists=exists))

    one = snapshot()["F1"]

    assert (one.existence, one.starts, one.ends) == (existence, starts, ends)


@pytest.mark.parametrize(
    ("edges", "in_force"),
    [
        ([("A", NOW)], ["A"]),
        ([("A", PAST)], []),  # an ended edge never counts
        ([("A", FUTURE)], []),
        ([("A", PAST), ("B", NOW)], ["B"]),
        ([("A", NOW), ("B", NOW)], ["A", "B"]),  # a defect of the data, for planning to report
        ([("A", {"from": None, "to": None}), ("A", NOW)], ["A"]),  # one parent, told twice
        ([("A", {"from": "2001-01-01", "to": TODAY.isoformat()})], []),
        ([("A", {"from": TODAY.isoformat(), "to": None})], ["A"]),
    ],
)
def test_parents_are_those_in_force(apply: Apply, edges: list[tuple[str, dict[str, Any]]], in_force: list[str]) -> None:
    apply(
        {"type": "district", "code": "A"},
        {"type": "district", "code": "B"},
        facility(parents={"admin": [{"parent": parent, **period} for parent, period in edges]}),
    )

    found = snapshot()

    assert found["F1"].parents == tuple(sorted(found[code].key for code in in_force))


def test_the_past_can_be_asked_for(apply: Apply) -> None:
    apply(
        facility(
            exists=[{"from": "2001-01-01", "to": "2020-01-01"}],
            values={"beds": [{**PAST, "value": 1}, {**NOW, "value": 2}]},
        )
    )

    then, now = snapshot(as_of=date(2005, 1, 1))["F1"], snapshot()["F1"]

    assert (then.existence, then.values) == (Existence.EXISTS, {"beds": 1})
    assert (now.existence, now.values) == (Existence.ENDED, {"beds": 2})


def test_values_keep_their_kind(apply: Apply) -> None:
    values = {
        "beds": 0,
        "owner": "PUB",
        "remarks": "à côté",
        "motto": {"default": "Health", "fr": "Santé"},
        "power": False,
        "inspected": "2020-02-29",
        "area": 1.25,
    }
    apply(facility(values=values, invalid=True))

    one = snapshot()["F1"]

    assert one.values == values
    assert one.invalid


def test_external_ids_are_those_of_the_system_and_say_whether_they_are_reserved(apply: Apply, registry: Actor) -> None:
    apply(facility(external_ids={"hmis": "DiszpKrYNg8"}), {"type": "facility", "code": "F2"})
    reserve_external_ids(registry, "lmis", [(GeoObject.objects.get(code="F2").pk, "oRVt7g429ZO")])

    assert [(one.external_id, one.reserved) for one in snapshot().values()] == [("DiszpKrYNg8", False), (None, False)]
    assert [(one.external_id, one.reserved) for one in snapshot("lmis").values()] == [
        (None, False),
        ("oRVt7g429ZO", True),
    ]


def test_a_few_objects_are_given_as_the_stream_gives_them(apply: Apply) -> None:
    apply(
        {"type": "district", "code": "A"},
        facility(parents={"admin": "A"}, geometry=HERE, values={"beds": 3}, external_ids={"hmis": "DiszpKrYNg8"}),
    )
    streamed = snapshot()["F1"]

    assert objects_by_key([streamed.key, -1], hierarchy="admin", system="hmis", as_of=TODAY) == {streamed.key: streamed}
    assert versions([streamed.key, -1]) == {streamed.key: 1}


@pytest.mark.django_db(transaction=True)
def test_more_objects_than_are_fetched_at_a_time_come_whole_without_a_transaction(apply: Apply) -> None:
    apply(*({"type": "facility", "code": f"F{number:05}"} for number in range(4100)))

    codes = [one.code for one in stream_objects(hierarchy="admin", types_in_order=["facility"], system="", as_of=TODAY)]

    assert codes == [f"F{number:05}" for number in range(4100)]
