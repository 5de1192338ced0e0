"""A small registry that the tests of this room start from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cgr.accounts.actions import save_organization
from cgr.accounts.actors import Actor, local_operator
from cgr.core.definitions import (
    AttributeDefinition,
    HierarchyDefinition,
    TermDefinition,
    TermTreeDefinition,
    TypeDefinition,
)
from cgr.registry.actions import Applied, apply_objects, save_hierarchy, save_term_tree, save_type
from cgr.systems.actions import save_system
from cgr.systems.signing_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable

OWNERSHIP = TermTreeDefinition(
    code="ownership",
    label="Ownership",
    terms=(TermDefinition("PUB", "Public", (TermDefinition("MIL", "Military"),)), TermDefinition("PRI", "Private")),
)
COUNTRY = TypeDefinition(code="country", organization="MOH", label="Country", geometry="multipolygon")
DISTRICT = TypeDefinition(code="district", organization="MOH", label="District", geometry="multipolygon")
FACILITY = TypeDefinition(
    code="facility",
    organization="MOH",
    label={"default": "Facility", "fr": "Établissement"},
    geometry="point",
    attributes=(
        AttributeDefinition("beds", "Beds", "integer"),
        AttributeDefinition("owner", "Owner", "term", "ownership"),
        AttributeDefinition("remarks", "Remarks", "text"),
        AttributeDefinition("motto", "Motto", "localized_text"),
        AttributeDefinition("power", "Has power", "boolean"),
        AttributeDefinition("inspected", "Inspected on", "date"),
        AttributeDefinition("area", "Area", "decimal"),
    ),
)
ADMIN = HierarchyDefinition(
    code="admin", organization="MOH", label="Administrative", tree={"country": {"district": {"facility": {}}}}
)


@pytest.fixture
def operator() -> Actor:
    return local_operator()


@pytest.fixture
def registry(db: None, operator: Actor) -> Actor:  # noqa: ARG001 - it has to be there
    """Definitions without objects; gives the actor who made them."""
    save_organization(operator, "MOH", label={"default": "Ministry of Health"})
    save_term_tree(operator, OWNERSHIP)
    for definition in (COUNTRY, DISTRICT, FACILITY):
        save_type(operator, definition)
    save_hierarchy(operator, ADMIN)
    for code in ("hmis", "lmis"):
        save_system(
            operator,
            code,
            organization="MOH",
            label={"default": code},
            url=f"https://{code}.example.org",
            sign_in=SignIn(kind="basic", username="cgr", secret="district"),
        )
    return operator


@pytest.fixture
def apply(registry: Actor) -> Callable[..., Applied]:
    """Apply objects given as dicts, one a line."""

    def apply_dicts(*objects: dict[str, Any], preview: bool = False) -> Applied:
        return apply_objects(registry, [json.dumps(one).encode() for one in objects], preview=preview)

    return apply_dicts
