"""Types, hierarchies and trees of terms: saved, saved again, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace

from cgr.accounts.actors import Actor, Grant
from cgr.audit.queries import entries
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.core.errors import BadInput, NotAllowed
from cgr.registry import queries
from cgr.registry.actions import save_hierarchy, save_term_tree, save_type
from cgr.registry.models import Attribute, GeoObjectType, HierarchyNode, Term

from .conftest import ADMIN, FACILITY, OWNERSHIP

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.registry.actions import Applied


def test_saving_the_same_again_changes_and_logs_nothing(registry: Actor) -> None:
    logged = len(entries())

    assert save_type(registry, FACILITY).unchanged
    assert save_hierarchy(registry, ADMIN).unchanged
    assert save_term_tree(registry, OWNERSHIP).unchanged
    assert len(entries()) == logged


def test_what_is_exported_is_the_configuration_file_s_shape_and_saves_to_the_same(registry: Actor) -> None:
    assert queries.export_term_trees(registry) == [
        {
            "code": "ownership",
            "label": "Ownership",
            "terms": [
                {"code": "PUB", "label": "Public", "terms": [{"code": "MIL", "label": "Military"}]},
                {"code": "PRI", "label": "Private"},
            ],
        }
    ]
    assert queries.export_hierarchies(registry) == [
        {
            "code": "admin",
            "organization": "MOH",
            "label": "Administrative",
            "tree": {"country": {"district": {"facility": {}}}},
        }
    ]
    facility = queries.export_types(registry)[-1]
    assert facility["label"] == {"default": "Facility", "fr": "Établissement"}
    assert facility["attributes"][:2] == [  # type: ignore[index] # JSON of a known shape
        {"code": "beds", "label": "Beds", "kind": "integer"},
        {"code": "owner", "label": "Owner", "kind": "term", "terms": "ownership"},
    ]
    assert save_type(registry, msgspec.convert(facility, TypeDefinition)).unchanged


def test_a_changed_definition_tells_field_by_field_what_changed(registry: Actor) -> None:
    changed = replace(FACILITY, label="Health facility", attributes=(AttributeDefinition("rooms", "Rooms", "integer"),))

    assert save_type(registry, changed).fields == {
        "label": {"from": {"default": "Facility", "fr": "Établissement"}, "to": {"default": "Health facility"}},
        "attributes.rooms": {"from": None, "to": {"label": {"default": "Rooms"}, "kind": "integer"}},
    }


def test_attributes_and_terms_and_places_that_are_not_named_stay(registry: Actor) -> None:
    save_type(registry, replace(FACILITY, attributes=()))
    save_term_tree(registry, replace(OWNERSHIP, terms=()))
    save_hierarchy(registry, replace(ADMIN, tree={}))

    assert Attribute.objects.filter(type__code="facility").count() == 7
    assert set(Term.objects.values_list("code", flat=True)) == {"PUB", "MIL", "PRI"}
    assert HierarchyNode.objects.count() == 3


def test_terms_are_added_and_moved(registry: Actor) -> None:
    mission = TermDefinition("MIS", "Mission")
    tree = replace(OWNERSHIP, terms=(TermDefinition("PRI", "Private", (TermDefinition("MIL", "Army"), mission)),))

    assert save_term_tree(registry, tree).fields == {
        "terms.MIL": {
            "from": {"label": {"default": "Military"}, "parent": "PUB"},
            "to": {"label": {"default": "Army"}, "parent": "PRI"},
        },
        "terms.MIS": {"from": None, "to": {"label": {"default": "Mission"}, "parent": "PRI"}},
    }


def test_the_kind_of_an_attribute_can_change_only_while_nobody_has_a_value(
    registry: Actor, apply: Callable[..., Applied]
) -> None:
    def with_beds(kind: str) -> TypeDefinition:
        return replace(FACILITY, attributes=(AttributeDefinition("beds", "Beds", kind),))

    assert "attributes.beds" in save_type(registry, with_beds("decimal")).fields
    apply({"type": "facility", "code": "F1", "values": {"beds": 12}})
    with pytest.raises(BadInput, match="objects have values") as refused:
        save_type(registry, with_beds("text"))
    assert refused.value.code == "attribute-in-use"
    assert Attribute.objects.get(code="beds").kind == "decimal"


@pytest.mark.parametrize(
    ("geometry", "fits"), [("multipoint", True), ("mixed", True), ("none", False), ("line", False)]
)
def test_the_geometry_of_a_type_with_geometries_can_only_become_one_that_takes_them(
    registry: Actor, apply: Callable[..., Applied], geometry: str, *, fits: bool
) -> None:
    apply({"type": "facility", "code": "F1", "geometry": {"type": "Point", "coordinates": [1, 2]}})

    if fits:
        assert save_type(registry, replace(FACILITY, geometry=geometry)).fields["geometry"]["to"] == geometry
    else:
        with pytest.raises(BadInput, match="can't become"):
            save_type(registry, replace(FACILITY, geometry=geometry))


def test_a_type_whose_objects_have_parents_keeps_its_place(registry: Actor, apply: Callable[..., Applied]) -> None:
    apply(
        {"type": "district", "code": "D", "parents": {"admin": "C"}},
        {"type": "country", "code": "C"},
    )

    with pytest.raises(BadInput, match="can't move"):
        save_hierarchy(registry, replace(ADMIN, tree={"district": {}, "country": {"facility": {}}}))
    saved = save_hierarchy(registry, replace(ADMIN, tree={"country": {"district": {}, "facility": {}}}))
    assert saved.fields["tree"]["to"] == {"country": {"district": {}, "facility": {}}}


def _hierarchy(tree: Any) -> HierarchyDefinition:
    return replace(ADMIN, code="other", tree=tree)


def _attribute(**fields: Any) -> TypeDefinition:
    return replace(FACILITY, attributes=(AttributeDefinition(**{"code": "a", "label": "A", "kind": "text", **fields}),))


@pytest.mark.parametrize(
    ("definition", "code", "words"),
    [
        (_hierarchy({"country": {"district": {"country": {}}}}), "hierarchy-cycle", '"country" is below itself'),
        (_hierarchy({"country": {"country": {}}}), "hierarchy-cycle", '"country" is below itself'),
        (_hierarchy({"country": {"district": {}}, "district": {}}), "type-twice", '"district" stands twice'),
        (_hierarchy({"continent": {}}), "unknown-type", 'no type "continent"'),
        (replace(ADMIN, code="a b"), "bad-code", "a b"),
        (replace(ADMIN, organization="LANDS"), "organization-fixed", "MOH"),
        (replace(FACILITY, organization="LANDS"), "organization-fixed", "MOH"),
        (replace(FACILITY, code="new", organization="LANDS"), "unknown-or-not-allowed", "LANDS"),
        (replace(FACILITY, geometry="circle"), "unknown-geometry", "circle"),
        (replace(FACILITY, code="=1"), "bad-code", "=1"),
        (replace(FACILITY, label={"fr": "x"}), "bad-label", "default"),
        (replace(FACILITY, attributes=(FACILITY.attributes[0],) * 2), "duplicate-code", '"beds" is given twice'),
        (_attribute(kind="number"), "unknown-kind", "number"),
        (_attribute(kind="term"), "unknown-terms", "missing"),
        (_attribute(kind="term", terms="wards"), "unknown-terms", "wards"),
        (_attribute(terms="ownership"), "terms-without-kind", "text"),
        (_attribute(code="ä"), "bad-code", "ä"),
        (
            TermTreeDefinition("t", "T", (TermDefinition("X", "X", (TermDefinition("X", "X"),)),)),
            "duplicate-code",
            '"X" is given twice',
        ),
        (TermTreeDefinition("t", "T", (TermDefinition(" ", "X"),)), "bad-code", "blank"),
    ],
)
def test_what_cannot_be_saved_is_refused_in_words_and_nothing_is_written(
    registry: Actor, definition: object, code: str, words: str
) -> None:
    before = queries.export_types(registry), queries.export_hierarchies(registry), queries.export_term_trees(registry)
    save: Any = {
        TypeDefinition: save_type,
        HierarchyDefinition: save_hierarchy,
        TermTreeDefinition: save_term_tree,
    }[type(definition)]

    with pytest.raises(BadInput, match=words) as refused:
        save(registry, definition)

    assert refused.value.code == code
    assert before == (
        queries.export_types(registry),
        queries.export_hierarchies(registry),
        queries.export_term_trees(registry),
    )


def test_only_administrators_of_the_organization_define_types(registry: Actor) -> None:  # noqa: ARG001 - it has to be there
    maintainer = Actor(name="mo", user_id=1, memberships=(Grant("MOH", "registry-maintainer"),))
    other = Actor(name="eve", user_id=2, memberships=(Grant("LANDS", "registry-administrator"),))

    for actor in (maintainer, other):
        with pytest.raises(NotAllowed):
            save_type(actor, replace(FACILITY, label="Mine"))
        with pytest.raises(NotAllowed):
            save_hierarchy(actor, replace(ADMIN, label="Mine"))
    with pytest.raises(NotAllowed):
        save_term_tree(maintainer, replace(OWNERSHIP, label="Mine"))
    assert queries.export_types(other) == []
    assert queries.export_hierarchies(other) == []
    assert len(queries.export_types(maintainer)) == 3
    assert not GeoObjectType.objects.filter(label__default="Mine").exists()


def test_shapes_place_the_types_of_a_hierarchy(registry: Actor) -> None:
    save_hierarchy(registry, replace(ADMIN, code="short", tree={"country": {"facility": {}}}))

    shapes = queries.type_shapes("short")

    assert {code: shape.parent for code, shape in shapes.items()} == {"country": None, "facility": "country"}
    assert shapes["facility"].attributes["owner"].terms == {
        "PUB": {"default": "Public"},
        "MIL": {"default": "Military"},
        "PRI": {"default": "Private"},
    }
    assert shapes["facility"].attributes["beds"].terms is None
    with pytest.raises(BadInput, match="no hierarchy"):
        queries.type_shapes("none")
