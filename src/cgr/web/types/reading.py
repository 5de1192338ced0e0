"""What the pages of Types & Hierarchies show, read once for a request, in the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404

from cgr.accounts import queries as accounts
from cgr.accounts.actors import actor_of
from cgr.accounts.policy import Permission, may, may_anywhere, unknown
from cgr.core.localized import parse_localized
from cgr.registry import queries
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest

    from cgr.accounts.actors import Actor
    from cgr.core.arranging import Children
    from cgr.core.definitions import Label, Tree

Row = dict[str, Any]
"""A definition in the shape of the configuration file."""


def reader(request: HttpRequest) -> Actor:
    """Give who asks; 404 for somebody who reads no Geo-Objects anywhere."""
    actor = actor_of(request.user)
    if not may_anywhere(actor, Permission.READ_OBJECTS):
        raise Http404
    return actor


def manager(request: HttpRequest, permission: Permission = Permission.MANAGE_DEFINITIONS) -> Actor:
    """Give who asks; 404 for somebody who manages no definitions anywhere."""
    actor = actor_of(request.user)
    if not may_anywhere(actor, permission):
        raise Http404
    return actor


def manages(actor: Actor, row: Row) -> bool:
    """Say whether somebody may change a type or hierarchy."""
    return may(actor, Permission.MANAGE_DEFINITIONS, organization=row["organization"])


def managed(actor: Actor, rows: Iterable[Row], code: str, what: str) -> Row:
    """Give the row with a code that somebody may change; `what` as in "type"."""
    row = named(rows, code, what)
    if not manages(actor, row):
        raise unknown(what, code)
    return row


def named(rows: Iterable[Row], code: str, what: str) -> Row:
    """Give the row with a code; NotAllowed when there is none; `what` as in "type"."""
    found = next((row for row in rows if row["code"] == code), None)
    if found is None:
        raise unknown(what, code)
    return found


def types_of(actor: Actor) -> list[Row]:
    """Give the types that somebody may know."""
    return queries.export_types(actor)


def words_of(label: Label) -> str:
    """Give a label as a definition has it in the reader's language."""
    return in_reader_language(parse_localized(label))


def labels(rows: Iterable[Row]) -> dict[str, str]:
    """Give code → label."""
    return {row["code"]: words_of(row["label"]) for row in rows}


def organizations(actor: Actor, permission: Permission = Permission.READ_OBJECTS) -> dict[str, str]:
    """Give code → label of the organizations where somebody has a permission."""
    return {row.code: in_reader_language(row.label) for row in accounts.organizations(actor, permission=permission)}


def children_of_terms(terms: Iterable[Row], parent: str | None = None) -> dict[str | None, list[str]]:
    """Give a tree of terms as `arranging` takes it."""
    rows = list(terms)
    children: dict[str | None, list[str]] = {parent: [row["code"] for row in rows]}
    for row in rows:
        children |= children_of_terms(row.get("terms", ()), row["code"])
    return children


def children_of_types(tree: Tree, parent: str | None = None) -> dict[str | None, list[str]]:
    """Give a hierarchy's tree as `arranging` takes it."""
    children: dict[str | None, list[str]] = {parent: list(tree)}
    for code, below in tree.items():
        children |= children_of_types(below, code)
    return children


def branches(children: Children, names: dict[str, str], parent: str | None = None) -> list[Row]:
    """Give a tree for the template: each member with its steps that are possible, and what is below it."""
    siblings = children.get(parent, ())
    return [
        {
            "code": code,
            "label": names.get(code, code),
            "first": place == 0,
            "last": place == len(siblings) - 1,
            "top": parent is None,
            "below": branches(children, names, code),
        }
        for place, code in enumerate(siblings)
    ]
