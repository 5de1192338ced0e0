"""The plain records that planning reads: our Geo-Objects at a date, their organisation units as read, and both shapes.

Hundreds of thousands of them are alive at once, hence msgspec structs that the garbage collector doesn't track.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

Localized: TypeAlias = dict[str, str]
"""`{"default": "Bo Clinic", "fr": "Clinique de Bo"}`"""

Value: TypeAlias = str | int | float | bool | Localized
"""A value in force: text, ISO date, term code (str), integer, decimal (float or numeric str), boolean, localized."""


class Existence(StrEnum):
    """Whether a Geo-Object exists at the date of the run (R5.10)."""

    EXISTS = "exists"
    NOT_YET = "not-yet"
    ENDED = "ended"


class OurObject(Struct, frozen=True, gc=False):
    """One Geo-Object of a mapped type, at the date of the run (R0.4: "latest" rules already applied).

    `parents`: keys of the parents in force in the run's hierarchy; more than one is a defect of the data (R5.4).
    `external_id`: the unit's id in the run's system; `reserved` says it was set aside for a creation not yet confirmed.
    `starts`, `ends`: ISO dates of the existence period in force (else the latest past one); `ends` is exclusive.
    `geometry`: WKB, EPSG:4326. `values`: custom attributes that have a value, by code.
    """

    key: int
    uid: str
    type: str
    code: str
    version: int
    invalid: bool
    existence: Existence
    starts: str | None
    ends: str | None
    label: Localized | None
    values: dict[str, Value]
    geometry: bytes | None
    parents: tuple[int, ...]
    external_id: str | None
    reserved: bool


class TheirUnit(Struct, gc=False):
    """One DHIS2 organisation unit as read, free of version differences; absent values are None.

    `level`: number of ids in the path shown (never DHIS2's stored level, which goes stale: verified fact H7).
    Dates are days, without a time. `geometry`: GeoJSON geometry as JSON bytes, whatever form the version stores.
    `translations`: (property, locale, value). `attribute_values`: attribute id → value as DHIS2 shows it.
    """

    uid: str
    level: int
    parent: str | None = None
    code: str | None = None
    name: str | None = None
    short_name: str | None = None
    opening_date: str | None = None
    closed_date: str | None = None
    description: str | None = None
    comment: str | None = None
    url: str | None = None
    contact_person: str | None = None
    address: str | None = None
    email: str | None = None
    phone_number: str | None = None
    geometry: bytes | None = None
    translations: tuple[tuple[str, str, str], ...] = ()
    attribute_values: dict[str, str] | None = None


class RemoteOption(Struct, frozen=True):
    """One option of a DHIS2 option set."""

    id: str
    code: str
    name: str


class RemoteAttribute(Struct, frozen=True):
    """One DHIS2 attribute; `options` is None when it has no option set."""

    id: str
    name: str
    value_type: str
    for_units: bool
    mandatory: bool = False
    unique: bool = False
    option_set: str | None = None
    options: tuple[RemoteOption, ...] | None = None


class RemoteGroup(Struct, frozen=True):
    """One organisation unit group; `sets` are the ids of the group sets it belongs to, `code` is empty for many."""

    id: str
    name: str
    sets: tuple[str, ...] = ()
    writable: bool = True
    code: str = ""


class RemoteLevel(Struct, frozen=True):
    """One level of the DHIS2 hierarchy, from 1."""

    level: int
    name: str


class RemoteShape(Struct, frozen=True):
    """What a DHIS2 server offers to map to, and who we are there.

    `group_sets`: id → name. `locales`: those of the database, as translations name them → English name.
    """

    version: tuple[int, ...]
    user: str
    authorities: frozenset[str]
    levels: tuple[RemoteLevel, ...]
    attributes: dict[str, RemoteAttribute]
    groups: dict[str, RemoteGroup]
    group_sets: dict[str, str] = {}
    locales: dict[str, str] = {}


class OurAttribute(Struct, frozen=True):
    """One custom attribute of a Geo-Object Type. `kind` is one of the contract's attribute kinds."""

    code: str
    kind: str
    label: Localized
    terms: dict[str, Localized] | None = None


class OurType(Struct, frozen=True):
    """A Geo-Object Type. `geometry`: one of the contract's; `parent`: its parent type in the hierarchy.

    `parents_in`: code of the hierarchy that keeps its objects' parents when that is an inherited one, else empty.
    """

    code: str
    label: Localized
    geometry: str
    parent: str | None
    attributes: dict[str, OurAttribute]
    parents_in: str = ""
