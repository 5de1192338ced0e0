"""Save trees of terms (R0.2). A file adds and changes terms; a person also removes one, unless an object has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, require, unknown
from cgr.audit.saving import Saved, record_saved
from cgr.core.arranging import descendants
from cgr.core.errors import BadInput
from cgr.registry.codes import check_term_code, check_unique, read_label
from cgr.registry.locking import lock_registry
from cgr.registry.models import Term, TermTree
from cgr.registry.queries.uses import values_with_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cgr.accounts.actors import Actor
    from cgr.core.arranging import Spot
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
    before = None if tree is None else fields_of(tree)
    tree = tree or TermTree(code=definition.code)
    tree.label = read_label(definition.label, f'the tree of terms "{definition.code}"')
    tree.save()
    _save_terms(tree, placed)
    return record_saved(
        actor, kind="term-tree", subject=tree.code, organization="", before=before, after=fields_of(tree)
    )


@transaction.atomic
def save_term(actor: Actor, tree: str, term: TermDefinition, *, below: str | None = None) -> Saved:
    """Add a term below another one (None: at the top), as the last; or change the label of one that is there."""
    require(actor, Permission.MANAGE_TERMS, organization="")
    check_term_code(term.code)
    lock_registry()
    row = _tree(tree)
    before = fields_of(row)
    found = row.terms.filter(code=term.code).first()
    if found is None:
        last = row.terms.aggregate(last=Max("position"))["last"]
        above = None if below is None else _term(row, below)
        found = Term(tree=row, code=term.code, parent=above, position=0 if last is None else last + 1)
    found.label = read_label(term.label, f'term "{term.code}"')
    found.save()
    return record_saved(actor, kind="term-tree", subject=tree, organization="", before=before, after=fields_of(row))


@transaction.atomic
def place_term(actor: Actor, tree: str, term: str, *, spot: Spot) -> Saved:
    """Put a term elsewhere in its tree, with all that is below it. Values and mappings name it by code and stay."""
    require(actor, Permission.MANAGE_TERMS, organization="")
    lock_registry()
    row = _tree(tree)
    before = {**fields_of(row), "order": _order(row)}
    found = _term(row, term)
    children = _children(row)
    if spot.parent is not None and spot.parent in {term, *descendants(children, term)}:
        raise BadInput(
            f'The term "{term}" can\'t be below itself.', code="term-cycle", next_step="Choose another term."
        )
    found.parent = None if spot.parent is None else _term(row, spot.parent)
    siblings = [code for code in children.get(spot.parent, ()) if code != term]
    place = siblings.index(spot.before) if spot.before in siblings else len(siblings)
    siblings.insert(place, term)
    found.save()
    rows = {one.code: one for one in row.terms.filter(code__in=siblings)}
    # The positions are those of the whole tree, so the siblings share out the ones that they have.
    for position, code in zip(sorted(_positions(rows.values())), siblings, strict=True):
        rows[code].position = position
    Term.objects.bulk_update(rows.values(), ["position"])
    after = {**fields_of(row), "order": _order(row)}
    return record_saved(actor, kind="term-tree", subject=tree, organization="", before=before, after=after)


@transaction.atomic
def remove_term(actor: Actor, tree: str, term: str) -> None:
    """Remove a term that no object has or had, and that has none below it."""
    require(actor, Permission.MANAGE_TERMS, organization="")
    lock_registry()
    row = _tree(tree)
    found = _term(row, term)
    if found.children.exists():
        raise BadInput(
            f'The term "{term}" can\'t be removed: there are terms below it.',
            code="term-in-use",
            next_step="Move or remove those first.",
        )
    if count := values_with_term(tree, term):
        raise BadInput(
            f'The term "{term}" can\'t be removed: {count:,} objects have or had it.',
            code="term-in-use",
            next_step="Give those objects another term first; one that an object had in the past stays.",
        )
    before = fields_of(row)
    found.delete()
    record_saved(actor, kind="term-tree", subject=tree, organization="", before=before, after=fields_of(row))


def _tree(code: str) -> TermTree:
    found = TermTree.objects.filter(code=code).first()
    if found is None:
        raise unknown("tree of terms", code)
    return found


def _term(tree: TermTree, code: str) -> Term:
    found = tree.terms.filter(code=code).first()
    if found is None:
        raise unknown("term", code)
    return found


def _order(tree: TermTree) -> list[str]:
    return list(tree.terms.values_list("code", flat=True))


def _children(tree: TermTree) -> dict[str | None, list[str]]:
    children: dict[str | None, list[str]] = {}
    for code, parent in tree.terms.values_list("code", "parent__code"):
        children.setdefault(parent, []).append(code)
    return children


def _positions(terms: Iterable[Term]) -> Iterator[int]:
    """Give a position for each: their own ones, made different where two terms had the same."""
    last = -1
    for position in sorted(one.position for one in terms):
        last = max(position, last + 1)
        yield last


def _with_parents(terms: tuple[TermDefinition, ...], parent: str | None) -> Iterator[tuple[TermDefinition, str | None]]:
    """Give every term of the tree with its parent's code, parents first."""
    for term in terms:
        yield term, parent
        yield from _with_parents(term.terms, term.code)


def _save_terms(tree: TermTree, placed: list[tuple[TermDefinition, str | None]]) -> None:
    rows = {row.code: row for row in tree.terms.all()}
    position = max((row.position for row in rows.values()), default=-1) + 1
    for term, parent in placed:
        row = rows.get(term.code)
        if row is None:
            row = rows[term.code] = Term(tree=tree, code=term.code, position=position)
            position += 1
        row.label = read_label(term.label, f'term "{term.code}"')
        row.parent = None if parent is None else rows[parent]
        row.save()


def fields_of(tree: TermTree) -> dict[str, object]:
    """Give what the audit log keeps of it."""
    terms = tree.terms.select_related("parent").all()
    return {
        "label": tree.label,
        **{
            f"terms.{row.code}": {"label": row.label, "parent": None if row.parent is None else row.parent.code}
            for row in terms
        },
    }
