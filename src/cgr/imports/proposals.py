"""Propose types and a hierarchy from the names of DHIS2's levels (R3.1)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from cgr.core.definitions import HierarchyDefinition, Tree, TypeDefinition
from cgr.core.errors import BadInput
from cgr.registry import queries as registry
from cgr.registry.actions import save_hierarchy, save_type
from cgr.registry.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor

_LONGEST = 40


def save_proposal(
    actor: Actor, *, organization: str, hierarchy: str, names: Mapping[int, str], first: int, last: int
) -> dict[int, str]:
    """Make a type for each level in a hierarchy of that code; give level → type.

    Types that exist already are taken as they are; a new one takes any geometry. So is a hierarchy that an earlier
    proposal made; BadInput when there is another one with that code.
    """
    levels: dict[int, str] = {}
    for level in range(first, last + 1):
        code = _code(names.get(level, ""), level)
        while code in levels.values():
            code = f"{code}-{level}"
        levels[level] = code
    known = catalogue(actor)
    if hierarchy in known.definitions.hierarchies:
        _check_chain(hierarchy, levels)
        return levels
    for level, code in levels.items():
        if known.organizations.get(code) != organization:
            label = names.get(level, "").strip() or f"Level {level}"
            save_type(actor, TypeDefinition(code=code, organization=organization, label=label, geometry="mixed"))
    tree: Tree = {}
    for level in reversed(levels):
        tree = {levels[level]: tree}
    save_hierarchy(actor, HierarchyDefinition(code=hierarchy, organization=organization, label=hierarchy, tree=tree))
    return levels


def _check_chain(hierarchy: str, levels: dict[int, str]) -> None:
    types = registry.type_shapes(hierarchy)
    above = types[next(iter(levels.values()))].parent if next(iter(levels.values())) in types else None
    for code in levels.values():
        if code not in types or types[code].parent != above:
            raise BadInput(
                f'There is a hierarchy "{hierarchy}" already, and its types are not those of DHIS2\'s levels '
                f"({', '.join(levels.values())}).",
                code="hierarchy-exists",
                next_step="Say with --levels which level is which of its types, or give another hierarchy.",
            )
        above = code


def _code(label: str, level: int) -> str:
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-") or f"level-{level}"
