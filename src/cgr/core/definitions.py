"""Types, hierarchies, trees of terms and synchronizations as the configuration file writes them (contract.md).

Ready to be saved: the same structs are decoded from the file by `configuration`, from the body of a request by `api`,
and built by the import that proposes types from levels.
A label may be a plain text, which is its default.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from cgr.core.mapping import SyncMapping
from cgr.core.records import Localized
from cgr.core.schedule import Schedule  # noqa: TC001 - msgspec reads the annotations of its classes

Label: TypeAlias = str | Localized
Tree: TypeAlias = "dict[str, Tree]"
"""`{"country": {"region": {"facility": {}}}}`: a type's code → the types directly below it."""


class TermDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """One term with the terms below it."""

    code: str
    label: Label
    terms: tuple[TermDefinition, ...] = ()


class TermTreeDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """A tree of terms that term attributes draw from."""

    code: str
    label: Label
    terms: tuple[TermDefinition, ...] = ()


class AttributeDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """A custom attribute. `kind` is one of the contract's; `terms` is the code of a tree, for kind `term` only."""

    code: str
    label: Label
    kind: str
    terms: str | None = None


class TypeDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """A Geo-Object Type. `geometry` is one of the contract's geometry types."""

    code: str
    organization: str
    label: Label
    geometry: str = "none"
    attributes: tuple[AttributeDefinition, ...] = ()


class HierarchyDefinition(Struct, frozen=True, forbid_unknown_fields=True):
    """A hierarchy: where each of its types stands.

    `inherits`: code of the hierarchy that continues above its top types; None: none any more; UNSET: as it is.
    """

    code: str
    organization: str
    label: Label
    tree: Tree = {}
    inherits: str | UnsetType | None = UNSET


class SyncDefinition(SyncMapping, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A synchronization configuration: what it is called and belongs to, and when it runs, beside its mapping.

    `schedule`: None: it runs only when somebody asks; UNSET: as it is. Whom it tells is added by who reads it, because
    a secret is part of that.
    """

    code: str
    organization: str
    label: Label
    hierarchy: str
    system: str
    schedule: Schedule | UnsetType | None = UNSET

    def mapping(self) -> SyncMapping:
        """Give the part that planning needs."""
        return SyncMapping(
            levels=self.levels, allow_new_root=self.allow_new_root, locale=self.locale, limits=self.limits
        )
