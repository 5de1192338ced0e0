"""What Geo-Objects are described with, read once before many of them are written: types, hierarchies, systems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cgr.accounts.policy import Permission, may, organizations_where
from cgr.core.draft_rules import Definitions
from cgr.core.inheritance import Standing, Standings, continued
from cgr.core.records import OurAttribute, OurType
from cgr.registry.models import Attribute, GeoObjectType, Hierarchy, HierarchyNode, Term
from cgr.systems.queries import systems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The definitions that an actor may write objects with, and the rows' ids by code.

    `types` and `organizations` (type → code of the organization that owns it) know all types: a parent's type may be
    one that the actor doesn't edit.
    """

    definitions: Definitions
    types: dict[str, int]
    hierarchies: dict[str, int]
    systems: dict[str, int]
    organizations: dict[str, str]


def catalogue(actor: Actor, *, permission: Permission = Permission.EDIT_OBJECTS) -> Catalogue:
    """Read the definitions; types and hierarchies that the actor doesn't have the permission for are left out."""
    types = list(GeoObjectType.objects.select_related("organization").order_by("code"))
    allowed = [row for row in types if may(actor, permission, organization=row.organization.code, type=row.code)]
    hierarchies = visible_hierarchies(actor)
    known = list(systems(actor))
    return Catalogue(
        definitions=Definitions(
            types=shapes(allowed),
            hierarchies={row.code: parent_types(row.pk) for row in hierarchies},
            systems={row.code: row.kind for row in known},
        ),
        types={row.code: row.pk for row in types},
        hierarchies={row.code: row.pk for row in hierarchies},
        systems={row.code: row.pk for row in known},
        organizations={row.code: row.organization.code for row in types},
    )


def visible_hierarchies(actor: Actor) -> list[Hierarchy]:
    """Give the hierarchies of the organizations that the actor belongs to, by code."""
    visible = organizations_where(actor, Permission.READ_OBJECTS)
    found = Hierarchy.objects.select_related("organization", "inherits").order_by("code")
    return list(found if visible is None else found.filter(organization__code__in=visible))


def parent_types(hierarchy: int) -> dict[str, str | None]:
    """Give type → parent type (None at the top) of one hierarchy alone, without what it inherits."""
    return dict(HierarchyNode.objects.filter(hierarchy=hierarchy).values_list("type__code", "parent_type__code"))


def standings(hierarchy: Hierarchy) -> Standings:
    """Give where each type stands in a hierarchy, the types above its top in the one that it inherits included."""
    own = {code: Standing(parent, hierarchy.code) for code, parent in parent_types(hierarchy.pk).items()}
    return own if hierarchy.inherits is None else continued(own, standings(hierarchy.inherits))


def shapes(
    types: Iterable[GeoObjectType], places: Standings | None = None, *, hierarchy: str = ""
) -> dict[str, OurType]:
    """Give the types by code with their attributes and the attributes' terms; `places` are those in the hierarchy."""
    rows = list(types)
    attributes: dict[int, dict[str, OurAttribute]] = {row.pk: {} for row in rows}
    defined = list(Attribute.objects.filter(type__in=attributes))
    terms = _terms_by_tree({row.terms_id for row in defined if row.terms_id is not None})
    for row in defined:
        attributes[row.type_id][row.code] = OurAttribute(
            code=row.code,
            kind=row.kind,
            label=row.label,
            terms=None if row.terms_id is None else terms.get(row.terms_id, {}),
        )
    stand = places or {}
    return {
        row.code: _shape(row, attributes[row.pk], stand.get(row.code, Standing(None, hierarchy)), hierarchy)
        for row in rows
    }


def _shape(row: GeoObjectType, attributes: dict[str, OurAttribute], place: Standing, hierarchy: str) -> OurType:
    return OurType(
        code=row.code,
        label=row.label,
        geometry=row.geometry_type,
        parent=place.parent,
        attributes=attributes,
        parents_in="" if place.hierarchy == hierarchy else place.hierarchy,
    )


def _terms_by_tree(wanted: set[int]) -> dict[int, dict[str, Localized]]:
    trees: dict[int, dict[str, Localized]] = {}
    for tree, code, label in Term.objects.filter(tree__in=wanted).values_list("tree_id", "code", "label"):
        trees.setdefault(tree, {})[code] = label
    return trees
