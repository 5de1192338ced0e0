"""Writing the Geo-Objects file: what is exported applies to an empty registry and gives the same again."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from cgr.core.errors import NotAllowed
from cgr.registry.actions import Applied, apply_objects
from cgr.registry.models import ExternalId, GeometryVersion, GeoObject, ParentEdge
from cgr.registry.queries import export_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor

    Apply = Callable[..., Applied]

AREA = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [1, 2], [2, 2], [1, 1]]]}
POINT = {"type": "Point", "coordinates": [-11.7, 7.9]}
OLD, NEW = {"from": "2001-01-01", "to": "2020-01-01"}, {"from": "2020-01-01", "to": None}
WORLD: list[dict[str, Any]] = [
    {"type": "country", "code": "SL", "label": {"default": "Sierra Leone", "fr": "Sierra Leone"}, "geometry": AREA},
    {
        "type": "district",
        "code": "BO",
        "label": "Bo",
        "parents": {"admin": "SL"},
        "external_ids": {"lmis": "DiszpKrYNg8"},
    },
    {"type": "district", "code": "KE", "label": "Kenema", "exists": [OLD, {"from": "2022-01-01", "to": "2023-01-01"}]},
    {
        "type": "facility",
        "code": "F1",
        "label": [{**OLD, "value": {"default": "Bo Post"}}, {**NEW, "value": {"default": "Bo Clinic"}}],
        "exists": [{"from": "2001-01-01", "to": None}],
        "values": {
            "beds": 12,
            "owner": [{**OLD, "value": "PRI"}, {**NEW, "value": "PUB"}],
            "remarks": [{"from": "2030-01-01", "to": None, "value": 'quote " and \\ and\ttab'}],
            "motto": {"default": "Health", "fr": "Santé"},
            "power": False,
            "inspected": "2020-02-29",
            "area": 1.25,
        },
        "geometry": [{**OLD, "value": POINT}, {**NEW, "value": {"type": "Point", "coordinates": [1.123456, 2.0]}}],
        "parents": {"admin": [{"parent": "BO", **OLD}, {"parent": "KE", **NEW}, {"parent": "BO", **NEW}]},
        "external_ids": {"hmis": "oRVt7g429ZO"},
        "invalid": True,
    },
    {"type": "facility", "code": "F2", "exists": [{"from": "2030-01-01", "to": None}]},
]


def rows() -> dict[str, list[tuple[object, ...]]]:
    """Everything that a registry holds about its objects, without keys, versions and stamps."""
    return {
        "objects": sorted(
            (row.type.code, row.code, str(row.label), str(row.exists), str(sorted(row.values.items())), row.invalid)
            for row in GeoObject.objects.select_related("type")
        ),
        "geometries": sorted(
            (row.object.code, str(row.starts), str(row.ends), bytes(row.wkb)) for row in GeometryVersion.objects.all()
        ),
        "parents": sorted(
            (row.hierarchy.code, row.child.code, row.parent.code, str(row.starts), str(row.ends))
            for row in ParentEdge.objects.all()
        ),
        "ids": sorted((row.system.code, row.object.code, row.value, row.state) for row in ExternalId.objects.all()),
    }


def test_an_export_applied_to_an_empty_registry_gives_the_same_registry(apply: Apply, registry: Actor) -> None:
    assert apply(*WORLD) == Applied(created=5)
    before, lines = rows(), list(export_objects(registry))

    ParentEdge.objects.all().delete()
    GeoObject.objects.all().delete()
    assert apply_objects(registry, reversed(lines), preview=False) == Applied(created=5)

    assert rows() == before
    assert list(export_objects(registry)) == lines


def test_an_export_applied_again_changes_nothing(apply: Apply, registry: Actor) -> None:
    apply(*WORLD)

    assert apply_objects(registry, list(export_objects(registry)), preview=False) == Applied(unchanged=5)


def test_a_value_from_the_beginning_on_is_written_bare(apply: Apply, registry: Actor) -> None:
    apply(*WORLD)

    line = json.loads(next(export_objects(registry, type="facility")))

    assert line["values"]["beds"] == 12
    assert line["values"]["owner"] == [{**OLD, "value": "PRI"}, {**NEW, "value": "PUB"}]
    assert "geometry" not in json.loads(list(export_objects(registry, type="facility"))[1])


def test_an_export_as_of_a_day_has_bare_values_that_are_the_latest_then(apply: Apply, registry: Actor) -> None:
    apply(*WORLD)

    lines = [json.loads(line) for line in export_objects(registry, as_of=date(2010, 1, 1))]

    assert [line["code"] for line in lines] == ["SL", "BO", "KE", "F1"]  # F2 doesn't exist yet
    facility = lines[-1]
    assert facility["label"] == {"default": "Bo Post"}
    expected = {**WORLD[3]["values"], "owner": "PRI"}
    del expected["remarks"]  # it only begins in 2030
    assert facility["values"] == expected
    assert facility["geometry"] == POINT
    assert facility["parents"] == {"admin": "BO"}
    later = json.loads(next(export_objects(registry, type="facility", as_of=date(2026, 1, 1))))
    assert later["parents"] == {"admin": [{"parent": "BO", "from": "2001-01-01", "to": None}, {"parent": "KE", **NEW}]}


def test_an_id_that_is_only_reserved_is_not_exported(apply: Apply, registry: Actor) -> None:
    apply(*WORLD)
    ExternalId.objects.filter(system__code="hmis").update(state="reserved")

    assert "external_ids" not in json.loads(next(export_objects(registry, type="facility")))


def test_an_unknown_type_is_refused(registry: Actor) -> None:
    with pytest.raises(NotAllowed, match='no type "ward"'):
        export_objects(registry, type="ward")
