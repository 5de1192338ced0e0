"""Gather: read one DHIS2 as it is now, for a mapping. Nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.mapping import SyncMapping, SyncType
from cgr.core.planner import Theirs
from cgr.dhis2.versions import version_text
from cgr.systems.reading import read_members, read_units

if TYPE_CHECKING:
    from cgr.core.progress import Progress
    from cgr.core.records import RemoteShape
    from cgr.dhis2.client import Dhis2

_ALWAYS = ("code", "name", "shortName", "openingDate", "closedDate")
_WHEN_MAPPED = ("description", "comment", "url", "contactPerson", "address", "email", "phoneNumber")


def read_theirs(client: Dhis2, mapping: SyncMapping, shape: RemoteShape, *, progress: Progress) -> Theirs:
    """Read every organisation unit with what the mapping compares, and the members of the groups that it names."""
    units = read_units(client, fields_to_read(mapping, shape), progress=progress)
    members = read_members(client, groups_of(mapping) & shape.groups.keys(), progress=progress)
    return Theirs(units=units, members=members, version=version_text(shape.version))


def fields_to_read(mapping: SyncMapping, shape: RemoteShape) -> tuple[str, ...]:
    """Name the DHIS2 properties that this mapping compares, so that the server reads no costly column for nothing."""
    exported = [level for level in mapping.levels if level.sync in {SyncType.ORG_UNITS, SyncType.BOTH}]
    fields = list(_ALWAYS)
    fields += [name for name in _WHEN_MAPPED if any(level.fields.get(name) is not None for level in exported)]
    if exported:
        fields.append("translations")
    if any(level.geometry is not False for level in exported):
        fields.append("geometry")
    mandatory = any(attribute.mandatory and attribute.for_units for attribute in shape.attributes.values())
    if mandatory or any(attribute.to for level in exported for attribute in level.attributes):
        fields.append("attributeValues")
    return tuple(fields)


def groups_of(mapping: SyncMapping) -> set[str]:
    """Give the ids of all groups that levels and terms are mapped to."""
    groups: set[str] = set()
    for level in mapping.levels:
        groups.update(level.groups)
        for attribute in level.attributes:
            groups.update((attribute.groups or {}).values())
    return groups
