"""Definitions changed one step at a time, as the pages do it: what may go, what may not, and what the log keeps."""

from __future__ import annotations

import json

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor
from cgr.audit.queries import entries
from cgr.core.arranging import Spot
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.core.errors import BadInput
from cgr.registry import queries
from cgr.registry.actions import (
    apply_objects,
    place_term,
    place_type,
    remove_attribute,
    remove_term,
    save_hierarchy,
    save_term,
    save_term_tree,
    save_type,
    take_out_type,
)

pytestmark = pytest.mark.django_db
OPERATOR = Actor("cli:test", is_system_administrator=True)


@pytest.fixture(autouse=True)
def _registry() -> None:
    save_organization(OPERATOR, "MOH", label={"default": "MOH"})
    terms = (
        TermDefinition("public", "Public", (TermDefinition("army", "Army"),)),
        TermDefinition("private", "Private"),
    )
    save_term_tree(OPERATOR, TermTreeDefinition("ownership", "Ownership", terms))
    attributes = (
        AttributeDefinition("beds", "Beds", "integer"),
        AttributeDefinition("owner", "Owner", "term", "ownership"),
        AttributeDefinition("remarks", "Remarks", "text"),
    )
    save_type(OPERATOR, TypeDefinition("region", "MOH", "Region"))
    save_type(OPERATOR, TypeDefinition("district", "MOH", "District"))
    save_type(OPERATOR, TypeDefinition("facility", "MOH", "Facility", "point", attributes))
    save_hierarchy(OPERATOR, HierarchyDefinition("admin", "MOH", "Admin", {"region": {"district": {"facility": {}}}}))
    lines = [
        {"type": "region", "code": "R1", "label": "North"},
        {"type": "district", "code": "D1", "label": "Kabwe", "parents": {"admin": "R1"}},
        {"type": "facility", "code": "F1", "label": "Bo", "values": {"beds": 3, "owner": "public"}},
    ]
    assert not apply_objects(OPERATOR, [json.dumps(line).encode() for line in lines], preview=False).errors


def tree(code: str = "ownership") -> object:
    def shape(terms: list[dict[str, object]]) -> object:
        return [(one["code"], shape(one["terms"])) if "terms" in one else one["code"] for one in terms]  # type: ignore[arg-type]

    (found,) = (row for row in queries.export_term_trees(OPERATOR) if row["code"] == code)
    return shape(found.get("terms", []))


def admin() -> object:
    (found,) = queries.export_hierarchies(OPERATOR)
    return found["tree"]


def refusal(does: object) -> str:
    with pytest.raises(BadInput) as refused:
        does()  # type: ignore[operator]
    return f"{refused.value.code}: {refused.value.message}"


def test_an_attribute_goes_only_when_no_object_has_a_value_for_it() -> None:
    remove_attribute(OPERATOR, "facility", "remarks")
    assert refusal(lambda: remove_attribute(OPERATOR, "facility", "beds")) == (
        'attribute-in-use: The attribute "beds" of type "facility" can\'t be removed: 1 objects have values for it.'
    )
    (row,) = (row for row in queries.export_types(OPERATOR) if row["code"] == "facility")
    assert [one["code"] for one in row["attributes"]] == ["beds", "owner"]
    entry = entries().first()
    assert entry is not None
    assert (entry.kind, entry.before, entry.after) == (
        "type",
        {"attributes.remarks": {"label": {"default": "Remarks"}, "kind": "text"}},
        {"attributes.remarks": None},
    )


def test_terms_move_with_what_is_below_them_and_never_below_themselves() -> None:
    place_term(OPERATOR, "ownership", "private", spot=Spot(None, "public"))
    assert tree() == ["private", ("public", ["army"])]
    entry = entries().first()
    assert entry is not None
    assert entry.after == {"order": ["private", "army", "public"]} or entry.after["order"][0] == "private"
    place_term(OPERATOR, "ownership", "public", spot=Spot("private"))
    assert tree() == [("private", [("public", ["army"])])]
    for parent in ("public", "army"):
        assert refusal(lambda parent=parent: place_term(OPERATOR, "ownership", "public", spot=Spot(parent)))
    place_term(OPERATOR, "ownership", "army", spot=Spot(None, "private"))
    assert tree() == ["army", ("private", ["public"])]


def test_a_term_is_added_below_another_and_a_new_label_leaves_it_there() -> None:
    save_term(OPERATOR, "ownership", TermDefinition("navy", "Navy"), below="army")
    save_term(OPERATOR, "ownership", TermDefinition("navy", {"default": "Navy", "fr": "Marine"}))
    assert tree() == [("public", [("army", ["navy"])]), "private"]
    assert refusal(lambda: save_term(OPERATOR, "ownership", TermDefinition("x", "X"), below="nobody"))


def test_a_term_goes_only_when_no_object_has_it_and_none_is_below_it() -> None:
    assert "terms below it" in refusal(lambda: remove_term(OPERATOR, "ownership", "public"))
    remove_term(OPERATOR, "ownership", "army")
    assert "1 objects have or had it" in refusal(lambda: remove_term(OPERATOR, "ownership", "public"))
    remove_term(OPERATOR, "ownership", "private")
    assert tree() == ["public"]


def test_a_term_that_an_object_had_in_the_past_stays_too() -> None:
    past = {"from": None, "to": "2020-01-01", "value": "private"}
    now = {"from": "2020-01-01", "to": None, "value": "public"}
    line = {"type": "facility", "code": "F2", "label": "Old", "values": {"owner": [past, now]}}
    assert not apply_objects(OPERATOR, [json.dumps(line).encode()], preview=False).errors
    assert queries.values_with_term("ownership", "private") == 1


def test_a_type_moves_and_goes_as_long_as_its_objects_have_no_parents_there() -> None:
    assert "can't move" in refusal(lambda: place_type(OPERATOR, "admin", "district", below=None))
    place_type(OPERATOR, "admin", "facility", below="region")
    assert admin() == {"region": {"district": {}, "facility": {}}}
    assert "2 parents" not in refusal(lambda: take_out_type(OPERATOR, "admin", "district"))
    assert "stands below it" in refusal(lambda: take_out_type(OPERATOR, "admin", "region"))
    take_out_type(OPERATOR, "admin", "facility")
    assert admin() == {"region": {"district": {}}}
    assert queries.parents_in("admin", "region") == 1


def test_a_type_never_stands_below_itself() -> None:
    save_hierarchy(OPERATOR, HierarchyDefinition("health", "MOH", "Health", {"region": {"district": {"facility": {}}}}))
    for below in ("region", "facility"):
        assert "below itself" in refusal(lambda below=below: place_type(OPERATOR, "health", "region", below=below))
    assert refusal(lambda: place_type(OPERATOR, "health", "region", below="nobody"))


def test_a_type_that_another_hierarchy_continues_from_stays() -> None:
    definition = HierarchyDefinition("health", "MOH", "Health", {"district": {"facility": {}}}, inherits="admin")
    take_out_type(OPERATOR, "admin", "facility")
    save_hierarchy(OPERATOR, definition)
    assert queries.continuing("admin") == {"admin", "health"}
    assert "parents there" in refusal(lambda: take_out_type(OPERATOR, "admin", "district"))
    other = HierarchyDefinition("water", "MOH", "Water", {"region": {}}, inherits="admin")
    save_hierarchy(OPERATOR, other)
    assert queries.types_below("admin", "region") == ("district",)


def test_counting_what_depends_on_a_definition_asks_a_fixed_number_of_questions(
    django_assert_num_queries: object,
) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert queries.values_of("facility", "beds") == 1
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert queries.values_with_term("ownership", "public") == 1
