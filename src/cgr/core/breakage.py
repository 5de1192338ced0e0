"""What a change of a definition would break, named before it is made: what is refused, and what wants a second look.

Refused is what would lose data or leave it without a meaning. What only stops a configuration from planning loses
nothing: the next plan names the level and the attribute; so a person may do it who has read how much is concerned.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cgr.core.mapping import AttributeMapping, FieldSource, LevelMapping, SyncMapping
from cgr.core.mapping_rules.fields import ATTRIBUTE_PREFIX


class Kept(StrEnum):
    """What depends on a definition."""

    VALUES = "values"
    PARENTS = "parents"
    TYPES_BELOW = "types-below"
    TERMS_BELOW = "terms-below"
    CONFIGURATIONS = "configurations"


class Breakage(Struct, frozen=True):
    """One thing that a change would break: of what kind, how many, the names of those who have any."""

    kept: Kept
    count: int
    names: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether the change can't be made as long as this is so; else a person may consent."""
        return self.kept is not Kept.CONFIGURATIONS


class Mapped(Struct, frozen=True):
    """The configurations that use something: names of those that one may see; `others` counts the rest."""

    names: tuple[str, ...] = ()
    others: bool = False


def breakages(
    counts: dict[Kept, int], mapped: Mapped | None = None, *, names: dict[Kept, tuple[str, ...]] | None = None
) -> tuple[Breakage, ...]:
    """Give what a change would break: what is refused first. `counts`: how many of each kind depend on it."""
    known = names or {}
    found = [Breakage(kept, count, known.get(kept, ())) for kept, count in counts.items() if count]
    if mapped is not None and (mapped.names or mapped.others):
        found.append(Breakage(Kept.CONFIGURATIONS, len(mapped.names) + mapped.others, mapped.names))
    return tuple(sorted(found, key=lambda one: not one.refused))


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
