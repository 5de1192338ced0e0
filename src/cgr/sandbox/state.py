"""A world in a file: metadata to start from, and the whole state to go on with after a restart."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from cgr.sandbox.catalogue import KLASSES, ORGANISATION_UNIT
from cgr.sandbox.units import Unit

if TYPE_CHECKING:
    from cgr.sandbox.world import World

_FORMAT: Final = "cgr-sandbox-1"
_GZIP_MAGIC: Final = b"\x1f\x8b"


class UnreadableFileError(Exception):
    """The file isn't one this sandbox can start from; the message says why."""


def load(world: World, source: Path | str | dict[str, Any]) -> None:
    """Put metadata into the store: `{"metadata": {"organisationUnits": […], …}}`, or a state written by `dump`.

    No rule of DHIS2 is checked: a file may hold what an import would refuse. `version` in the file is for `World`, not
    for here. UnreadableFileError for a file in another form.
    """
    if isinstance(source, dict):
        _load(world, source)
        return
    content = _read(Path(source))
    try:
        _load(world, content)
    except (KeyError, TypeError, AttributeError) as broken:
        reason = f"an entry has no {broken}" if isinstance(broken, KeyError) else "something in it is of another kind"
        message = f"{source} isn't metadata in the form that DHIS2 gives: {reason}"
        raise UnreadableFileError(message) from broken


def _load(world: World, content: dict[str, Any]) -> None:
    metadata = content.get("metadata", content)
    dumped = content.get("format") == _FORMAT
    for plural in KLASSES:
        if plural != ORGANISATION_UNIT.plural:
            _load_objects(world, plural, metadata.get(plural) or [], complete=dumped)
    _load_units(world, metadata.get(ORGANISATION_UNIT.plural) or [])
    if dumped:
        _load_rest(world, content)
    world.objects_version += 1


def read_version(source: Path | str) -> str | None:
    """Give the version a file says it belongs to."""
    version = _read(Path(source)).get("version")
    return str(version) if version is not None else None


def dump(world: World, path: Path | str) -> None:
    """Write the whole state: to a file beside it first, then in its place."""
    target = Path(path)
    beside = target.with_name(target.name + ".new")
    encoded = msgspec.json.encode(_state(world))
    with beside.open("wb") as stream:
        stream.write(encoded)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(target)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        content = msgspec.json.decode(gzip.decompress(raw) if raw.startswith(_GZIP_MAGIC) else raw)
    except (OSError, EOFError, msgspec.DecodeError) as broken:
        message = f"{path} can't be read: {getattr(broken, 'strerror', None) or broken}"
        raise UnreadableFileError(message) from broken
    if not isinstance(content, dict):
        message = f"{path} holds no JSON object"
        raise UnreadableFileError(message)
    return content


def _load_objects(world: World, plural: str, entries: list[dict[str, Any]], *, complete: bool) -> None:
    """Store objects; unless they are `complete`, with what every object of a server has."""
    kept = world.objects.setdefault(plural, {})
    now = world.now()
    author = {"id": next(iter(world.objects["users"]))}
    given: dict[str, Any] = {"created": now, "lastUpdated": now, "createdBy": author, "lastUpdatedBy": author}
    for entry in entries:
        stored = {name: value for name, value in entry.items() if value is not None}
        if not complete:
            sharing = {"sharing": {"owner": author["id"], "public": "rw------"}} if KLASSES[plural].shareable else {}
            stored = given | sharing | stored
        _pair_values(stored)
        kept[stored["id"]] = stored
    if plural == "options":
        _join_sets(world)


def _join_sets(world: World) -> None:
    """Let options know their set and sets their options, whichever side the file gave."""
    sets, options = world.objects.setdefault("optionSets", {}), world.objects["options"]
    for set_id, option_set in sets.items():
        members = option_set.setdefault("options", [])
        for member in members:
            if member["id"] in options:
                options[member["id"]]["optionSet"] = {"id": set_id}
        known = {member["id"] for member in members}
        members += [
            {"id": uid}
            for uid, option in options.items()
            if (option.get("optionSet") or {}).get("id") == set_id and uid not in known
        ]


def _pair_values(stored: dict[str, Any]) -> None:
    values = stored.get("attributeValues")
    if values:
        stored["attributeValues"] = [
            (entry["attribute"]["id"], entry["value"]) if isinstance(entry, dict) else tuple(entry) for entry in values
        ]
    else:
        stored.pop("attributeValues", None)


def _load_units(world: World, entries: list[dict[str, Any]]) -> None:
    store = world.units_store
    now = world.now()
    author = {"id": next(iter(world.objects["users"]))}
    encode = msgspec.json.Encoder().encode
    fresh = []
    for entry in entries:
        data = {name: value for name, value in entry.items() if value is not None and name not in _APART}
        data.setdefault("created", now)
        data.setdefault("lastUpdated", now)
        data.setdefault("createdBy", author)
        data.setdefault("lastUpdatedBy", author)
        for name in ("openingDate", "closedDate"):
            if name in data:
                data[name] = data[name].partition("T")[0] + "T00:00:00.000"
        _pair_values(data)
        geometry, parent = entry.get("geometry"), entry.get("parent")
        unit = Unit(
            data,
            parent["id"] if isinstance(parent, dict) else parent,
            encode(geometry) if geometry is not None else None,
            entry.get("storedPath", ""),
            entry.get("storedLevel", 1),
        )
        store.put(unit)
        if not unit.stored_path:
            fresh.append(unit.uid)
    for uid in fresh:
        store.store_path(uid)


_APART: Final = {"parent", "geometry", "path", "level", "storedPath", "storedLevel", "leaf", "children"}


def _state(world: World) -> dict[str, Any]:
    units = [_unit_state(unit) for unit in world.units_store.units.values()]
    metadata: dict[str, Any] = {plural: list(kept.values()) for plural, kept in world.objects.items()}
    return {
        "format": _FORMAT,
        "version": world.release,
        "systemId": world.system_id,
        "deleted": world.deleted,
        "optionOrders": world.option_orders,
        "settings": world.settings,
        "states": world.saved_states
        | {
            f"{kind.__module__}:{kind.__qualname__}": value
            for kind, value in world.states().items()
            if isinstance(value, msgspec.Struct)
        },
        "metadata": metadata | {ORGANISATION_UNIT.plural: units},
    }


def _unit_state(unit: Unit) -> dict[str, Any]:
    kept: dict[str, Any] = dict(unit.data)
    kept |= {"storedPath": unit.stored_path, "storedLevel": unit.stored_level}
    if unit.parent is not None:
        kept["parent"] = unit.parent
    if unit.geometry is not None:
        kept["geometry"] = msgspec.Raw(unit.geometry)
    return kept


def _load_rest(world: World, content: dict[str, Any]) -> None:
    world.system_id = content["systemId"]
    world.deleted = content["deleted"]
    world.option_orders = content["optionOrders"]
    world.settings = content["settings"]
    for plural, entries in content["metadata"].items():
        if plural not in KLASSES:
            world.objects[plural] = {entry["id"]: entry for entry in entries}
    world.saved_states = content["states"]
