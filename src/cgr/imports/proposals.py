"""Propose types and a hierarchy from the names of DHIS2's levels (R3.1)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from cgr.core.definitions import HierarchyDefinition, Tree, TypeDefinition
from cgr.registry.actions import save_hierarchy, save_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.records import RemoteLevel


def save_proposal(
    actor: Actor, *, organization: str, hierarchy: str, names: Sequence[RemoteLevel], deepest: int
) -> dict[int, str]:
    """Make a type for each level that has units, in a hierarchy of that code; give level → type.

    Types that exist already under the same code are used as they are named. Any geometry is welcome in a new one.
    """
    labels = {row.level: row.name for row in names}
    levels: dict[int, str] = {}
    for level in range(1, deepest + 1):
        label = labels.get(level, f"Level {level}")
        code = _code(label)
        levels[level] = f"{code}-{level}" if code in levels.values() else code
        save_type(actor, TypeDefinition(code=levels[level], organization=organization, label=label, geometry="mixed"))
    tree: Tree = {}
    for level in range(deepest, 0, -1):
        tree = {levels[level]: tree}
    save_hierarchy(actor, HierarchyDefinition(code=hierarchy, organization=organization, label=hierarchy, tree=tree))
    return levels


def _code(label: str) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "level"
