"""A hierarchy's types as the nested tree that people write in the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgr.core.definitions import Tree
    from cgr.registry.models import Hierarchy


def tree_of(hierarchy: Hierarchy) -> Tree:
    """Give the tree, types of one level by code."""
    below: dict[str | None, list[str]] = {}
    for code, parent in hierarchy.nodes.order_by("type__code").values_list("type__code", "parent_type__code"):
        below.setdefault(parent, []).append(code)

    def grow(parent: str | None) -> Tree:
        return {code: grow(code) for code in below.get(parent, ())}

    return grow(None)
