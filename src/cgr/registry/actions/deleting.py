"""Delete a type, a hierarchy or a tree of terms on which nothing in the registry depends (R0.2, R0.3).

What configurations and imports make of it these rooms know: `configuration.deleting` asks them first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import ProtectedError

from cgr.accounts.policy import Permission, may, require, unknown
from cgr.audit import actions as audit
from cgr.core.breakage import Kept, Mapped, breakages, told
from cgr.core.errors import BadInput
from cgr.registry.actions import hierarchies, terms, types
from cgr.registry.locking import lock_registry
from cgr.registry.models import GeoObjectType, Hierarchy, TermTree
from cgr.registry.queries.uses import continuing, drawing_from, edges_in, hierarchies_with, objects_of, proposals_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.accounts.actors import Actor
    from cgr.core.breakage import Breakage


@transaction.atomic
def delete_type(actor: Actor, code: str) -> None:
    """Delete a type with its attributes; BadInput while there are objects of it, or it has a place in a hierarchy."""
    row = GeoObjectType.objects.select_related("organization").filter(code=code).first()
    if row is None or not may(actor, Permission.MANAGE_DEFINITIONS, organization=row.organization.code):
        raise unknown("type", code)
    lock_registry()
    counts = {
        Kept.OBJECTS: objects_of(code),
        Kept.HIERARCHIES: len(hierarchies_with(code)),
        Kept.PROPOSALS: proposals_of(code),
    }
    refuse_breaking("type", code, breakages(counts))
    before, organization = types.fields_of(row), row.organization.code
    row.delete()
    audit.record(actor, "delete", kind="type", subject=code, organization=organization, before=before)


@transaction.atomic
def delete_hierarchy(actor: Actor, code: str) -> None:
    """Delete a hierarchy; its types stay. BadInput while objects have parents in it, or another one continues it."""
    row = Hierarchy.objects.select_related("organization", "inherits").filter(code=code).first()
    if row is None or not may(actor, Permission.MANAGE_DEFINITIONS, organization=row.organization.code):
        raise unknown("hierarchy", code)
    lock_registry()
    counts = {Kept.EDGES: edges_in(code), Kept.CONTINUED_BY: len(continuing(code)) - 1}
    refuse_breaking("hierarchy", code, breakages(counts))
    before, organization = hierarchies.fields_of(row), row.organization.code
    try:
        row.delete()
    except ProtectedError as error:  # what refers to it stands in a room above
        raise _in_use("hierarchy", code, breakages({}, Mapped(others=True), deletes=True)) from error
    audit.record(actor, "delete", kind="hierarchy", subject=code, organization=organization, before=before)


@transaction.atomic
def delete_term_tree(actor: Actor, code: str) -> None:
    """Delete a tree with its terms; BadInput while attributes draw from it."""
    require(actor, Permission.MANAGE_TERMS, organization="")
    lock_registry()
    row = TermTree.objects.filter(code=code).first()
    if row is None:
        raise unknown("tree of terms", code)
    refuse_breaking("tree of terms", code, breakages({Kept.ATTRIBUTES: len(drawing_from(code))}))
    before = terms.fields_of(row)
    row.delete()
    audit.record(actor, "delete", kind="term-tree", subject=code, before=before)


def refuse_breaking(kind: str, code: str, found: Iterable[Breakage]) -> None:
    """Raise BadInput when there is anything that can't be consented to; `kind` as in "type"."""
    if refused := [one for one in found if one.refused]:
        raise _in_use(kind, code, refused)


def _in_use(kind: str, code: str, found: Iterable[Breakage]) -> BadInput:
    return BadInput(
        f'The {kind} "{code}" can\'t be deleted: {told(found)}.',
        code="definition-in-use",
        next_step="Remove or change what is named first; or leave it as it is.",
    )
