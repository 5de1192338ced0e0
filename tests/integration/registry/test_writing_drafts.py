"""Writing drafts, as an import does: by key, as new, with values that hold from a day on (R3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from cgr.audit.queries import entries
from cgr.core.drafts import Always, ObjectDraft, Since
from cgr.core.geometry import from_geojson
from cgr.registry.actions import Applied, ObjectsRefused, write_objects
from cgr.registry.models import ExternalId, GeoObject, ParentEdge

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor

DAY = "2026-11-23"
HERE = from_geojson({"type": "Point", "coordinates": [1, 2]})
THERE = from_geojson({"type": "Point", "coordinates": [3, 4]})


@pytest.fixture
def keys(apply: Callable[..., Applied]) -> dict[str, int]:
    """A country, two districts and a facility in the first: code → key."""
    apply(
        {"type": "country", "code": "C"},
        {"type": "district", "code": "D1", "label": "North", "parents": {"admin": "C"}},
        {"type": "district", "code": "D2", "label": "South", "parents": {"admin": "C"}},
        {
            "type": "facility",
            "code": "F1",
            "label": "Clinic",
            "exists": [{"from": "2001-01-01"}],
            "values": {"beds": 12},
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "parents": {"admin": "D1"},
            "external_ids": {"hmis": "DiszpKrYNg8"},
        },
    )
    return dict(GeoObject.objects.values_list("code", "pk"))


def edges(code: str) -> list[tuple[str, str | None, str | None]]:
    rows = ParentEdge.objects.filter(child__code=code).order_by("starts", "parent__code")
    return [
        (edge.parent.code, edge.starts and edge.starts.isoformat(), edge.ends and edge.ends.isoformat())
        for edge in rows.select_related("parent")
    ]


def test_what_holds_from_a_day_on_keeps_the_history_before_it(registry: Actor, keys: dict[str, int]) -> None:
    draft = ObjectDraft(
        type="facility",
        code="F1",
        key=keys["F1"],
        label=Since(DAY, {"default": "Hospital"}),
        values={"beds": Since(DAY, 30)},
        geometry=Since(DAY, THERE),
        parents={"admin": Since(DAY, keys["D2"])},
    )

    assert write_objects(registry, [draft], source="import 2") == Applied(changed=1)

    one = GeoObject.objects.get(code="F1")
    before, since = {"from": "2001-01-01", "to": DAY}, {"from": DAY, "to": None}
    assert one.label == [{**before, "value": {"default": "Clinic"}}, {**since, "value": {"default": "Hospital"}}]
    assert one.values == {"beds": [{**before, "value": 12}, {**since, "value": 30}]}
    assert [bytes(row.wkb) for row in one.geometries.order_by("starts")] == [HERE, THERE]
    assert edges("F1") == [("D1", "2001-01-01", DAY), ("D2", DAY, None)]
    assert write_objects(registry, [draft], source="import 3") == Applied(unchanged=1)


def test_what_already_holds_is_no_change(registry: Actor, keys: dict[str, int]) -> None:
    same = ObjectDraft(
        type="facility",
        code="F1",
        key=keys["F1"],
        label=Since(DAY, {"default": "Clinic"}),
        values={"beds": Since(DAY, 12), "owner": Since(DAY, None)},
        geometry=Since(DAY, HERE),
        external_ids={"hmis": "DiszpKrYNg8"},
    )

    for parent in (keys["D1"], "D1"):
        draft = replace(same, parents={"admin": Since(DAY, parent)})
        assert write_objects(registry, [draft], source="import 2") == Applied(unchanged=1)
    assert GeoObject.objects.get(code="F1").version == 1


def test_a_value_that_is_gone_ends_on_the_day(registry: Actor, keys: dict[str, int]) -> None:
    draft = ObjectDraft(type="facility", code="F1", key=keys["F1"], values={"beds": Since(DAY, None)})

    write_objects(registry, [draft], source="import 2")

    assert GeoObject.objects.get(code="F1").values == {"beds": [{"from": "2001-01-01", "to": DAY, "value": 12}]}


def test_of_two_parents_in_force_the_one_that_holds_from_a_day_on_stays(
    registry: Actor, keys: dict[str, int], apply: Callable[..., Applied]
) -> None:
    both = [{"parent": "D1", "from": "2001-01-01"}, {"parent": "D2", "from": "2010-01-01"}]
    apply({"type": "facility", "code": "F1", "parents": {"admin": both}})
    draft = ObjectDraft(type="facility", code="F1", key=keys["F1"], parents={"admin": Since(DAY, keys["D2"])})

    write_objects(registry, [draft], source="import 2")

    assert edges("F1") == [("D1", "2001-01-01", DAY), ("D2", "2010-01-01", None)]


def test_a_key_finds_the_object_and_the_code_becomes_its_code(registry: Actor, keys: dict[str, int]) -> None:
    exchanged = [
        ObjectDraft(type="district", code="D2", key=keys["D1"], line=1),
        ObjectDraft(type="district", code="D1", key=keys["D2"], line=2),
        ObjectDraft(type="facility", code="F9", key=keys["F1"], line=3, parents={"admin": Always(keys["D1"])}),
    ]

    assert write_objects(registry, exchanged, source="import 2") == Applied(changed=3)

    assert dict(GeoObject.objects.values_list("code", "pk")) == {
        "C": keys["C"],
        "D1": keys["D2"],
        "D2": keys["D1"],
        "F9": keys["F1"],
    }
    assert edges("F9") == [("D2", "2001-01-01", None)]


def test_a_new_object_never_takes_the_place_of_another_with_its_code(registry: Actor, keys: dict[str, int]) -> None:
    taken = ObjectDraft(type="facility", code="F1", key=None, line=7)

    with pytest.raises(ObjectsRefused, match="Object 7: there already is a facility") as refused:
        write_objects(registry, [ObjectDraft(type="facility", code="F2", key=None), taken], source="import 2")

    assert [error.line for error in refused.value.applied.errors] == [7]
    assert set(GeoObject.objects.values_list("code", flat=True)) == set(keys)


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (ObjectDraft(type="facility", code="F1", key=-1), "is gone"),
        (ObjectDraft(type="facility", code="F2", key=None, parents={"admin": Always(-1)}), "the parent is not a"),
        (ObjectDraft(type="facility", code="F2", key=None, external_ids={"hmis": "DiszpKrYNg8"}), 'to facility "F1"'),
        (ObjectDraft(type="facility", code="F2", geometry=Always(HERE[:5])), "geometry"),
        (ObjectDraft(type="facility", code="F2", label=Since("2021-02-30", {"default": "x"})), "2021-02-30"),
    ],
)
def test_drafts_that_cannot_be_written_are_refused_in_words(
    registry: Actor, keys: dict[str, int], draft: ObjectDraft, words: str
) -> None:
    with pytest.raises(ObjectsRefused, match=words):
        write_objects(registry, [draft], source="import 2")

    assert GeoObject.objects.count() == len(keys)


def test_an_object_is_not_renamed_to_a_code_that_is_taken(registry: Actor, keys: dict[str, int]) -> None:
    renamed = ObjectDraft(type="district", code="D2", key=keys["D1"], line=1)

    with pytest.raises(ObjectsRefused, match='already is a district with the code "D2"'):
        write_objects(registry, [renamed], source="import 2")

    assert GeoObject.objects.get(pk=keys["D1"]).code == "D1"


@pytest.mark.parametrize("others", [{"code": "D9"}, {"code": "D8"}])
def test_one_object_or_one_code_is_written_once_in_a_call(
    registry: Actor, keys: dict[str, int], others: dict[str, str]
) -> None:
    first = ObjectDraft(type="district", code="D9", key=keys["D1"], line=1)
    second = ObjectDraft(type="district", key=keys["D2"] if others["code"] == "D9" else keys["D1"], line=2, **others)

    with pytest.raises(ObjectsRefused, match="Object 2: district"):
        write_objects(registry, [first, second], source="import 2")


def test_several_writes_share_one_transaction(registry: Actor, keys: dict[str, int]) -> None:
    for number in range(2):
        draft = ObjectDraft(type="facility", code=f"N{number}", key=None, parents={"admin": Always("D1")})
        assert write_objects(registry, [draft], source=f"import {number}") == Applied(created=1)

    assert edges("N0") == edges("N1") == [("D1", None, None)]
    assert [entry.subject for entry in entries(kind="geo-objects")][:2] == ["import 1", "import 0"]
    assert len(keys) == 4


def test_a_reserved_id_of_another_object_is_in_the_way(registry: Actor, keys: dict[str, int]) -> None:
    ExternalId.objects.update(state="reserved")
    draft = ObjectDraft(type="facility", code="F2", key=None, external_ids={"hmis": "DiszpKrYNg8"})

    with pytest.raises(ObjectsRefused, match='belongs to facility "F1"'):
        write_objects(registry, [draft], source="import 2")
    assert len(keys) == GeoObject.objects.count()
