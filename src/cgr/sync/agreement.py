"""What both sides last agreed on, kept with each configuration: written in bulk, read as a stream (R9.5).

A run that writes a unit keeps it in the transaction that settles the item. A plan keeps those units that need nothing,
but only where the object, or the mapping of its level, is another than when they were kept: else what was agreed still
is, and a plan with nothing to do writes nothing here.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection, transaction

from cgr.core.changes import Note
from cgr.core.copy_format import field as copied
from cgr.core.drift import Agreed, agreed, drifted, layout
from cgr.core.plan_words import NO_NAMES, field_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cgr.core.changes import Change
    from cgr.core.mapping import SyncMapping
    from cgr.core.planner import Theirs
    from cgr.core.planner.rules import LevelRules
    from cgr.core.records import OurObject, RemoteShape
    from cgr.sync.models import SyncConfig

_CHUNK = 2_000
_COLUMNS = "object_key, uid, version, level, layout, fields"
_STAGED = """
CREATE TEMP TABLE IF NOT EXISTS agreement_staged
    (object_key bigint, uid text, version int, level int, layout int, fields text) ON COMMIT DELETE ROWS"""
_KEEP = f"""
INSERT INTO sync_agreement (config_id, {_COLUMNS})
SELECT c.id, {_COLUMNS} FROM agreement_staged, sync_syncconfig c WHERE c.code = %s
ON CONFLICT (config_id, object_key) DO UPDATE SET (uid, version, level, layout, fields, drift) =
    (excluded.uid, excluded.version, excluded.level, excluded.layout, excluded.fields, NULL)"""  # noqa: S608 - names of columns
_UP_TO_DATE = """
SELECT object_key, version FROM sync_agreement
WHERE config_id = %s AND level = %s AND layout = %s AND drift IS NULL"""
_READ = f"SELECT {_COLUMNS} FROM sync_agreement WHERE config_id = %s"  # noqa: S608 - names of columns
_decode = msgspec.json.Decoder(dict[str, object]).decode
_encode = msgspec.json.Encoder().encode


def keep(config: str, rows: Sequence[Agreed]) -> None:
    """Keep what was agreed on, in place of what was before; nothing when the configuration (by code) is gone."""
    if not rows:
        return
    lines = [
        f"{row.key}\t{row.uid}\t{row.version}\t{row.level}\t{row.layout}\t{copied(_encode(row.fields).decode())}\n"
        for row in rows
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_STAGED)
        with cursor.copy(f"COPY agreement_staged ({_COLUMNS}) FROM STDIN") as copy:
            copy.write("".join(lines))
        cursor.execute(_KEEP, [config])
        cursor.execute("TRUNCATE agreement_staged")


def read(config: int) -> Iterator[Agreed]:
    """Stream all that was agreed on in a configuration."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_READ, [config])
        while rows := cursor.fetchmany(_CHUNK):
            yield from map(_agreed, rows)


def _of_objects(config: int, keys: Sequence[int]) -> dict[int, Agreed]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_READ} AND object_key = ANY(%s)", [config, list(keys)])
        return {row[0]: _agreed(row) for row in cursor.fetchall()}


def _agreed(row: tuple[Any, ...]) -> Agreed:
    key, uid, version, level, layout_then, fields = row
    return Agreed(key, uid, version, level, layout_then, _decode(fields))


@dataclass(slots=True)
class Seen:
    """Objects of one level that have a unit, side by side: a number each, so that a million cost little."""

    keys: array[int] = field(default_factory=lambda: array("q"))
    versions: array[int] = field(default_factory=lambda: array("i"))
    uids: list[str] = field(default_factory=list)


def watch(ours: Iterable[OurObject], theirs: Theirs, seen: dict[str, Seen]) -> Iterator[OurObject]:
    """Pass objects on, and note by type those that have a unit."""
    for one in ours:
        unit = theirs.units.get(one.external_id) if one.external_id is not None else None
        if unit is not None:
            of_type = seen.get(one.type) or seen.setdefault(one.type, Seen())
            of_type.keys.append(one.key)
            of_type.versions.append(one.version)
            of_type.uids.append(unit.uid)
        yield one


def count_unchanged(seen: dict[str, Seen], agreeing: Iterable[int], changes: Iterable[Change]) -> dict[str, int]:
    """Count by type the objects that have a unit and need nothing, not even a group."""
    unchanged = set(agreeing).difference(change.key for change in changes)
    return {name: sum(1 for key in of_type.keys if key in unchanged) for name, of_type in seen.items()}


def keep_unchanged(
    config: SyncConfig, mapping: SyncMapping, theirs: Theirs, seen: dict[str, Seen], agreeing: Iterable[int]
) -> None:
    """Keep the units of objects that need nothing, where what was kept is of another version of object or mapping."""
    among = set(agreeing)
    for level, rules in enumerate(mapping.levels, start=1):
        of_type = seen.pop(rules.type, None)
        if of_type is None:
            continue
        outdated = _outdated(config, of_type, level, layout(mapping, level)) & among
        rows = (
            agreed(theirs.units[uid], mapping, level, key=key, version=version)
            for key, version, uid in zip(of_type.keys, of_type.versions, of_type.uids, strict=True)
            if key in outdated
        )
        while chunk := list(islice(rows, _CHUNK)):
            keep(config.code, chunk)


def _outdated(config: SyncConfig, seen: Seen, level: int, layout_now: int) -> set[int]:
    """Give the keys of objects about which nothing was kept, or in another version; those that drifted among them."""
    versions = dict(zip(seen.keys, seen.versions, strict=True))
    with connection.chunked_cursor() as cursor:
        cursor.execute(_UP_TO_DATE, [config.pk, level, layout_now])
        while rows := cursor.fetchmany(_CHUNK):
            for key, version in rows:
                if versions.get(key) == version:
                    del versions[key]
    return set(versions)


def drift_notes(
    config: SyncConfig, changes: Sequence[Change], theirs: Theirs, rules: dict[str, LevelRules], shape: RemoteShape
) -> list[Note]:
    """Note the changes of a plan that would overwrite what somebody changed in DHIS2 since the last run."""
    notes = []
    for start in range(0, len(changes), _CHUNK):
        piece = [change for change in changes[start : start + _CHUNK] if change.fields]
        then = _of_objects(config.pk, [change.key for change in piece])
        for change in piece:
            unit = theirs.units.get(change.uid)
            if unit is None or change.key not in then or then[change.key].uid != change.uid:
                continue
            found = drifted(then[change.key], unit, rules[change.object.type], shape)
            ours = [field_words(key, found[key], NO_NAMES) for key in found if key in change.fields]
            if ours:
                changed_fields = "; ".join(f"{one.label}: {one.words}" for one in ours)
                notes.append(
                    Note(
                        "changed-there-since",
                        change.object,
                        f"Somebody changed the unit in DHIS2 since the last run ({changed_fields}); this plan "
                        "changes it back or anew.",
                    )
                )
    return notes
