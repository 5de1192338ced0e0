"""Save hierarchies (R0.3): trees of types. A type stands once in each, so no object can be above itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from msgspec import UNSET

from cgr.accounts import queries as accounts
from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, may, organizations_where, require, unknown
from cgr.audit.saving import Saved, record_saved
from cgr.core.arranging import descendants
from cgr.core.errors import BadInput
from cgr.core.inheritance import Standing, inheritance_problem, inherits_itself
from cgr.registry.catalogue import parent_types, standings, visible_hierarchies
from cgr.registry.codes import read_label, refuse_other_organization
from cgr.registry.locking import lock_registry
from cgr.registry.models import GeoObjectType, Hierarchy, HierarchyNode, ParentEdge
from cgr.registry.queries.uses import parents_in
from cgr.registry.trees import tree_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.definitions import HierarchyDefinition, Tree


@transaction.atomic
def save_hierarchy(actor: Actor, definition: HierarchyDefinition) -> Saved:
    """Create the hierarchy, or change its label and the places of the types named; other types keep theirs."""
    require(actor, Permission.MANAGE_DEFINITIONS, organization=definition.organization)
    where = f'hierarchy "{definition.code}"'
    check_code(definition.code, "a hierarchy")
    places = _places(definition.tree, where)
    lock_registry()
    types = _placeable(actor, places, where)
    row = Hierarchy.objects.select_related("organization", "inherits").filter(code=definition.code).first()
    before = None
    if row is not None:
        if row.organization.code != definition.organization:
            raise refuse_other_organization(actor, "hierarchy", row.code, row.organization.code)
        before = fields_of(row)
    else:
        row = Hierarchy(code=definition.code, organization=accounts.organization(actor, definition.organization))
    row.label = read_label(definition.label, where)
    if definition.inherits is not UNSET:
        row.inherits = _inherited(actor, definition.inherits, where)
    row.save()
    _save_places(row, places, types)
    _check_inheritance(row)
    return record_saved(
        actor,
        kind="hierarchy",
        subject=row.code,
        organization=definition.organization,
        before=before,
        after=fields_of(row),
    )


@transaction.atomic
def place_type(actor: Actor, hierarchy: str, type: str, *, below: str | None) -> Saved:  # noqa: A002 - the domain's word
    """Put a type below another one of the hierarchy (None: at the top), with the types that stand below it."""
    row = _managed(actor, hierarchy)
    types = _placeable(actor, [type] if below is None else [type, below], f'hierarchy "{hierarchy}"')
    before = fields_of(row)
    children = _children(row)
    if below is not None and below not in parent_types(row.pk):
        raise unknown("type", below)
    if below is not None and below in {type, *descendants(children, type)}:
        raise BadInput(
            f'The type "{type}" can\'t be below itself in hierarchy "{hierarchy}".',
            code="hierarchy-cycle",
            next_step="Choose a type that doesn't stand below it.",
        )
    _save_places(row, {type: below}, types)
    _check_inheritance(row)
    return _recorded(actor, row, before)


@transaction.atomic
def take_out_type(actor: Actor, hierarchy: str, type: str) -> Saved:  # noqa: A002 - the domain's word
    """Take a type out of a hierarchy in which it has no types below it, and its objects no parents."""
    row = _managed(actor, hierarchy)
    before = fields_of(row)
    node = row.nodes.filter(type__code=type).first()
    if node is None:
        raise unknown("type", type)
    if below := _children(row).get(type):
        raise BadInput(
            f'The type "{type}" can\'t be taken out of hierarchy "{hierarchy}": {", ".join(below)} stands below it.',
            code="type-in-use",
            next_step="Move the types below it elsewhere first, or take them out.",
        )
    if count := parents_in(hierarchy, type):
        raise BadInput(
            f'The type "{type}" can\'t be taken out of hierarchy "{hierarchy}": its objects have {count:,} parents '
            "there.",
            code="type-in-use",
            next_step="Remove these parents first, or make another hierarchy.",
        )
    node.delete()
    _check_inheritance(row)
    return _recorded(actor, row, before)


def _managed(actor: Actor, code: str) -> Hierarchy:
    """Give a hierarchy that the actor manages, after waiting for whoever writes the registry."""
    row = Hierarchy.objects.select_related("organization", "inherits").filter(code=code).first()
    if row is None or not may(actor, Permission.MANAGE_DEFINITIONS, organization=row.organization.code):
        raise unknown("hierarchy", code)
    lock_registry()
    return row


def _placeable(actor: Actor, codes: Collection[str], where: str) -> dict[str, GeoObjectType]:
    """Give the types by code."""
    # Who places a type sees its objects, in plans and exports; so nobody places a foreign one.
    visible = organizations_where(actor, Permission.READ_OBJECTS)
    known = GeoObjectType.objects.filter(code__in=codes)
    types = {row.code: row for row in (known if visible is None else known.filter(organization__code__in=visible))}
    for code in codes:
        if code not in types:
            raise BadInput(
                f'There is no type "{code}" to place in {where}.',
                code="unknown-type",
                next_step="Define the type, or correct the code.",
            )
    return types


def _children(row: Hierarchy) -> dict[str | None, list[str]]:
    children: dict[str | None, list[str]] = {}
    for code, parent in sorted(parent_types(row.pk).items()):
        children.setdefault(parent, []).append(code)
    return children


def _recorded(actor: Actor, row: Hierarchy, before: dict[str, object]) -> Saved:
    return record_saved(
        actor,
        kind="hierarchy",
        subject=row.code,
        organization=row.organization.code,
        before=before,
        after=fields_of(row),
    )


def _inherited(actor: Actor, code: str | None, where: str) -> Hierarchy | None:
    if code is None:
        return None
    found = next((known for known in visible_hierarchies(actor) if known.code == code), None)
    if found is None:
        raise _refused(f'There is no hierarchy "{code}" that {where} could inherit.', "Define it, or correct the code.")
    return found


def _check_inheritance(row: Hierarchy) -> None:
    """Check the hierarchy and those that continue it, whose places its own may contradict."""
    every = {known.code: known for known in Hierarchy.objects.select_related("inherits")}
    inherits = {code: None if known.inherits is None else known.inherits.code for code, known in every.items()}
    if inherits_itself(row.code, inherits):
        raise _refused(f'The hierarchy "{row.code}" inherits itself.', "Remove `inherits` from one of them.")
    for known in every.values():
        if known.inherits is None:
            continue
        own = {code: Standing(parent, known.code) for code, parent in parent_types(known.pk).items()}
        if problem := inheritance_problem(own, standings(known.inherits)):
            raise _refused(
                f'The hierarchy "{known.code}" can\'t inherit "{known.inherits.code}": {problem}.',
                "Begin its tree with a type that has a place in the inherited hierarchy, and leave those above it out.",
            )


def _refused(message: str, next_step: str) -> BadInput:
    return BadInput(message, code="bad-inheritance", next_step=next_step)


def _places(tree: Tree, where: str) -> dict[str, str | None]:
    """Give type → parent type; refuse a type that stands twice, be it below itself or elsewhere."""
    places: dict[str, str | None] = {}
    for code, above in _walk(tree, ()):
        if code in above:
            raise BadInput(
                f'The type "{code}" is below itself in {where}.',
                code="hierarchy-cycle",
                next_step="Each type has one place in a hierarchy; remove one of the two.",
            )
        if code in places:
            raise BadInput(
                f'The type "{code}" stands twice in {where}.',
                code="type-twice",
                next_step="Each type has one place in a hierarchy; remove one of the two.",
            )
        places[code] = above[-1] if above else None
    return places


def _walk(tree: Tree, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for code, below in tree.items():
        yield code, above
        yield from _walk(below, (*above, code))


def _save_places(row: Hierarchy, places: dict[str, str | None], types: dict[str, GeoObjectType]) -> None:
    nodes = {node.type.code: node for node in row.nodes.select_related("type", "parent_type")}
    for code, parent in places.items():
        node = nodes.get(code)
        above = None if parent is None else types[parent]
        if node is None:
            HierarchyNode.objects.create(hierarchy=row, type=types[code], parent_type=above)
        elif node.parent_type != above:
            _check_empty(row, code)
            node.parent_type = above
            node.save()


def _check_empty(row: Hierarchy, code: str) -> None:
    if ParentEdge.objects.filter(hierarchy=row, child__type__code=code).exists():
        raise BadInput(
            f'The type "{code}" can\'t move in hierarchy "{row.code}": its objects have parents there.',
            code="type-in-use",
            next_step="Remove these parents first, or make another hierarchy.",
        )


def fields_of(row: Hierarchy) -> dict[str, object]:
    """Give what the audit log keeps of it."""
    return {
        "label": row.label,
        "tree": tree_of(row),
        **({} if row.inherits is None else {"inherits": row.inherits.code}),
    }
