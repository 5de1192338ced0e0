"""What a change of a definition would break, named before it is made: what is refused, and what wants a second look.

Refused is what would lose data or leave it without a meaning. What only stops a configuration from planning loses
nothing: the next plan names the level and the attribute; so a person may do it who has read how much is concerned.
A type or hierarchy as a whole goes only when no configuration is left that was made for it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, SyncMapping
from cgr.core.mapping_rules.fields import ATTRIBUTE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kept(StrEnum):
    """What depends on a definition."""

    VALUES = "values"
    PARENTS = "parents"
    TYPES_BELOW = "types-below"
    TERMS_BELOW = "terms-below"
    CONFIGURATIONS = "configurations"
    OBJECTS = "objects"
    HIERARCHIES = "hierarchies"
    CONTINUED_BY = "continued-by"
    EDGES = "edges"
    ATTRIBUTES = "attributes"
    ROLES = "roles"
    IMPORTS = "imports"
    PROPOSALS = "proposals"


class Breakage(Struct, frozen=True):
    """One thing that a change would break: of what kind, how many, the names of those that one may know.

    `refused`: the change can't be made as long as this is so; else a person may consent.
    """

    kept: Kept
    count: int
    names: tuple[str, ...] = ()
    refused: bool = True


class Mapped(Struct, frozen=True):
    """The configurations that use something: names of those that one may see; `others` counts the rest."""

    names: tuple[str, ...] = ()
    others: bool = False


def breakages(
    counts: dict[Kept, int],
    mapped: Mapped | None = None,
    *,
    names: dict[Kept, tuple[str, ...]] | None = None,
    deletes: bool = False,
) -> tuple[Breakage, ...]:
    """Give what a change would break: what is refused first. `counts`: how many of each kind depend on it.

    `deletes`: what it is about goes as a whole.
    """
    known = names or {}
    found = [Breakage(kept, count, known.get(kept, ())) for kept, count in counts.items() if count]
    if mapped is not None and (mapped.names or mapped.others):
        count = len(mapped.names) + mapped.others
        found.append(Breakage(Kept.CONFIGURATIONS, count, mapped.names, refused=deletes))
    return tuple(sorted(found, key=lambda one: not one.refused))


_TOLD: Final = {
    Kept.VALUES: "{count:,} objects have values for it",
    Kept.PARENTS: "{count:,} parents of objects are kept by it",
    Kept.TYPES_BELOW: "types stand below it{names}",
    Kept.TERMS_BELOW: "{count:,} terms are below it",
    Kept.CONFIGURATIONS: "synchronization configurations use it{names}",
    Kept.OBJECTS: "{count:,} objects are of it",
    Kept.HIERARCHIES: "it has a place in hierarchies{names}",
    Kept.CONTINUED_BY: "hierarchies continue it{names}",
    Kept.EDGES: "{count:,} parents of objects are kept in it",
    Kept.ATTRIBUTES: "attributes draw from it{names}",
    Kept.ROLES: "{count:,} roles are limited to it",
    Kept.IMPORTS: "imports into it are under way{names}",
    Kept.PROPOSALS: "{count:,} proposed objects of it wait for a decision",
}


def told(found: Iterable[Breakage]) -> str:
    """Say what would break, as the end of a sentence."""
    return "; ".join(
        _TOLD[one.kept].format(count=one.count, names=f" ({', '.join(one.names)})" if one.names else "")
        for one in found
    )


def uses_type(mapping: SyncMapping, type_code: str) -> bool:
    """Say whether a level is mapped to the type."""
    return any(level.type == type_code for level in mapping.levels)


def uses_attribute(mapping: SyncMapping, type_code: str, attribute: str) -> bool:
    """Say whether a level of the type maps the attribute, fills a field from it, or filters by it."""
    return any(_reads(level, attribute) for level in mapping.levels if level.type == type_code)


def uses_term(mapping: SyncMapping, attributes: set[tuple[str, str]], term: str) -> bool:
    """Say whether a level maps the term, or filters by it, through one of the (type, attribute) that draw from it."""
    return any(
        (level.type, one.source) in attributes and term in {*(one.terms or ()), *(one.groups or ())}
        for level in mapping.levels
        for one in level.attributes
    ) or any(
        (level.type, name) in attributes and term in terms
        for level in mapping.levels
        for name, terms in level.where.items()
    )


def _reads(level: LevelMapping, attribute: str) -> bool:
    return (
        any(_maps(one, attribute) for one in level.attributes)
        or attribute in level.where
        or any(_source(one) == f"{ATTRIBUTE_PREFIX}{attribute}" for one in level.fields.values())
    )


def _maps(one: AttributeMapping, attribute: str) -> bool:
    return one.source == attribute


def _source(given: str | FieldSource | None) -> str | None:
    return given.source if isinstance(given, FieldSource) else given
