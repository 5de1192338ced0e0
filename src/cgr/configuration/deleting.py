"""Delete definitions, after asking every room what depends on them (R0.2, R0.3): the one door for all faces.

`breaking_…` says what a deletion would break, for somebody who may delete it. What can't be consented to is refused; a
configuration that merely reads an attribute, a term or a place goes on with the rest once a person has consented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from cgr.accounts.policy import Permission, may, unknown
from cgr.accounts.queries import roles_limited_to
from cgr.core.breakage import Kept, breakages, told
from cgr.core.errors import NeedsConsent
from cgr.imports.uses import imports_into_hierarchy, imports_into_type
from cgr.registry import actions, queries
from cgr.registry.actions.deleting import refuse_breaking
from cgr.registry.locking import lock_registry
from cgr.sync.uses import configs_of_hierarchy, configs_with_attribute, configs_with_term, configs_with_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.breakage import Breakage


def breaking_type(actor: Actor, code: str) -> tuple[Breakage, ...]:
    """Say what the deletion of a type would break."""
    _managed(actor, queries.export_types(actor), "type", code)
    placed, imports = queries.hierarchies_with(code), imports_into_type(code)
    counts = {
        Kept.OBJECTS: queries.objects_of(code),
        Kept.HIERARCHIES: len(placed),
        Kept.ROLES: roles_limited_to(code),
        Kept.IMPORTS: len(imports),
        Kept.PROPOSALS: queries.proposals_of(code),
    }
    names = {Kept.HIERARCHIES: _known(actor, placed), Kept.IMPORTS: imports}
    return breakages(counts, configs_with_type(actor, code), names=names, deletes=True)


def breaking_hierarchy(actor: Actor, code: str) -> tuple[Breakage, ...]:
    """Say what the deletion of a hierarchy would break."""
    _managed(actor, queries.export_hierarchies(actor), "hierarchy", code)
    continued, imports = queries.continuing(code) - {code}, imports_into_hierarchy(code)
    counts = {Kept.EDGES: queries.edges_in(code), Kept.CONTINUED_BY: len(continued), Kept.IMPORTS: len(imports)}
    names = {Kept.CONTINUED_BY: _known(actor, continued), Kept.IMPORTS: imports}
    return breakages(counts, configs_of_hierarchy(actor, code), names=names, deletes=True)


def breaking_term_tree(actor: Actor, code: str) -> tuple[Breakage, ...]:
    """Say what the deletion of a tree of terms would break."""
    _term_tree(actor, code)
    drawing = queries.drawing_from(code)
    known = {row["code"] for row in queries.export_types(actor)}
    names = tuple(sorted(f"{type_code}.{attribute}" for type_code, attribute in drawing if type_code in known))
    return breakages({Kept.ATTRIBUTES: len(drawing)}, names={Kept.ATTRIBUTES: names}, deletes=True)


def breaking_attribute(actor: Actor, type: str, attribute: str) -> tuple[Breakage, ...]:  # noqa: A002 - the domain's word
    """Say what the removal of an attribute, or another kind of it, would break."""
    row = _managed(actor, queries.export_types(actor), "type", type)
    if attribute not in {one["code"] for one in row["attributes"]}:
        raise unknown("attribute", attribute)
    return breakages({Kept.VALUES: queries.values_of(type, attribute)}, configs_with_attribute(actor, type, attribute))


def breaking_term(actor: Actor, tree: str, term: str) -> tuple[Breakage, ...]:
    """Say what the removal of a term would break."""
    row = next((one for one in _terms(_term_tree(actor, tree)) if one["code"] == term), None)
    if row is None:
        raise unknown("term", term)
    counts = {Kept.VALUES: queries.values_with_term(tree, term), Kept.TERMS_BELOW: len(row.get("terms", ()))}
    return breakages(counts, configs_with_term(actor, queries.drawing_from(tree), term))


def breaking_place(actor: Actor, hierarchy: str, type: str) -> tuple[Breakage, ...]:  # noqa: A002 - the domain's word
    """Say what it would break to take a type out of a hierarchy."""
    _managed(actor, queries.export_hierarchies(actor), "hierarchy", hierarchy)
    if hierarchy not in queries.hierarchies_with(type):
        raise unknown("type", type)
    below = queries.types_below(hierarchy, type)
    counts = {Kept.PARENTS: queries.parents_in(hierarchy, type), Kept.TYPES_BELOW: len(below)}
    mapped = configs_with_type(actor, type, hierarchies=queries.continuing(hierarchy))
    return breakages(counts, mapped, names={Kept.TYPES_BELOW: below})


@transaction.atomic
def delete_type(actor: Actor, code: str) -> None:
    """Delete a type with its attributes, or refuse, naming what depends on it."""
    lock_registry()
    refuse_breaking("type", code, breaking_type(actor, code))
    actions.delete_type(actor, code)


@transaction.atomic
def delete_hierarchy(actor: Actor, code: str) -> None:
    """Delete a hierarchy, whose types stay, or refuse, naming what depends on it."""
    lock_registry()
    refuse_breaking("hierarchy", code, breaking_hierarchy(actor, code))
    actions.delete_hierarchy(actor, code)


@transaction.atomic
def delete_term_tree(actor: Actor, code: str) -> None:
    """Delete a tree with its terms, or refuse, naming what draws from it."""
    lock_registry()
    refuse_breaking("tree of terms", code, breaking_term_tree(actor, code))
    actions.delete_term_tree(actor, code)


@transaction.atomic
def remove_attribute(actor: Actor, type: str, attribute: str, *, consent: bool) -> None:  # noqa: A002 - the domain's word
    """Remove an attribute that no object has a value for; NeedsConsent while configurations use it."""
    lock_registry()
    found = breaking_attribute(actor, type, attribute)
    actions.remove_attribute(actor, type, attribute)
    _require_consent("attribute", attribute, found, consent=consent)


@transaction.atomic
def remove_term(actor: Actor, tree: str, term: str, *, consent: bool) -> None:
    """Remove a term that no object has or had, and that has none below it; NeedsConsent while it is mapped."""
    lock_registry()
    found = breaking_term(actor, tree, term)
    actions.remove_term(actor, tree, term)
    _require_consent("term", term, found, consent=consent)


@transaction.atomic
def take_out_type(actor: Actor, hierarchy: str, type: str, *, consent: bool) -> None:  # noqa: A002 - the domain's word
    """Take a type out of a hierarchy that keeps no parents of its objects; NeedsConsent while it is mapped."""
    lock_registry()
    found = breaking_place(actor, hierarchy, type)
    actions.take_out_type(actor, hierarchy, type)
    _require_consent("type", type, found, consent=consent)


def _require_consent(kind: str, code: str, found: Iterable[Breakage], *, consent: bool) -> None:
    """Refuse, which undoes what was done, where configurations would stop and nobody has consented."""
    if (asked := [one for one in found if not one.refused]) and not consent:
        raise NeedsConsent(
            f'The {kind} "{code}" isn\'t removed yet: {told(asked)}. Their next plans will say so and stop.',
            code="definition-mapped",
            next_step="Look at what is named; to remove it all the same, consent, then correct those configurations.",
        )


def _managed(actor: Actor, rows: Iterable[dict[str, Any]], kind: str, code: str) -> dict[str, Any]:
    """Give a definition that the actor manages."""
    row = next((one for one in rows if one["code"] == code), None)
    if row is None or not may(actor, Permission.MANAGE_DEFINITIONS, organization=row["organization"]):
        raise unknown(kind, code)
    return row


def _term_tree(actor: Actor, code: str) -> dict[str, Any]:
    row = next((one for one in queries.export_term_trees(actor) if one["code"] == code), None)
    if row is None or not may(actor, Permission.MANAGE_TERMS, organization=""):
        raise unknown("tree of terms", code)
    return row


def _known(actor: Actor, hierarchies: set[str]) -> tuple[str, ...]:
    """Give those of the hierarchies that the actor may know."""
    return tuple(row["code"] for row in queries.export_hierarchies(actor) if row["code"] in hierarchies)


def _terms(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in row.get("terms", ()):
        yield one
        yield from _terms(one)
