"""Types, hierarchies and trees of terms as the configuration file writes them (contract.md), ready to be saved.

The same structs are decoded from the file by `configuration` and built by the import that proposes types from levels.
A label may be a plain text, which is its default.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import UNSET, Struct, UnsetType

from cgr.core.records import Localized

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
