"""How much of the registry depends on a definition. Asked before one is changed or removed, never to show a list.

Each counts in full, since a person decides by the number: at 300,000 objects of a type up to a second.
"""

from __future__ import annotations

from django.db.models import Q

from cgr.registry.models import Attribute, GeoObject, Hierarchy, HierarchyNode, ParentEdge, Proposal


def values_of(type: str, attribute: str) -> int:  # noqa: A002 - the domain's word
    """Count the objects of a type that have values of an attribute; the caller has checked who asks."""
    return GeoObject.objects.filter(type__code=type, values__has_key=attribute).count()


def values_with_term(tree: str, term: str) -> int:
    """Count the objects, of whatever type, that have or had a term; the caller has checked who asks."""
    return sum(
        GeoObject.objects.filter(type=type_key, values__contains={attribute: [{"value": term}]}).count()
        for type_key, attribute in Attribute.objects.filter(terms__code=tree).values_list("type", "code")
    )


def drawing_from(tree: str) -> set[tuple[str, str]]:
    """Give (type, attribute) for those that draw from a tree of terms; the caller has checked who asks."""
    return set(Attribute.objects.filter(terms__code=tree).values_list("type__code", "code"))


def objects_of(type: str) -> int:  # noqa: A002 - the domain's word
    """Count the objects of a type; the caller has checked who asks."""
    return GeoObject.objects.filter(type__code=type).count()


def proposals_of(type: str) -> int:  # noqa: A002 - the domain's word
    """Count the proposals about objects of a type that nobody has decided on; the caller has checked who asks."""
    return Proposal.objects.filter(type=type, state=Proposal.State.OPEN).count()


def edges_in(hierarchy: str) -> int:
    """Count the parents that objects have in a hierarchy; the caller has checked who asks."""
    return ParentEdge.objects.filter(hierarchy__code=hierarchy).count()


def hierarchies_with(type: str) -> set[str]:  # noqa: A002 - the domain's word
    """Give the hierarchies in which a type has a place; the caller has checked who asks."""
    return set(HierarchyNode.objects.filter(type__code=type).values_list("hierarchy__code", flat=True))


def parents_in(hierarchy: str, type: str) -> int:  # noqa: A002 - the domain's word
    """Count the parents in a hierarchy that objects of a type have or are; the caller has checked who asks."""
    of_type = Q(child__type__code=type) | Q(parent__type__code=type)
    return ParentEdge.objects.filter(of_type, hierarchy__code=hierarchy).count()


def types_below(hierarchy: str, type: str) -> tuple[str, ...]:  # noqa: A002 - the domain's word
    """Give the types that stand directly below a type in a hierarchy; the caller has checked who asks."""
    rows = HierarchyNode.objects.filter(hierarchy__code=hierarchy, parent_type__code=type).order_by("type__code")
    return tuple(rows.values_list("type__code", flat=True))


def continuing(hierarchy: str) -> set[str]:
    """Give a hierarchy and those that inherit it, through however many others; the caller has checked who asks."""
    found, grown = set[str](), {hierarchy}
    while grown - found:
        found |= grown
        grown = set(Hierarchy.objects.filter(inherits__code__in=found).values_list("code", flat=True))
    return found
