"""Read types, hierarchies and terms: as the configuration file writes them, and as planning needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgr.accounts.policy import Permission, organizations_where, unknown
from cgr.core.localized import DEFAULT
from cgr.registry.catalogue import catalogue, shapes, standings, visible_hierarchies
from cgr.registry.models import GeoObjectType, Hierarchy, HierarchyNode, Term, TermTree
from cgr.registry.trees import tree_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.definitions import Label
    from cgr.core.draft_rules import Definitions
    from cgr.core.records import Localized, OurType


def type_shapes(hierarchy: str) -> dict[str, OurType]:
    """Give the types of a hierarchy by code, each with its parent type there, those that it inherits included.

    The caller has checked who asks.
    """
    row = Hierarchy.objects.filter(code=hierarchy).first()
    if row is None:
        raise unknown("hierarchy", hierarchy)
    places = standings(row)
    return shapes(GeoObjectType.objects.filter(code__in=places).order_by("code"), places, hierarchy=row.code)


def types_by_code(codes: Iterable[str]) -> dict[str, OurType]:
    """Give types with their attributes, wherever they stand. The caller has checked who asks."""
    return shapes(GeoObjectType.objects.filter(code__in=list(codes)))


def owner_of_type(actor: Actor, code: str) -> str:
    """Give the code of the organization that owns a type whose objects the actor may edit."""
    known = catalogue(actor)
    if code not in known.definitions.types:
        raise unknown("type", code, known=known.definitions.types)
    return known.organizations[code]


def type_labels(codes: Iterable[str]) -> dict[str, Localized]:
    """Give what types are called, by code. The caller has checked who asks."""
    return dict(GeoObjectType.objects.filter(code__in=list(codes)).values_list("code", "label"))


def draft_definitions(actor: Actor) -> Definitions:
    """Give what the actor's drafts may refer to, so that they can be checked before they are written."""
    return catalogue(actor).definitions


def export_term_trees(actor: Actor) -> list[dict[str, Any]]:
    """Give the trees of terms in the shape of the configuration file, by code; terms in their own order."""
    if organizations_where(actor, Permission.READ_OBJECTS) == frozenset():
        return []
    return [
        {"code": tree.code, "label": _label(tree.label), **_below(_terms_by_parent(tree), None)}
        for tree in TermTree.objects.order_by("code").prefetch_related("terms")
    ]


def export_types(actor: Actor) -> list[dict[str, Any]]:
    """Give the types that the actor may know in the shape of the configuration file, by code."""
    visible = organizations_where(actor, Permission.READ_OBJECTS)
    rows = GeoObjectType.objects.order_by("code").select_related("organization").prefetch_related("attributes__terms")
    return [
        {
            "code": row.code,
            "organization": row.organization.code,
            "label": _label(row.label),
            "geometry": row.geometry_type,
            "attributes": [
                {
                    "code": one.code,
                    "label": _label(one.label),
                    "kind": one.kind,
                    **({} if one.terms is None else {"terms": one.terms.code}),
                }
                for one in row.attributes.all()
            ],
        }
        for row in (rows if visible is None else rows.filter(organization__code__in=visible))
    ]


def export_hierarchies(actor: Actor) -> list[dict[str, Any]]:
    """Give the hierarchies that the actor may know in the shape of the configuration file, by code."""
    visible = visible_hierarchies(actor)
    places: dict[int, list[tuple[str, str | None]]] = {}
    nodes = HierarchyNode.objects.filter(hierarchy__in=[row.pk for row in visible])
    for hierarchy, code, parent in nodes.values_list("hierarchy", "type__code", "parent_type__code"):
        places.setdefault(hierarchy, []).append((code, parent))
    return [
        {
            "code": row.code,
            "organization": row.organization.code,
            "label": _label(row.label),
            **({} if row.inherits is None else {"inherits": row.inherits.code}),
            "tree": tree_from(places.get(row.pk, ())),
        }
        for row in visible
    ]


def _label(label: Localized) -> Label:
    return label[DEFAULT] if set(label) == {DEFAULT} else label


def _terms_by_parent(tree: TermTree) -> dict[int | None, list[Term]]:
    below: dict[int | None, list[Term]] = {}
    for term in tree.terms.all():
        below.setdefault(term.parent_id, []).append(term)
    return below


def _below(terms: dict[int | None, list[Term]], parent: int | None) -> dict[str, object]:
    if parent not in terms:
        return {}
    return {
        "terms": [{"code": term.code, "label": _label(term.label), **_below(terms, term.pk)} for term in terms[parent]]
    }
