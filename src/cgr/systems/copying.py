"""A copy of a server's organisation units and what hangs on them, for the sandbox: rehearse there, not on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import msgspec
from msgspec import Struct

from cgr.core.ids import derive_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cgr.core.records import RemoteAttribute, RemoteGroup
    from cgr.dhis2.client import Dhis2

_PEOPLE = frozenset({"user", "createdBy", "lastUpdatedBy"})
"""Who wrote a unit: names of people have no business in a copy, and the sandbox has its own."""


class Copied(Struct, frozen=True):
    """What was copied: the JSON of `cgr sandbox copy`, beside the file."""

    version: str
    units: int
    groups: int
    attributes: int
    levels: int


def copy_metadata(client: Dhis2, stream: BinaryIO, *, on_units: Callable[[int], None]) -> Copied:
    """Write the file that the sandbox loads, unit by unit so that memory stays flat; `on_units` hears how many came."""
    version = client.system_info().version
    groups, attributes, levels = client.groups(), client.attributes(), client.levels()
    stream.write(b'{"version":' + msgspec.json.encode(version) + b',"metadata":{\n')
    sections = (
        ("organisationUnitLevels", [_level(level.level, level.name) for level in levels]),
        ("options", list(_options(attributes.values()))),
        ("optionSets", list(_option_sets(attributes.values()))),
        ("attributes", [_attribute(attribute) for attribute in attributes.values()]),
        ("organisationUnitGroups", [_group(group, client.group_members(group.id)) for group in groups.values()]),
        ("organisationUnitGroupSets", list(_group_sets(groups))),
    )
    stream.writelines(msgspec.json.encode(name) + b":" + msgspec.json.encode(rows) + b",\n" for name, rows in sections)
    stream.write(b'"organisationUnits":[')
    units = 0
    for unit in _units(client, on_units):
        stream.write(b",\n" if units else b"\n")
        stream.write(msgspec.json.encode(unit))
        units += 1
    stream.write(b"]}}\n")
    return Copied(version=version, units=units, groups=len(groups), attributes=len(attributes), levels=len(levels))


def _units(client: Dhis2, on_units: Callable[[int], None]) -> Iterator[Mapping[str, object]]:
    for page in client.stream_units(fields=()):
        for owner in client.owners(unit.uid for unit in page).values():
            yield {key: value for key, value in owner.items() if key not in _PEOPLE}
        on_units(len(page))


def _level(level: int, name: str) -> dict[str, object]:
    return {"id": derive_uid("level", name, level), "level": level, "name": name}


def _group(group: RemoteGroup, members: Iterable[str]) -> dict[str, object]:
    return {
        "id": group.id,
        "name": group.name,
        "shortName": group.name[:50],
        "organisationUnits": [{"id": member} for member in sorted(members)],
    }


def _group_sets(groups: Mapping[str, RemoteGroup]) -> Iterator[dict[str, object]]:
    for group_set in sorted({group_set for group in groups.values() for group_set in group.sets}):
        members = [{"id": group.id} for group in groups.values() if group_set in group.sets]
        yield {"id": group_set, "name": group_set, "shortName": group_set, "organisationUnitGroups": members}


def _attribute(attribute: RemoteAttribute) -> dict[str, object]:
    return {
        "id": attribute.id,
        "name": attribute.name,
        "valueType": attribute.value_type,
        "organisationUnitAttribute": attribute.for_units,
        "mandatory": attribute.mandatory,
        "unique": attribute.unique,
        # Options are only read for attributes of units, and a set without them would refuse every value.
        **({"optionSet": {"id": attribute.option_set}} if attribute.options else {}),
    }


def _option_sets(attributes: Iterable[RemoteAttribute]) -> Iterator[dict[str, object]]:
    for option_set, attribute in sorted({row.option_set: row for row in attributes if row.options}.items(), key=str):
        options = [{"id": option.id} for option in attribute.options or ()]
        yield {"id": option_set, "name": attribute.name, "valueType": "TEXT", "options": options}


def _options(attributes: Iterable[RemoteAttribute]) -> Iterator[dict[str, object]]:
    by_id = {option.id: (row.option_set, option) for row in attributes for option in row.options or ()}
    for option_set, option in by_id.values():
        yield {"id": option.id, "code": option.code, "name": option.name, "optionSet": {"id": option_set}}
