"""Read Geo-Objects as the file of `contract.md` writes them, and find them by code."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db.models import F, Q

from cgr.accounts.policy import Permission, unknown
from cgr.core.objects_file import describe, line_of, write_line
from cgr.core.periods import latest
from cgr.registry.bulk.existing import Stored, stored_by_key
from cgr.registry.catalogue import Catalogue, catalogue
from cgr.registry.models import GeometryVersion, GeoObject, ParentEdge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date, datetime

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor
    from cgr.core.draft_rules import Definitions
    from cgr.core.drafts import Period
    from cgr.core.object_states import ObjectState
    from cgr.core.records import Localized

_CHUNK: Final = 1000


def keys_by_code(type: str, codes: list[str]) -> dict[str, int]:  # noqa: A002 - the domain's word
    """Give code → key for those of these codes that objects of the type have; the caller has checked who asks."""
    return dict(GeoObject.objects.filter(type__code=type, code__in=codes).values_list("code", "pk"))


def names_of(keys: list[int]) -> dict[int, tuple[str, str]]:
    """Give key → (type, code) for those of these objects that there are; the caller has checked who asks."""
    rows = GeoObject.objects.filter(pk__in=keys).values_list("pk", "type__code", "code")
    return {key: (type_code, code) for key, type_code, code in rows}


def labels(keys: Collection[int], on: str) -> dict[int, Localized]:
    """Give key → the latest label at a day (ISO) for those objects that have one; the caller has checked who asks."""
    found = GeoObject.objects.filter(pk__in=keys).values_list("pk", "label")
    held = ((key, latest(periods, on)) for key, periods in found)
    return {key: period["value"] for key, period in held if period is not None}


def labelled(key: str, path: str) -> str:
    """Give an SQL condition: the object whose key is in the column `key` ever had a label found by `path`.

    For queries of other rooms over their own tables; `path` is the placeholder of what `label_path` gives.
    """
    return (
        f"EXISTS (SELECT FROM registry_geoobject AS o WHERE o.id = {key}"
        f" AND jsonb_path_exists(o.label, {path}::jsonpath))"
    )


def label_path(text: str) -> str:
    """Give the path into the labels of an object by which `text` is found in any language, whatever the case."""
    return f'$[*].value.* ? (@ like_regex {msgspec.json.encode(text).decode()} flag "iq")'


def escaped(text: str) -> str:
    """Give a text in which LIKE takes every character for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def geometries(keys: Collection[int], on: str) -> dict[int, bytes]:
    """Give key → WKB of the latest geometry at a day (ISO) for those that have one. The caller has checked who asks."""
    found = GeometryVersion.objects.filter(object__in=list(keys)).filter(Q(starts=None) | Q(starts__lte=on))
    rows = found.order_by("object_id", F("starts").asc(nulls_first=True)).values_list("object_id", "wkb")
    return {key: bytes(wkb) for key, wkb in rows}


def parents_of(keys: Collection[int], *, hierarchy: str, on: str) -> dict[int, int]:
    """Give key → key of a parent in force at a day (ISO) in a hierarchy; the caller has checked who asks."""
    edges = ParentEdge.objects.filter(_in_force(on), child__in=list(keys), hierarchy__code=hierarchy)
    return dict(edges.values_list("child_id", "parent_id"))


def several_lives(type: str) -> dict[int, list[Period]]:  # noqa: A002 - the domain's word
    """Give key → periods of existence for the objects of a type that have several; the caller has checked who asks."""
    found = GeoObject.objects.filter(type__code=type, exists__1__isnull=False)
    return dict(found.values_list("pk", "exists"))


def export_objects(actor: Actor, *, type: str | None = None, as_of: date | None = None) -> Iterator[bytes]:  # noqa: A002 - the domain's word
    """Stream Geo-Objects as lines of the file, by type and code: all that the actor may read, or those of one type.

    With `as_of` values are bare, the latest at that day (R0.4); objects that don't exist yet then are left out.
    """
    _, found = objects_by_type(actor, type=type, as_of=as_of)
    return map(line_of, chain.from_iterable(objects for _, objects in found))


def objects_by_type(
    actor: Actor,
    *,
    type: str | None = None,  # noqa: A002 - the domain's word
    as_of: date | None = None,
) -> tuple[Definitions, Iterator[tuple[str, Iterator[dict[str, Any]]]]]:
    """Give what the actor may know, and what the lines of `export_objects` hold by type, each with its code."""
    known = catalogue(actor, permission=Permission.READ_OBJECTS)
    readable = known.definitions.types
    if type is not None and type not in readable:
        raise unknown("type", type, known=readable)
    on = None if as_of is None else as_of.isoformat()
    wanted = sorted(readable) if type is None else [type]
    return known.definitions, ((code, _described(known, code, on)) for code in wanted)


def page_of_objects(
    actor: Actor,
    *,
    most: int,
    after: tuple[str, str] | None = None,
    type: str | None = None,  # noqa: A002 - the domain's word
    code: str | None = None,
    changed_since: datetime | None = None,
    below: Below | None = None,
    as_of: date | None = None,
) -> tuple[list[bytes], tuple[str, str] | None]:
    """Give at most so many Geo-Objects as lines of the file, by type and code, and where the next page begins.

    `after`: type and code of the last one before the page. `below`: only the children of an object. With `as_of` as
    `export_objects`; a page may then be shorter than `most` though it isn't the last. NotAllowed for an unknown type.
    """
    known = catalogue(actor, permission=Permission.READ_OBJECTS)
    readable = sorted(known.definitions.types)
    if type is not None and type not in readable:
        raise unknown("type", type)
    rows = GeoObject.objects.all()
    if code is not None:
        rows = rows.filter(code=code)
    if changed_since is not None:
        rows = rows.filter(updated__gte=changed_since)
    if below is not None:
        rows = rows.filter(pk__in=_children(known, below))
    found: list[tuple[str, str, int]] = []
    for one in readable if type is None else [type]:
        if after is not None and one < after[0]:
            continue
        of_type = rows.filter(type=known.types[one]).order_by("code")
        if after is not None and one == after[0]:
            of_type = of_type.filter(code__gt=after[1])
        # One more than asked for tells whether there is a next page.
        pairs = of_type.values_list("code", "pk")[: most + 1 - len(found)]
        found += [(one, object_code, key) for object_code, key in pairs]
        if len(found) > most:
            break
    on = None if as_of is None else as_of.isoformat()
    page = found[:most]
    return list(_written(known, [key for _, _, key in page], on)), page[-1][:2] if len(found) > most else None


@dataclass(frozen=True, slots=True)
class Below:
    """The children of one object in a hierarchy at a day."""

    hierarchy: str
    type: str
    code: str
    on: date


def _children(known: Catalogue, below: Below) -> QuerySet[ParentEdge, int]:
    if below.hierarchy not in known.hierarchies:
        raise unknown("hierarchy", below.hierarchy)
    if below.type not in known.definitions.types:
        raise unknown("type", below.type)
    parent = GeoObject.objects.filter(type=known.types[below.type], code=below.code).first()
    if parent is None:
        raise unknown(below.type, below.code)
    hierarchy = known.hierarchies[below.hierarchy]
    edges = ParentEdge.objects.filter(_in_force(below.on), parent=parent, hierarchy=hierarchy)
    return edges.values_list("child", flat=True)


def _in_force(on: date | str) -> Q:
    """Give the condition that a parent is one at a day."""
    begun = Q(starts=None) | Q(starts__lte=on)
    return begun & (Q(ends=None) | Q(ends__gt=on))


def geo_object(actor: Actor, type: str, code: str, *, as_of: date | None = None) -> tuple[bytes, int]:  # noqa: A002 - the domain's word
    """Give one Geo-Object as a line of the file, and its version; NotAllowed when the actor may not know it.

    With `as_of` one that doesn't exist yet then isn't there.
    """
    known = catalogue(actor, permission=Permission.READ_OBJECTS)
    if type not in known.definitions.types:
        raise unknown("type", type)
    row = GeoObject.objects.filter(type=known.types[type], code=code).values_list("pk", "version").first()
    line = next(_written(known, [row[0]], None if as_of is None else as_of.isoformat()), None) if row else None
    if row is None or line is None:
        raise unknown(type, code)
    return line, row[1]


def _described(known: Catalogue, type_code: str, as_of: str | None) -> Iterator[dict[str, Any]]:
    keys = (
        GeoObject.objects.filter(type=known.types[type_code])
        .order_by("code")
        .values_list("pk", flat=True)
        .iterator(chunk_size=_CHUNK)
    )
    while chunk := list(islice(keys, _CHUNK)):
        for state in _read(known, chunk, as_of):
            yield describe(state, as_of=as_of)


def _written(known: Catalogue, keys: list[int], as_of: str | None) -> Iterator[bytes]:
    return (write_line(state, as_of=as_of) for state in _read(known, keys, as_of))


def _read(known: Catalogue, keys: list[int], as_of: str | None) -> Iterator[ObjectState]:
    stored = stored_by_key(keys)
    for key in keys:
        if key in stored and _has_begun(stored[key].state, as_of):
            yield _readable(stored[key], known)


def _has_begun(state: ObjectState, as_of: str | None) -> bool:
    return as_of is None or any(str(period["from"] or "") <= as_of for period in state.exists)


def _readable(stored: Stored, known: Catalogue) -> ObjectState:
    """Name parents by code, and leave out what the actor may not know of."""
    state = stored.state
    state.parents = {
        hierarchy: [_with_code(edge, stored.parent_codes) for edge in edges]
        for hierarchy, edges in state.parents.items()
        if hierarchy in known.hierarchies
    }
    state.external_ids = {system: value for system, value in state.external_ids.items() if system in known.systems}
    return state


def _with_code(edge: Period, codes: dict[int, str]) -> Period:
    parent = edge["value"]
    return {**edge, "value": codes[parent]} if isinstance(parent, int) else edge
