"""Carry what GeoPrism Registry (0.15 to 1.6) gives as JSON over into a configuration of ours, and name what can't be.

Its API gives types, hierarchies and synchronization configurations one by one or in lists; which one a document is
follows from its keys. Facts about them come from its published source. Nothing is guessed: what its files don't say
(kinds of attributes without their type, passwords, options that it let people leave unmapped) becomes a line to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.configuration.geoprism.carried import CarriedOver
from cgr.configuration.geoprism.definitions import carry_hierarchy, carry_type
from cgr.configuration.geoprism.syncs import carry_sync

if TYPE_CHECKING:
    from cgr.configuration.geoprism.carried import Json

__all__ = ["CarriedOver", "carry_over"]


def carry_over(files: dict[str, Json], *, organization: str) -> CarriedOver:
    """Carry the documents over, by the name of their file. `organization`: of what doesn't say its own."""
    carried = CarriedOver(organization)
    documents = [(name, one) for name, content in files.items() for one in _each(content)]
    # Types first: what maps an attribute asks what kind it has.
    for wanted, carry in ((_is_type, carry_type), (_is_hierarchy, carry_hierarchy), (_is_sync, carry_sync)):
        for _, one in documents:
            if wanted(one):
                carry(one, carried)
    for name, one in documents:
        if not (_is_type(one) or _is_hierarchy(one) or _is_sync(one)):
            carried.miss(
                name, "holds something that is neither a type, a hierarchy nor a synchronization configuration"
            )
    return carried


def _each(content: Json) -> list[Json]:
    if isinstance(content, dict):
        for key in ("resultSet", "types", "hierarchies"):  # pages and bundles of its API
            if isinstance(content.get(key), list):
                return [one for part in content.values() if isinstance(part, list) for one in part]
        return [content]
    return content if isinstance(content, list) else [content]


def _is_type(one: Json) -> bool:
    return isinstance(one, dict) and "geometryType" in one and "code" in one


def _is_hierarchy(one: Json) -> bool:
    return isinstance(one, dict) and "rootGeoObjectTypes" in one and "code" in one


def _is_sync(one: Json) -> bool:
    return isinstance(one, dict) and isinstance(one.get("configuration"), dict) and "system" in one
