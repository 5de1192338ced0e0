"""A hierarchy that continues another one: its types, its objects' parents, and what can't continue (R4.2)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from cgr.configuration.applying import apply as apply_configuration
from cgr.configuration.exporting import export
from cgr.core.definitions import HierarchyDefinition, Tree, TypeDefinition
from cgr.core.errors import BadInput
from cgr.registry import queries
from cgr.registry.actions import save_hierarchy, save_type
from cgr.registry.models import GeoObject
from cgr.registry.snapshot import objects_by_key, stream_objects

from .conftest import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.registry.actions import Applied

    Apply = Callable[..., Applied]

TODAY = date(2026, 11, 23)
TREE: Tree = {"district": {"shop": {}}}
HEALTH = HierarchyDefinition(code="health", organization="MOH", label="Health", tree=TREE, inherits="admin")


@pytest.fixture
def inheriting(registry: Actor) -> Actor:
    save_type(registry, TypeDefinition(code="shop", organization="MOH", label="Shop", geometry="point"))
    save_hierarchy(registry, HEALTH)
    return registry


def test_the_types_above_its_top_are_those_of_the_inherited_one(inheriting: Actor) -> None:  # noqa: ARG001 - it has to be there
    types = queries.type_shapes("health")

    assert {code: one.parent for code, one in types.items()} == {
        "country": None,
        "district": "country",
        "shop": "district",
    }
    assert {code: one.parents_in for code, one in types.items()} == {
        "country": "admin",
        "district": "admin",
        "shop": "",
    }


def test_each_object_comes_with_the_parent_that_its_own_hierarchy_keeps(inheriting: Actor, apply: Apply) -> None:  # noqa: ARG001 - as above
    apply(
        {"type": "country", "code": "C"},
        {"type": "district", "code": "D1", "parents": {"admin": "C"}},
        {"type": "district", "code": "D2", "parents": {"admin": "C"}},
        {"type": "facility", "code": "F", "parents": {"admin": "D2"}},
        {"type": "shop", "code": "S", "parents": {"health": "D1"}},
    )
    keys = dict(GeoObject.objects.values_list("code", "pk"))
    expected = {"C": (), "D1": (keys["C"],), "D2": (keys["C"],), "S": (keys["D1"],)}

    stream = stream_objects(
        hierarchy="health", types_in_order=["country", "district", "shop"], system="hmis", as_of=TODAY
    )
    assert {one.code: one.parents for one in stream} == expected
    found = objects_by_key(list(keys.values()), hierarchy="health", system="hmis", as_of=TODAY)
    assert {one.code: one.parents for one in found.values()} == {**expected, "F": ()}


def test_it_is_exported_and_applied_again_without_a_change_whatever_the_order(inheriting: Actor) -> None:
    text = export(inheriting)
    assert "inherits: admin" in text

    again = apply_configuration(inheriting, text.encode(), preview=False)

    assert not again.created
    assert not again.changed


@pytest.mark.django_db
def test_a_file_may_name_the_heir_first(operator: Actor) -> None:
    content = """
version: 1
organizations: [{code: MOH, label: Health}]
types: [{code: a, organization: MOH, label: A}, {code: b, organization: MOH, label: B}]
hierarchies:
  - {code: heir, organization: MOH, label: Heir, inherits: root, tree: {a: {b: {}}}}
  - {code: root, organization: MOH, label: Root, tree: {a: {}}}
"""
    assert len(apply_configuration(operator, content.encode(), preview=False).created) == 5


def test_what_a_file_does_not_name_stays_and_null_ends_it(inheriting: Actor) -> None:
    save_hierarchy(inheriting, HierarchyDefinition(code="health", organization="MOH", label="Health", tree=TREE))
    assert queries.type_shapes("health")["district"].parent == "country"

    changed = save_hierarchy(inheriting, replace(HEALTH, inherits=None))

    assert changed.fields == {"inherits": {"from": "admin", "to": None}}
    assert queries.type_shapes("health")["district"].parent is None


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (replace(HEALTH, inherits="nowhere"), 'no hierarchy "nowhere"'),
        (replace(HEALTH, inherits="health"), "inherits itself"),
        (replace(HEALTH, code="other", tree={"shop": {}}), 'top type "shop" has no place there'),
        (replace(HEALTH, code="other", tree={"district": {"country": {}}}), 'type "country" is above "district"'),
        (replace(ADMIN, inherits="health"), "inherits itself"),
    ],
)
def test_what_can_not_be_inherited_is_refused_in_words(
    inheriting: Actor, definition: HierarchyDefinition, words: str
) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        save_hierarchy(inheriting, definition)
    assert refused.value.code == "bad-inheritance"


def test_a_change_of_the_inherited_one_that_its_heir_contradicts_is_refused(inheriting: Actor) -> None:
    with pytest.raises(BadInput, match='can\'t inherit "admin"'):
        save_hierarchy(inheriting, replace(ADMIN, tree={"shop": {"country": {"district": {"facility": {}}}}}))
