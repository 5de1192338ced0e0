"""What a synchronisation configuration says: the levels, and what of each level goes where (R4, R6, R7, R8).

The shapes are those of the configuration file in `contract.md`; the JSON stored with a configuration is exactly them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType, field


class SyncType(StrEnum):
    """How much of a level is exported (R5.4)."""

    NONE = "none"
    ORG_UNITS = "org_units"
    RELATIONSHIPS = "relationships"
    BOTH = "both"


class FieldSource(Struct, frozen=True, forbid_unknown_fields=True):
    """The long form of a field mapping: where the value comes from and whether "nothing" clears DHIS2's value."""

    source: str = field(name="from")
    clear: bool = False


class AttributeMapping(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One custom attribute → a DHIS2 attribute (`to`, with `terms` for an option set) or → groups (`groups`).

    `terms`: term code → option code. `groups`: term code → id of an organisation unit group.
    """

    source: str = field(name="from")
    to: str | None = None
    terms: dict[str, str] | None = None
    groups: dict[str, str] | None = None
    clear: bool = False


class LevelMapping(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One DHIS2 level ↔ one Geo-Object Type. Its number is its place in `SyncMapping.levels`, from 1."""

    type: str
    sync: SyncType
    groups: tuple[str, ...] = ()
    only_in_groups: bool = False
    fields: dict[str, str | FieldSource | None] = {}
    geometry: bool | UnsetType = UNSET
    where: dict[str, tuple[str, ...]] = {}
    attributes: tuple[AttributeMapping, ...] = ()
    locale: str | None = None


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """When a plan is so implausible that a person has to consent. Shares are of 1; the defaults are the contract's."""

    changed_share: float = 0.3
    moved_share: float = 0.1
    vanished_share: float = 0.1
    min_units: int = 50


class SyncMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a synchronisation configuration that planning needs."""

    levels: tuple[LevelMapping, ...]
    allow_new_root: bool = False
    locale: str = "default"
    limits: Limits = Limits()
