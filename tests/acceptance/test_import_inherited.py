"""Importing through a hierarchy that continues another one: each parent is kept where its type stands (R3.1, R4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cgr.configuration.applying import apply as apply_configuration
from cgr.core.errors import BadInput

from .dhis2_to_import import MAPPING, UNITS, definitions, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dhis2_to_import import Importing

pytestmark = pytest.mark.django_db
IMPORTED = len(UNITS) - 1
PARENTS = {
    "C": {},
    "N": {"admin": "C"},
    "S": {"admin": "C"},
    "F1": {"health": "N"},
    "OuFacility2": {"health": "N"},
    "F3": {"health": "S"},
    "F4": {"health": "S"},
    "F5": {"health": "S"},
}


@pytest.fixture
def continued(make_importing: Callable[[str], Importing]) -> Callable[..., Importing]:
    """Give a maker of registries in which facilities stand in a hierarchy that continues the administrative one."""

    def make(version: str = "2.42") -> Importing:
        importing = make_importing(version)
        document = definitions(importing.url)
        health = {"code": "health", "organization": "MOH", "label": "Health", "inherits": "admin"}
        document["hierarchies"] = [
            {**document["hierarchies"][0], "tree": {"country": {"region": {}}}},
            {**health, "tree": {"region": {"facility": {}}}},
        ]
        document["syncs"][0]["hierarchy"] = "health"
        apply_configuration(importing.actor, yaml.safe_dump(document).encode())
        return importing

    return make


def parents(importing: Importing) -> dict[str, Any]:
    return {code: one.get("parents", {}) for code, one in importing.objects().items()}


@pytest.mark.parametrize("version", ["2.31", "2.38", "2.42", "2.43"])
def test_every_parent_is_kept_in_its_own_hierarchy_and_nothing_is_left_to_do(
    continued: Callable[..., Importing], version: str
) -> None:
    importing = continued(version)
    first = importing.read(hierarchy="health", mapping=MAPPING)
    assert first["problems"] == {}
    assert first["counts"]["new"] == IMPORTED
    assert parents(importing) == PARENTS

    again = importing.read(hierarchy="health", mapping=MAPPING)
    assert again["counts"]["unchanged"] == IMPORTED
    plan = importing.plan()
    assert (plan["changes"], plan["problems"]) == ([], [])


def test_units_that_moved_in_dhis2_move_in_the_hierarchy_that_keeps_them(continued: Callable[..., Importing]) -> None:
    importing = continued()
    importing.read(hierarchy="health")
    importing.change("OuFacility2", parent={"id": "OuRegionSou"})
    moved = importing.read(hierarchy="health")
    assert [(one["uid"], list(one["fields"])) for one in moved["changes"]] == [("OuFacility2", ["parent"])]
    (before, now) = importing.objects()["OuFacility2"]["parents"]["health"]
    assert (before["parent"], now["parent"]) == ("N", "S")
    assert importing.plan()["changes"] == []


def test_the_upper_levels_may_be_imported_through_the_hierarchy_that_is_inherited(
    continued: Callable[..., Importing],
) -> None:
    importing = continued()
    importing.read(hierarchy="admin", levels={1: "country", 2: "region"})
    rest = importing.read(hierarchy="health")
    assert rest["problems"] == {}
    assert (rest["counts"]["unchanged"], rest["counts"]["new"]) == (3, IMPORTED - 3)
    assert parents(importing) == PARENTS


def test_a_sub_tree_hangs_below_the_parent_that_the_inherited_hierarchy_knows(
    continued: Callable[..., Importing],
) -> None:
    importing = continued()
    importing.read(hierarchy="health")
    importing.load(unit("OuRegionEas", "East", "OuCountry01", code="E"), unit("OuFacility9", "New", "OuRegionEas"))
    found = importing.read(hierarchy="health", root="OuRegionEas", levels={2: "region", 3: "facility"})
    assert (found["counts"]["new"], found["problems"]) == (2, {})
    assert parents(importing) == {**PARENTS, "E": {"admin": "C"}, "OuFacility9": {"health": "E"}}


def test_levels_that_leave_out_a_type_of_the_inherited_hierarchy_are_refused(
    continued: Callable[..., Importing],
) -> None:
    importing = continued()
    with pytest.raises(BadInput, match="facility"):
        importing.read(hierarchy="health", levels={1: "country", 2: "facility"})
    assert importing.objects() == {}
