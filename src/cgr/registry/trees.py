"""A hierarchy's types as the nested tree that people write in the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cgr.core.definitions import Tree
    from cgr.registry.models import Hierarchy


def tree_of(hierarchy: Hierarchy) -> Tree:
    """Give the tree, types of one level by code."""
    return tree_from(hierarchy.nodes.values_list("type__code", "parent_type__code"))


def tree_from(places: Iterable[tuple[str, str | None]]) -> Tree:
    """Give the tree that (type, parent type or None) make, types of one level by code."""
    below: dict[str | None, list[str]] = {}
    for code, parent in sorted(places, key=lambda place: place[0]):
        below.setdefault(parent, []).append(code)

    def grow(parent: str | None) -> Tree:
        return {code: grow(code) for code in below.get(parent, ())}

    return grow(None)
