"""What differs between DHIS2 2.31 and 2.43, as switches in one place, so that no other module compares version numbers.

What a version offers to us at all is in `compatibility.py`.
Sources: api.md §0 and verified-facts.md §8 and §10; where they differ the verified facts win. Versions between two
recorded ones take api.md's word; unknown newer ones behave like the newest known (R2.3: warn, don't refuse).
"""

from __future__ import annotations

import re
from typing import TypeAlias

from msgspec import Struct

Version: TypeAlias = tuple[int, ...]

_NUMBERS = re.compile(r"\s*(\d+(?:\.\d+){1,3})(?:[-.+].*)?\s*", re.DOTALL)

_ANY_GEOMETRY = frozenset({"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"})
_LEGACY_GEOMETRY = frozenset({"Point", "Polygon", "MultiPolygon"})


def parse_version(text: str) -> Version:
    """Give `2.42.5.2` as numbers, without `-SNAPSHOT` and the like; ValueError when it isn't a version."""
    match = _NUMBERS.fullmatch(text)
    if match is None:
        message = f"not a DHIS2 version: {text[:40]!r}"
        raise ValueError(message)
    return tuple(int(part) for part in match[1].split("."))


def version_text(version: Version) -> str:
    """Give a version as people write it: 2.42.5.2."""
    return ".".join(map(str, version))


class Features(Struct, frozen=True):
    """How one version behaves.

    `legacy_geometry`: featureType + coordinates text instead of GeoJSON (O4). `geometry_types`: what it can store.
    `report_in_envelope`: errors of an import are HTTP 409 with an envelope, not 200 (O1). `empty_arrays_in_reports`
    (O1). `names_unit_in_refusals`: every refusal carries a unit's id, except E1106 (O2). `pager_counts_all`: the total
    of a list is that of all its pages (O6; from which 2.32 on isn't known). `authorities_path`: where /api/me lists
    them (O13). `username_in_credentials`: it may stand only there (O13; 2.37 isn't recorded).
    `group_additions_reported`: additions are answered by a report that can be trusted (O3, S6). `moves_need_authority`:
    F_ORGANISATIONUNIT_MOVE and the user's own units matter (section 4). `moves_leave_paths_stale`: descendants keep
    their stored path and level (H7). `checks_attribute_values` (section 3). `refuses_foreign_attributes`: attributes
    not for units are refused, E6012. `created_reset_when_omitted` (H1). `keeps_empty_values`: an empty attribute value
    is stored as "" (H21). `collapses_blanks` (section 8).
    """

    version: Version
    legacy_geometry: bool
    geometry_types: frozenset[str]
    report_in_envelope: bool
    empty_arrays_in_reports: bool
    names_unit_in_refusals: bool
    pager_counts_all: bool
    authorities_path: str
    username_in_credentials: bool
    group_additions_reported: bool
    moves_need_authority: bool
    moves_leave_paths_stale: bool
    checks_attribute_values: bool
    refuses_foreign_attributes: bool
    created_reset_when_omitted: bool
    keeps_empty_values: bool
    collapses_blanks: bool


def features_of(version: Version) -> Features:
    """Give the switches of a version."""
    legacy = version < (2, 32)
    return Features(
        version=version,
        legacy_geometry=legacy,
        geometry_types=_LEGACY_GEOMETRY if legacy else _ANY_GEOMETRY,
        report_in_envelope=version >= (2, 38),
        empty_arrays_in_reports=version >= (2, 35),
        names_unit_in_refusals=version >= (2, 33),
        pager_counts_all=version >= (2, 32, 7),
        authorities_path="me/authorities" if version >= (2, 37) else "me/authorization",
        username_in_credentials=version < (2, 38),
        group_additions_reported=version >= (2, 38),
        moves_need_authority=version >= (2, 37),
        moves_leave_paths_stale=version >= (2, 33),
        checks_attribute_values=version >= (2, 39),
        refuses_foreign_attributes=version >= (2, 39),
        created_reset_when_omitted=version < (2, 39),
        keeps_empty_values=version >= (2, 42),
        collapses_blanks=version >= (2, 38),
    )
