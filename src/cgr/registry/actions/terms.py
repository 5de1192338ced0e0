"""Save trees of terms (R0.2). Terms are added and changed, never removed: values and mappings may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, require
from cgr.audit.saving import Saved, record_saved
from cgr.registry.codes import check_term_code, check_unique, read_label
from cgr.registry.locking import lock_registry
from cgr.registry.models import Term, TermTree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.definitions import TermDefinition, TermTreeDefinition


@transaction.atomic
def save_term_tree(actor: Actor, definition: TermTreeDefinition) -> Saved:
    """Create the tree, or change its label and terms; terms that aren't named stay as they are."""
    require(actor, Permission.MANAGE_TERMS, organization="")
    check_code(definition.code, "a tree of terms")
    placed = list(_with_parents(definition.terms, None))
    check_unique((term.code for term, _ in placed), "term", where=f'the tree of terms "{definition.code}"')
    for term, _ in placed:
        check_term_code(term.code)
    lock_registry()
    tree = TermTree.objects.filter(code=definition.code).first()
    before = None if tree is None else _fields(tree)
    tree = tree or TermTree(code=definition.code)
    tree.label = read_label(definition.label, f'the tree of terms "{definition.code}"')
    tree.save()
    _save_terms(tree, placed)
    return record_saved(actor, kind="term-tree", subject=tree.code, organization="", before=before, after=_fields(tree))


def _with_parents(terms: tuple[TermDefinition, ...], parent: str | None) -> Iterator[tuple[TermDefinition, str | None]]:
    """Give every term of the tree with its parent's code, parents first."""
    for term in terms:
        yield term, parent
        yield from _with_parents(term.terms, term.code)


def _save_terms(tree: TermTree, placed: list[tuple[TermDefinition, str | None]]) -> None:
    rows = {row.code: row for row in tree.terms.all()}
    position = len(rows)
    for term, parent in placed:
        row = rows.get(term.code)
        if row is None:
            row = rows[term.code] = Term(tree=tree, code=term.code, position=position)
            position += 1
        row.label = read_label(term.label, f'term "{term.code}"')
        row.parent = None if parent is None else rows[parent]
        row.save()


def _fields(tree: TermTree) -> dict[str, object]:
    terms = tree.terms.select_related("parent").all()
    return {
        "label": tree.label,
        **{
            f"terms.{row.code}": {"label": row.label, "parent": None if row.parent is None else row.parent.code}
            for row in terms
        },
    }
