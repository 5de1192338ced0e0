"""What counts as agreed and what as drift, on records alone."""

from __future__ import annotations

from hypothesis import given, settings

from cgr.core.drift import agreed, drifted, layout
from cgr.core.planner.rules import level_rules

from .planner.test_laws import worlds
from .planner.worlds import BEDS, OWNER, TYPES, small_country, types, uid

law = settings(max_examples=40)


def agreements(world):
    """Keep what each unit of an exported object holds."""
    kept = {}
    units = world.theirs().units
    for one in world.objects.values():
        unit = units.get(one.external_id)
        if unit is not None:
            level = TYPES.index(one.type) + 1
            kept[one.code] = agreed(unit, world.mapping, level, key=one.key, version=one.version)
    return kept


def drift_in(world, kept):
    rules = {one.number: one for one in level_rules(world.mapping, types(world.geometry), world.shape).values()}
    units = world.theirs().units
    found = {code: drifted(then, units[then.uid], rules[then.level], world.shape) for code, then in kept.items()}
    return {
        code: {key: (one.before, one.after) for key, one in fields.items()} for code, fields in found.items() if fields
    }


@law
@given(worlds())
def test_nothing_drifts_that_nobody_touched(world):
    assert drift_in(world, agreements(world)) == {}


@law
@given(worlds())
def test_what_a_run_writes_drifts_exactly_in_the_fields_of_its_changes(world):
    for name, one in world.objects.items():
        world.change(name, code=name, external_id=uid(name) if one.external_id else None)
    kept = agreements(world)
    planned = world.plan()
    world.apply(planned)
    found = drift_in(world, kept)
    for change in planned.changes:
        written = {key for key in change.fields if not key.startswith("translation:")}
        if change.object.code in kept and written:
            assert found[change.object.code].keys() == written


def test_only_what_is_mapped_is_kept_and_looked_at():
    world = small_country()
    world.level("facility", attributes=[{"from": "beds", "to": BEDS}], fields={"code": None})
    kept = agreements(world)
    assert kept["F1"].fields.keys() == {
        "parent",
        "name",
        "shortName",
        "openingDate",
        "closedDate",
        "geometry",
        f"attribute:{BEDS}",
    }
    world.unit("F1").update(code="x", comment="x", attributeValues=[{"attribute": {"id": OWNER}, "value": "1"}])
    assert drift_in(world, kept) == {}
    world.unit("F1")["attributeValues"] = [{"attribute": {"id": BEDS}, "value": "3"}]
    assert drift_in(world, kept) == {"F1": {f"attribute:{BEDS}": (None, "3")}}
    world.level("facility", attributes=[])
    assert drift_in(world, kept) == {}


def test_a_geometry_that_the_type_does_not_have_never_drifts():
    world = small_country(geometry="none")
    kept = agreements(world)
    world.unit("F1")["geometry"] = {"type": "Point", "coordinates": [1, 2]}
    assert drift_in(world, kept) == {}


def test_of_an_outline_a_fingerprint_is_kept_that_does_not_depend_on_how_one_area_is_written():
    world = small_country()
    ring = [[0, 0], [2, 0], [2, 2], [0, 0]]
    world.unit("F1")["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    kept = agreements(world)
    assert kept["F1"].fields["geometry"].keys() == {"type", "digest"}
    world.unit("F1")["geometry"] = {"type": "MultiPolygon", "coordinates": [[[[float(x), y] for x, y in ring]]]}
    assert drift_in(world, kept) == {}
    world.unit("F1")["geometry"] = {"type": "Polygon", "coordinates": [[[0, 0], [3, 0], [2, 2], [0, 0]]]}
    assert drift_in(world, kept).keys() == {"F1"}


def test_a_translation_drifts_when_it_is_changed_or_removed_but_not_when_one_is_added():
    world = small_country()
    world.unit("F1")["translations"] = [{"property": "NAME", "locale": "fr", "value": "Bo"}]
    kept = agreements(world)
    world.unit("F1")["translations"].append({"property": "NAME", "locale": "pt", "value": "Bo"})
    assert drift_in(world, kept) == {}
    world.unit("F1")["translations"].pop(0)
    assert drift_in(world, kept) == {"F1": {"translation:NAME:fr": ("Bo", None)}}


def test_another_mapping_of_the_level_has_another_layout():
    world = small_country()
    before = [layout(world.mapping, level) for level in (3, 4)]
    world.level("facility", geometry=False)
    after = [layout(world.mapping, level) for level in (3, 4)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False]
    assert all(0 <= one < 2**31 for one in [*before, *after])
