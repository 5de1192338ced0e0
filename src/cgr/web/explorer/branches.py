"""The tree as its template draws it: open down to the object that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from cgr.registry.queries import tree as queries
from cgr.web.words import in_reader_language

if TYPE_CHECKING:
    from cgr.registry.queries.tree import Node, Page
    from cgr.web.explorer.asking import Asked


@dataclass(slots=True)
class Branch:
    """One line of the tree. `children` is None until it is opened; `more` is the address of the next siblings' page."""

    uid: str
    name: str
    code: str
    kind: str
    address: str
    invalid: bool
    chosen: bool = False
    children_at: str = ""
    children: Branches | None = None


@dataclass(slots=True)
class Branches:
    """Siblings. `more` gives the next of them alone, `more_page` in a page of its own."""

    lines: list[Branch]
    more: str = ""
    more_page: str = ""


def whole(asked: Asked, *, chosen: int | None = None, after: str = "") -> Branches:
    """Give the tree, open down to an object (key); `after`: where its children, or the top, shall begin."""
    of = asked.tree
    if of is None:
        return Branches([])
    steps = queries.path(of, chosen, on=asked.on) if chosen is not None else []
    result = top(asked, after=after if chosen is None else "")
    siblings = result
    for step in steps:
        line = next((one for one in siblings.lines if one.uid == step.uid), None)
        if line is None:
            # It stands on a later page of its siblings, or nowhere at that day.
            line = _branch(asked, step)
            siblings.lines.append(line)
        line.chosen = step.key == chosen
        if of.below(step.type):
            line.children = below(asked, step.uid, step.key, step.type, after=after if line.chosen else "")
            if not line.children.lines:
                line.children, line.children_at = None, ""
        if line.children is None:
            break
        siblings = line.children
    return result


def top(asked: Asked, *, after: str = "") -> Branches:
    """Give what is at the top."""
    of = asked.tree
    if of is None:
        return Branches([])
    page = queries.top(of, on=asked.on, after=after)
    found = _branches(asked, page, reverse("explorer-top", args=[of.code]), reverse("explorer"))
    if not page.after and not after:
        found.lines.sort(key=lambda line: line.name.lower())
    return found


def below(asked: Asked, uid: str, key: int, type_code: str, *, after: str = "") -> Branches:
    """Give the children of an object."""
    of = asked.tree
    if of is None:
        return Branches([])
    page = queries.below(of, key, type_code, on=asked.on, after=after)
    return _branches(
        asked, page, reverse("explorer-below", args=[of.code, uid]), reverse("explorer-object", args=[uid])
    )


def _branches(asked: Asked, page: Page, alone: str, whole_page: str) -> Branches:
    lines = [_branch(asked, node) for node in page.nodes]
    if not page.after:
        return Branches(lines)
    on = {"on": asked.on.isoformat()} if asked.on != asked.today else {}
    return Branches(
        lines,
        more=f"{alone}?{urlencode({**on, 'after': page.after})}",
        more_page=whole_page + asked.query(after=page.after),
    )


def _branch(asked: Asked, node: Node) -> Branch:
    code = asked.tree.code if asked.tree else ""
    on = f"?{urlencode({'on': asked.on.isoformat()})}" if asked.on != asked.today else ""
    return Branch(
        uid=node.uid,
        name=in_reader_language(node.label) if node.label else node.code,
        code=node.code,
        kind=in_reader_language(asked.types[node.type].label),
        address=reverse("explorer-object", args=[node.uid]) + asked.query(),
        invalid=node.invalid,
        children_at=reverse("explorer-below", args=[code, node.uid]) + on if node.has_children else "",
    )
