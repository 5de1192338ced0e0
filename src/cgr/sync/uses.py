"""Which configurations use a definition of the registry: asked before somebody changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.breakage import Mapped, uses_attribute, uses_term, uses_type
from cgr.sync.configs import configs, mapping_of
from cgr.sync.models import SyncConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cgr.accounts.actors import Actor
    from cgr.core.mapping import SyncMapping


def configs_with_type(actor: Actor, type: str, *, hierarchies: Collection[str] | None = None) -> Mapped:  # noqa: A002 - the domain's word
    """Find the configurations with a level of the type, of these hierarchies or of any."""
    return _mapped(
        actor,
        lambda row, mapping: (hierarchies is None or row.hierarchy.code in hierarchies) and uses_type(mapping, type),
    )


def configs_of_hierarchy(actor: Actor, hierarchy: str) -> Mapped:
    """Find the configurations that were made for the hierarchy."""
    return _mapped(actor, lambda row, _: row.hierarchy.code == hierarchy)


def configs_with_attribute(actor: Actor, type: str, attribute: str) -> Mapped:  # noqa: A002 - the domain's word
    """Find the configurations that map an attribute, or read it otherwise."""
    return _mapped(actor, lambda _, mapping: uses_attribute(mapping, type, attribute))


def configs_with_term(actor: Actor, attributes: set[tuple[str, str]], term: str) -> Mapped:
    """Find the configurations that map a term of one of these (type, attribute)."""
    return _mapped(actor, lambda _, mapping: uses_term(mapping, attributes, term))


def _mapped(actor: Actor, uses: Callable[[SyncConfig, SyncMapping], bool]) -> Mapped:
    seen = set(configs(actor).values_list("pk", flat=True))
    names, others = [], False
    for row in SyncConfig.objects.select_related("hierarchy").order_by("code"):
        used = uses(row, mapping_of(row))
        if used and row.pk in seen:
            names.append(row.code)
        others = others or (used and row.pk not in seen)
    return Mapped(tuple(names), others)
