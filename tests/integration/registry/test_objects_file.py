"""Applying the Geo-Objects file of `contract.md`: what the registry holds afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.registry.actions import Applied, apply_objects
from cgr.registry.models import ExternalId, GeometryVersion, GeoObject, ParentEdge
from cgr.registry.queries import export_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    Apply = Callable[..., Applied]

POINT = {"type": "Point", "coordinates": [-11.7, 7.9]}
LAND = {"type": "country", "code": "SL", "label": "Sierra Leone"}
BO = {"type": "district", "code": "BO", "label": "Bo", "parents": {"admin": "SL"}}
CLINIC: dict[str, Any] = {
    "type": "facility",
    "code": "F1",
    "label": {"default": "Bo Clinic", "fr": "Clinique de Bo"},
    "exists": [{"from": "2001-01-01", "to": None}],
    "values": {
        "beds": 12,
        "owner": [
            {"from": "2001-01-01", "to": "2020-01-01", "value": "PRI"},
            {"from": "2020-01-01", "value": "PUB"},
        ],
    },
    "geometry": POINT,
    "parents": {"admin": "BO"},
    "external_ids": {"hmis": "DiszpKrYNg8"},
    "invalid": False,
}


def facility(**fields: object) -> dict[str, object]:
    return {"type": "facility", "code": "F1", **fields}


def exported(actor: Actor) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in export_objects(actor)]
    return {line["code"]: line for line in lines}


def messages(applied: Applied) -> list[tuple[int, str]]:
    return [(error.line, error.message) for error in applied.errors]


def test_the_example_of_the_contract_becomes_rows_whatever_the_order_of_the_lines(apply: Apply) -> None:
    assert apply(CLINIC, BO, LAND) == Applied(created=3)

    clinic = GeoObject.objects.get(code="F1")
    assert clinic.label == [
        {"from": "2001-01-01", "to": None, "value": {"default": "Bo Clinic", "fr": "Clinique de Bo"}}
    ]
    assert clinic.values == {
        "beds": [{"from": "2001-01-01", "to": None, "value": 12}],
        "owner": [
            {"from": "2001-01-01", "to": "2020-01-01", "value": "PRI"},
            {"from": "2020-01-01", "to": None, "value": "PUB"},
        ],
    }
    edge = ParentEdge.objects.get(child=clinic)
    assert (edge.parent.code, str(edge.starts), edge.ends) == ("BO", "2001-01-01", None)
    assert (clinic.external_ids.get().value, clinic.external_ids.get().state) == ("DiszpKrYNg8", "confirmed")
    assert clinic.geometries.count() == 1


def test_the_same_file_again_writes_nothing(apply: Apply) -> None:
    apply(CLINIC, BO, LAND)
    stamps = list(GeoObject.objects.order_by("pk").values_list("version", "updated"))
    logged = len(entries())

    assert apply(CLINIC, BO, LAND) == Applied(unchanged=3)
    assert list(GeoObject.objects.order_by("pk").values_list("version", "updated")) == stamps
    assert len(entries()) == logged


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"label": "New Bo Clinic"}, "label", {"default": "New Bo Clinic"}),
        ({"values": {"beds": 13}}, "values", {**CLINIC["values"], "beds": 13}),
        ({"values": {"beds": None}}, "values", {"owner": CLINIC["values"]["owner"]}),
        ({"values": {"owner": "PUB"}}, "values", {"beds": 12, "owner": "PUB"}),
        ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, "geometry", {"type": "Point", "coordinates": [1, 2]}),
        ({"external_ids": {"lmis": "oRVt7g429ZO"}}, "external_ids", {"hmis": "DiszpKrYNg8", "lmis": "oRVt7g429ZO"}),
        ({"external_ids": {"hmis": "oRVt7g429ZO"}}, "external_ids", {"hmis": "oRVt7g429ZO"}),
        ({"invalid": True}, "invalid", True),
        ({"exists": [{"from": "1999-01-01"}]}, "exists", [{"from": "1999-01-01", "to": None}]),
    ],
)
def test_a_line_changes_what_it_names_and_leaves_the_rest(
    apply: Apply, operator: Actor, change: dict[str, Any], field: str, expected: object
) -> None:
    apply(LAND, BO, CLINIC)
    before = exported(operator)

    assert apply(facility(**change)) == Applied(changed=1)

    after = exported(operator)
    assert _comparable(after["F1"][field]) == _comparable(expected)
    untouched = set(CLINIC) - {field} - ({"label", "values", "geometry", "parents"} if field == "exists" else set())
    assert {name: after["F1"][name] for name in untouched} == {name: before["F1"][name] for name in untouched}
    assert after["BO"] == before["BO"]
    assert list(GeoObject.objects.order_by("code").values_list("code", "version")) == [("BO", 1), ("F1", 2), ("SL", 1)]


def _comparable(value: object) -> object:
    """Write periods the way the export does."""
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [{"to": None, **period} for period in value]
    return value


@pytest.mark.parametrize("name", ["label", "geometry"])
def test_null_removes_what_it_names(apply: Apply, operator: Actor, name: str) -> None:
    apply(LAND, BO, CLINIC)

    assert apply(facility(**{name: None})) == Applied(changed=1)
    assert name not in exported(operator)["F1"]


def test_null_removes_a_parent_and_an_external_id(apply: Apply) -> None:
    apply(LAND, BO, CLINIC)

    assert apply(facility(parents={"admin": None}, external_ids={"hmis": None})) == Applied(changed=1)
    assert not ParentEdge.objects.filter(child__code="F1").exists()
    assert not ExternalId.objects.exists()


def test_a_bare_value_replaces_the_history_from_the_beginning_on(apply: Apply) -> None:
    apply(LAND, BO, CLINIC)

    apply(facility(values={"owner": "MIL"}))

    assert GeoObject.objects.get(code="F1").values["owner"] == [{"from": "2001-01-01", "to": None, "value": "MIL"}]


def test_an_object_of_which_no_existence_is_told_exists_without_beginning_and_end(apply: Apply) -> None:
    apply(LAND)

    land = GeoObject.objects.get()
    assert land.exists == [{"from": None, "to": None}]
    assert land.label[0]["from"] is None


def test_two_parents_in_force_at_once_are_kept(apply: Apply, operator: Actor) -> None:
    kenema = {**BO, "code": "KE"}
    both = [{"parent": "BO", "from": "2001-01-01", "to": None}, {"parent": "KE", "from": "2010-01-01", "to": None}]
    cut = [{"parent": "BO", "from": "2015-01-01"}, {"parent": "BO", "from": "2001-01-01", "to": "2015-01-01"}, both[1]]

    assert apply(LAND, BO, kenema, {**CLINIC, "parents": {"admin": both}}) == Applied(created=4)
    assert exported(operator)["F1"]["parents"]["admin"] == both
    for same in (both[::-1], cut, cut[::-1]):
        assert apply(facility(parents={"admin": same})) == Applied(unchanged=1)


def test_geometry_and_label_take_periods(apply: Apply, operator: Actor) -> None:
    moved = {"type": "Point", "coordinates": [-11.5, 7.8]}
    geometry = [
        {"from": "2001-01-01", "to": "2015-01-01", "value": POINT},
        {"from": "2015-01-01", "to": None, "value": moved},
    ]
    label = [
        {"from": "2001-01-01", "to": "2015-01-01", "value": {"default": "Old"}},
        {"from": "2015-01-01", "to": None, "value": {"default": "New"}},
    ]

    apply(LAND, BO, {**CLINIC, "geometry": geometry, "label": label})

    assert exported(operator)["F1"]["geometry"] == geometry
    assert exported(operator)["F1"]["label"] == label
    assert GeometryVersion.objects.count() == 2


def test_a_preview_gives_the_same_counts_and_writes_nothing(apply: Apply) -> None:
    apply(LAND, BO, CLINIC)
    logged = len(entries())

    assert apply(facility(values={"beds": 1}), {**CLINIC, "code": "F2", "external_ids": {}}, preview=True) == Applied(
        created=1, changed=1
    )
    assert GeoObject.objects.count() == 3
    assert GeoObject.objects.get(code="F1").values["beds"][0]["value"] == 12
    assert len(entries()) == logged


TWO_OPEN = [{"from": "2001-01-01", "value": "PRI"}, {"from": "2005-01-01", "value": "PUB"}]
AREA = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ({"type": "clinic", "code": "F1"}, 'no type "clinic"'),
        ({"code": "F1"}, 'key "type" is missing'),
        (facility(name="Bo"), 'no key "name"'),
        (facility(code=7), "expected a text, not a number in code"),
        (facility(code="  "), "empty"),
        (facility(code="x" * 101), "longer than 100"),
        (facility(code="a\x00b"), "can't be shown"),
        (facility(label=3), "label"),
        (facility(label={"fr": "Clinique"}), "default"),
        (facility(label="a\x00b"), "U+0000"),
        (facility(exists=[]), "at least one period"),
        (facility(exists=None), "exists"),
        (facility(exists=[{"from": "2021-02-30"}]), "2021-02-30"),
        (facility(exists=[{"from": "2021-01-02", "to": "2021-01-01"}]), "2021-01-01"),
        (facility(exists=[{"from": "2021-01-02"}, {"from": "2022-01-01"}]), "overlap"),
        (facility(values={"rooms": 3}), 'no attribute "rooms"'),
        (facility(values={"beds": "12"}), '"beds"'),
        (facility(values={"beds": 12.5}), "whole number"),
        (facility(values={"beds": True}), "whole number"),
        (facility(values={"beds": 2**63}), "whole number"),
        (facility(values={"owner": "NGO"}), 'no term "NGO"'),
        (facility(values={"owner": TWO_OPEN}), "overlap"),
        (facility(values={"owner": [{"from": "2001-01-01"}]}), 'key "value" is missing'),
        (facility(values={"owner": [{"value": "PUB", "since": 1}]}), 'no key "since"'),
        (facility(values={"owner": [{"from": "2001-13-01", "value": "PUB"}]}), "2001-13-01"),
        (facility(values={"power": "yes"}), "true or false"),
        (facility(values={"inspected": "2021-02-30"}), "2021-02-30"),
        (facility(values={"area": "wide"}), "a number"),
        (facility(values={"remarks": ""}), "something in it"),
        (facility(values={"motto": {"fr": "Santé"}}), "default"),
        (facility(geometry=AREA), "geometry"),
        (facility(geometry={"type": "Point", "coordinates": [181, 0]}), "geometry"),
        (facility(geometry={"type": "Point"}), "geometry"),
        (facility(geometry=[{"value": POINT}, {"value": POINT}]), "overlap"),
        (facility(parents={"health": "BO"}), 'no hierarchy "health"'),
        (facility(parents={"admin": "XX"}), 'no district with the code "XX"'),
        (facility(parents={"admin": "SL"}), 'no district with the code "SL"'),
        (facility(parents={"admin": "F1"}), 'no district with the code "F1"'),
        (facility(parents={"admin": [{"parent": 3}]}), "parent"),
        ({"type": "country", "code": "GN", "parents": {"admin": "SL"}}, "at the top"),
        (facility(external_ids={"erp": "x"}), 'no external system "erp"'),
        (facility(external_ids={"hmis": "12"}), "eleven letters or digits"),
        (facility(external_ids={"hmis": "DiszpKrYNg8"}), 'belongs to facility "F0"'),
        (facility(invalid="no"), "true or false"),
        (facility(code="F0"), "already in line 4"),
    ],
)
def test_a_bad_line_is_named_and_nothing_of_the_file_is_written(apply: Apply, line: dict[str, Any], word: str) -> None:
    apply({**CLINIC, "code": "F0", "parents": {}})

    applied = apply(LAND, BO, {"type": "district", "code": "KE"}, facility(code="F0", values={"beds": 3}), line)

    assert [number for number, _ in messages(applied)] == [5]
    assert word in messages(applied)[0][1]
    assert (applied.created, applied.changed, applied.unchanged) == (0, 0, 0)
    assert list(GeoObject.objects.values_list("code", flat=True)) == ["F0"]
    assert GeoObject.objects.get().values["beds"][0]["value"] == 12


@pytest.mark.parametrize(
    "line", [b'{"type": "facility"', b"\xff\xfe", b"[]", b"null", b"hello", b'{"type": "facility", "code": "\\ud800"}']
)
def test_what_is_no_json_object_is_refused_by_line(registry: Actor, line: bytes) -> None:
    applied = apply_objects(registry, [b'{"type": "country", "code": "SL"}', line], preview=False)

    assert [number for number, _ in messages(applied)] == [2]
    assert not GeoObject.objects.exists()


def test_blank_lines_are_counted_and_a_byte_order_mark_is_skipped(registry: Actor) -> None:
    lines = [b'\xef\xbb\xbf{"type": "country", "code": "SL"}\n', b"\n", b'{"type": "country"}\n']

    assert messages(apply_objects(registry, lines, preview=False)) == [(3, 'the key "code" is missing')]


def test_one_bad_line_at_the_end_of_many_leaves_nothing_behind(apply: Apply) -> None:
    many = [{"type": "district", "code": f"D{number}", "parents": {"admin": "SL"}} for number in range(2500)]

    applied = apply(LAND, *many, {"type": "district", "code": "D7"})

    assert messages(applied) == [(2502, 'district "D7" is already in line 9')]
    assert not GeoObject.objects.exists()
    assert apply(LAND, *many) == Applied(created=2501)


def test_one_bad_line_in_a_hundred_thousand_is_named_and_nothing_is_written(registry: Actor) -> None:
    bad = 77_777
    lines = (
        b'{"type":"facility","code":"F%d","label":{"default":"F%d"},"values":{"beds":%s}}'
        % (number, number, b'"many"' if number == bad else b"3")
        for number in range(1, 100_001)
    )
    applied = apply_objects(registry, lines, preview=False)
    assert [(error.line, "beds" in error.message) for error in applied.errors] == [(bad, True)]
    assert not GeoObject.objects.exists()


def test_at_most_a_hundred_errors_are_told_in_order(apply: Apply) -> None:
    applied = apply(*({"type": "clinic", "code": str(number)} for number in range(250)))

    assert [error.line for error in applied.errors] == list(range(1, 101))


def test_an_id_that_two_lines_give_is_refused_naming_both(apply: Apply) -> None:
    applied = apply(CLINIC | {"parents": {}}, {**CLINIC, "code": "F2", "parents": {}})

    assert messages(applied) == [(2, '"external_ids.hmis": "DiszpKrYNg8" is also given in line 1')]
    assert not GeoObject.objects.exists()


def test_two_objects_can_exchange_their_ids_in_one_file(apply: Apply) -> None:
    apply(
        facility(external_ids={"hmis": "DiszpKrYNg8"}),
        {**facility(), "code": "F2", "external_ids": {"hmis": "oRVt7g429ZO"}},
    )

    assert apply(
        facility(external_ids={"hmis": "oRVt7g429ZO"}),
        {**facility(), "code": "F2", "external_ids": {"hmis": "DiszpKrYNg8"}},
    ) == Applied(changed=2)
    assert dict(ExternalId.objects.values_list("object__code", "value")) == {"F1": "oRVt7g429ZO", "F2": "DiszpKrYNg8"}


def test_the_same_id_may_name_objects_of_two_types_or_in_two_systems(apply: Apply) -> None:
    assert apply(
        {**BO, "parents": {}, "external_ids": {"hmis": "DiszpKrYNg8", "lmis": "DiszpKrYNg8"}},
        facility(external_ids={"hmis": "DiszpKrYNg8"}),
    ) == Applied(created=2)


def test_an_id_that_is_only_reserved_stays_so_when_a_line_repeats_it(apply: Apply) -> None:
    apply(LAND, BO, CLINIC)
    ExternalId.objects.update(state="reserved")

    assert apply(CLINIC) == Applied(unchanged=1)
    assert ExternalId.objects.get().state == "reserved"


def test_each_change_is_logged_with_before_and_after(apply: Apply) -> None:
    apply(LAND, BO, CLINIC)

    apply(facility(values={"beds": 13}, parents={"admin": None}))

    change = entries(kind="geo-object")[0]
    assert (change.action, change.subject, change.organization) == ("change", "facility:F1", "MOH")
    assert change.before == {"values.beds": 12, "parents.admin": "BO"}
    assert change.after == {"values.beds": 13, "parents.admin": None}
    whole = entries(kind="geo-objects")[0]
    assert (whole.action, whole.after) == ("apply", {"created": 0, "changed": 1, "unchanged": 0})


MAINTAINER = Actor(name="mo", user_id=1, memberships=(Grant("MOH", "registry-maintainer", frozenset({"facility"})),))


def test_a_maintainer_of_facilities_edits_facilities_only(apply: Apply) -> None:
    apply(LAND, BO)

    assert apply_objects(MAINTAINER, [json.dumps(CLINIC).encode()], preview=False) == Applied(created=1)
    refused = apply_objects(MAINTAINER, [json.dumps({**BO, "label": "x"}).encode()], preview=False)
    assert messages(refused) == [(1, 'there is no type "district" that you may edit')]


def test_a_stranger_edits_and_reads_nothing(apply: Apply) -> None:
    stranger = Actor(name="eve", user_id=2, memberships=(Grant("LANDS", "registry-administrator"),))
    apply(LAND)

    refused = apply_objects(stranger, [json.dumps(LAND).encode()], preview=False)

    assert messages(refused) == [(1, 'there is no type "country" that you may edit')]
    assert list(export_objects(stranger)) == []
