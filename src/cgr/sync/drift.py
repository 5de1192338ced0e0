"""Drift: look at DHIS2 for what isn't as last agreed, tell by whom, and remember it for pages (R9.5)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from django.db import connection, transaction
from django.db.models import Count
from django.db.models.fields.json import KT
from django.db.models.functions import Collate
from django.utils import timezone
from msgspec import Struct

from cgr.accounts.policy import Permission, require
from cgr.core.drift import drifted
from cgr.core.mapping_rules import check_mapping, usable
from cgr.core.plan_json import change_fields_json
from cgr.core.plan_words import Names, name_fields
from cgr.core.planner.rules import level_rules
from cgr.core.progress import Progress, Silent
from cgr.registry.queries import confirmed_ids, names_of, type_shapes
from cgr.sync import agreement
from cgr.sync.configs import config as find_config
from cgr.sync.configs import mapping_of
from cgr.sync.gather import fields_to_read
from cgr.sync.models import Agreement
from cgr.sync.planning import stop_at_errors
from cgr.systems.connection import open_client
from cgr.systems.reading import read_units
from cgr.systems.shapes import read_and_keep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.core.changes import FieldChange
    from cgr.core.drift import Agreed
    from cgr.core.records import RemoteShape, TheirUnit
    from cgr.dhis2.wire import LastChange
    from cgr.sync.models import SyncConfig

_CHUNK = 2_000


class Drift(Struct, frozen=True):
    """One unit that isn't as agreed. `kind`: `changed` or `deleted`.

    `fields`: as in a plan, `from` what was agreed, `to` what DHIS2 holds now. `last_updated`: in the server's own time.
    """

    kind: str
    object: dict[str, str]
    uid: str
    level: int
    fields: dict[str, Any]
    last_updated: str | None = None
    last_updated_by: str | None = None


class DriftFound(Struct, frozen=True):
    """The JSON of `cgr sync drift`. `agreed`: units that something was agreed about.

    `looked`: when DHIS2 was last looked at, ISO 8601 in UTC, null for never. What runs have settled since isn't told.
    """

    config: str
    system: str
    looked: str | None
    agreed: int
    counts: dict[str, int]
    drift: list[Drift]


def look(actor: Actor, code: str, *, progress: Progress | None = None) -> DriftFound:
    """Read DHIS2 and say what isn't as agreed there; nothing is changed on either side."""
    config = _config(actor, code)
    watcher = progress or Silent()
    types, given = type_shapes(config.hierarchy.code), mapping_of(config)
    with open_client(config.system) as client:
        watcher.measure(client)
        shape = read_and_keep(client, config.system).shape
        stop_at_errors(check_mapping(given, types, shape))
        mapping, _ = usable(given, types, shape)
        units = read_units(client, fields_to_read(mapping, shape), progress=watcher)
        watcher.step("compare")
        rules = {one.number: one for one in level_rules(mapping, types, shape).values()}
        changed: list[tuple[Agreed, dict[str, FieldChange]]] = []
        gone: list[Agreed] = []
        for then in agreement.read(config.pk):
            unit = units.get(then.uid)
            if unit is None:
                gone.append(then)
            elif then.level in rules and (fields := drifted(then, unit, rules[then.level], shape)):
                changed.append((then, fields))
        known = client.last_changes([then.uid for then, _ in changed])
    return _remember(config, _told(config, changed, gone, known, shape, units))


def known(actor: Actor, code: str, *, start: int = 0, limit: int | None = None) -> DriftFound:
    """Give what the last look found and no run or plan has settled since; DHIS2 isn't asked.

    With a `limit`, `drift` is only so much of it from `start` on; the counts are those of all.
    """
    config = _config(actor, code)
    stored = Agreement.objects.filter(config=config, drift__isnull=False)
    by_kind = stored.order_by().values_list("drift__kind").annotate(Count("pk"))
    lines = stored.order_by("level", *map(_by_code_point, ("type", "code")))
    part = lines.values_list("drift", flat=True)[start : None if limit is None else start + limit]
    return _found(config, dict(by_kind), [msgspec.convert(one, Drift) for one in part])


def _by_code_point(name: str) -> Collate:
    return Collate(KT(f"drift__object__{name}"), "C")


def _config(actor: Actor, code: str) -> SyncConfig:
    config = find_config(actor, code)
    require(actor, Permission.MANAGE_RUNS, organization=config.organization.code)
    return config


def _found(config: SyncConfig, counts: Mapping[str, int], drift: list[Drift]) -> DriftFound:
    return DriftFound(
        config=config.code,
        system=config.system.code,
        looked=config.drift_looked.isoformat() if config.drift_looked else None,
        agreed=Agreement.objects.filter(config=config).count(),
        counts={kind: counts.get(kind, 0) for kind in ("changed", "deleted")},
        drift=drift,
    )


def _told(
    config: SyncConfig,
    changed: Sequence[tuple[Agreed, dict[str, FieldChange]]],
    gone: Sequence[Agreed],
    last: dict[str, LastChange],
    shape: RemoteShape,
    units: dict[str, TheirUnit],
) -> dict[int, Drift]:
    """Give what is found in words, by object; an object that has another external id by now is another matter."""
    then_of = {then.key: then for then in [*(then for then, _ in changed), *gone]}
    names: dict[int, tuple[str, str]] = {}
    ids: dict[int, str] = {}
    keys = list(then_of)
    for start in range(0, len(keys), _CHUNK):
        piece = keys[start : start + _CHUNK]
        names |= names_of(piece)
        ids |= confirmed_ids(config.system.code, piece)
    fields_of = {then.key: fields for then, fields in changed}
    told = {}
    for key, then in then_of.items():
        if ids.get(key) != then.uid or key not in names:
            continue
        type_code, code = names[key]
        fields = fields_of.get(key, {})
        called = Names({}, {}, {}, {})
        name_fields(fields, shape, lambda uid: units[uid].name if uid in units else None, called)
        when = last.get(then.uid)
        by = when.last_updated_by if when is not None else None
        told[key] = Drift(
            kind="changed" if fields else "deleted",
            object={"type": type_code, "code": code},
            uid=then.uid,
            level=then.level,
            fields=change_fields_json(fields, called),
            last_updated=when.last_updated if when is not None else None,
            last_updated_by=(by.username or by.name or by.id) if by is not None else None,
        )
    return told


def _remember(config: SyncConfig, told: dict[int, Drift]) -> DriftFound:
    keys = list(told)
    config.drift_looked = timezone.now()
    with transaction.atomic():
        config.save(update_fields=["drift_looked"])
        Agreement.objects.filter(config=config, drift__isnull=False).exclude(object_key__in=keys).update(drift=None)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sync_agreement a SET drift = now.drift"
                " FROM unnest(%s::bigint[], %s::jsonb[]) AS now (object_key, drift)"
                " WHERE a.config_id = %s AND a.object_key = now.object_key",
                [keys, [msgspec.json.encode(told[key]).decode() for key in keys], config.pk],
            )
    lines = sorted(told.values(), key=lambda one: (one.level, one.object["type"], one.object["code"]))
    return _found(config, Counter(one.kind for one in lines), lines)
