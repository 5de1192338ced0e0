"""Rows → the records that planning reads: Geo-Objects as they are at a date, by the rules of "latest" (R0.4).

One statement gives all levels, so that a parent and its children are seen at the same moment. It picks parents and
geometry itself; what is kept as JSON is picked here, where one open period is the case that has to be quick.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import connection
from msgspec import Struct, field

from cgr.accounts.policy import unknown
from cgr.core.periods import in_force, latest
from cgr.core.records import Existence, OurObject
from cgr.registry.catalogue import standings
from cgr.registry.models import GeoObjectType, Hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from cgr.core.records import Localized

_FETCHED_AT_A_TIME: Final = 2000

_STATEMENT: Final = """
select o.id, o.uid::text, o.type_id, o.code, o.version, o.invalid,
    o."exists"::text, o.label::text, o."values"::text, g.wkb, e.parents, x.value, x.state
from registry_geoobject o
left join (
    select child_id, hierarchy_id, array_agg(distinct parent_id order by parent_id) as parents from registry_parentedge
    where hierarchy_id = any(%(hierarchies)s)
    and (starts is null or starts <= %(as_of)s) and (ends is null or ends > %(as_of)s)
    group by child_id, hierarchy_id
) e on e.child_id = o.id
    and e.hierarchy_id = (%(hierarchies)s::bigint[])[array_position(%(types)s::bigint[], o.type_id)]
left join (
    select distinct on (object_id) object_id, wkb from registry_geometryversion
    where starts is null or starts <= %(as_of)s order by object_id, starts desc nulls last
) g on g.object_id = o.id
left join registry_externalid x on x.object_id = o.id and x.system_id = (
    select id from systems_externalsystem where code = %(system)s
)
"""
# A geometry's periods don't overlap, so the one that began last is in force or ended last.
_BY_LEVEL: Final = (
    _STATEMENT + "where o.type_id = any(%(types)s)"
    ' order by array_position(%(types)s::bigint[], o.type_id), o.code collate "C"'
)
_BY_KEY: Final = _STATEMENT + 'where o.id = any(%(keys)s) order by o.type_id, o.code collate "C"'


class _Span(Struct, gc=False):
    starts: str | None = field(name="from")
    ends: str | None = field(name="to")


class _Held(_Span, gc=False):
    value: Any


_EXISTS: Final = msgspec.json.Decoder(list[_Span])
_LABEL: Final = msgspec.json.Decoder(list[_Held])
_VALUES: Final = msgspec.json.Decoder(dict[str, list[_Held]])


def stream_objects(
    *, hierarchy: str | None, types_in_order: Sequence[str], system: str, as_of: date
) -> Iterator[OurObject]:
    """Stream the objects of these types (codes, from the top level down), by level and code, as of a day.

    `system`: whose external ids to give, by code. `hierarchy` None: without parents.
    Memory doesn't grow with the number of objects.
    """
    types = _type_codes(types_in_order)
    parameters = {**_parents_of(types, hierarchy), "system": system, "as_of": as_of}
    connection.ensure_connection()
    with connection.chunked_cursor() as cursor:
        cursor.execute(_BY_LEVEL, parameters)
        rows = chain.from_iterable(iter(lambda: cursor.fetchmany(_FETCHED_AT_A_TIME), []))
        yield from _records(rows, types, as_of.isoformat())


def objects_by_key(keys: Sequence[int], *, hierarchy: str, system: str, as_of: date) -> dict[int, OurObject]:
    """Give the same records for a few objects; those that are gone are missing."""
    types = dict(GeoObjectType.objects.values_list("pk", "code"))
    parameters = {**_parents_of(types, hierarchy), "system": system, "as_of": as_of, "keys": list(keys)}
    with connection.cursor() as cursor:
        cursor.execute(_BY_KEY, parameters)
        return {record.key: record for record in _records(cursor.fetchall(), types, as_of.isoformat())}


def versions(keys: Sequence[int]) -> dict[int, int]:
    """Give key → version; objects that are gone are missing."""
    with connection.cursor() as cursor:
        cursor.execute("select id, version from registry_geoobject where id = any(%s)", [list(keys)])
        return dict(cursor.fetchall())


def _parents_of(types: Mapping[int, str], hierarchy: str | None) -> dict[str, Any]:
    """Give the types' ids and, in the same order, those of the hierarchies that keep their objects' parents (R4.2)."""
    if hierarchy is None:
        return {"types": list(types), "hierarchies": [0 for _ in types]}
    row = Hierarchy.objects.filter(code=hierarchy).first()
    if row is None:
        raise unknown("hierarchy", hierarchy)
    places = standings(row)
    ids = dict(
        Hierarchy.objects.filter(code__in={place.hierarchy for place in places.values()}).values_list("code", "pk")
    )
    keepers = [ids[places[code].hierarchy] if code in places else row.pk for code in types.values()]
    return {"types": list(types), "hierarchies": keepers}


def _type_codes(codes: Sequence[str]) -> dict[int, str]:
    """Give id → code in the order asked for."""
    ids = dict(GeoObjectType.objects.filter(code__in=codes).values_list("code", "pk"))
    for code in codes:
        if code not in ids:
            raise unknown("type", code)
    return {ids[code]: code for code in codes}


def _records(rows: Iterable[tuple[Any, ...]], types: dict[int, str], as_of: str) -> Iterator[OurObject]:
    for key, uid, type_id, code, version, invalid, exists, label, values, wkb, parents, external_id, state in rows:
        existence, starts, ends = _existence(_EXISTS.decode(exists), as_of)
        yield OurObject(
            key=key,
            uid=uid,
            type=types[type_id],
            code=code,
            version=version,
            invalid=invalid,
            existence=existence,
            starts=starts,
            ends=ends,
            label=_label(_LABEL.decode(label), as_of),
            values=_values(values, as_of),
            geometry=None if wkb is None else bytes(wkb),
            parents=tuple(parents) if parents else (),
            external_id=external_id,
            reserved=state == "reserved",
        )


def _existence(periods: list[_Span], as_of: str) -> tuple[Existence, str | None, str | None]:
    if len(periods) == 1:
        only = periods[0]
        if (only.starts is None or only.starts <= as_of) and (only.ends is None or as_of < only.ends):
            return Existence.EXISTS, only.starts, only.ends
    spans = [{"from": period.starts, "to": period.ends} for period in periods]
    if now := in_force(spans, as_of):
        return Existence.EXISTS, now["from"], now["to"]
    if past := latest(spans, as_of):
        return Existence.ENDED, past["from"], past["to"]
    return Existence.NOT_YET, None, None


def _label(periods: list[_Held], as_of: str) -> Localized | None:
    label: Localized | None = _latest(periods, as_of)
    return label


def _values(stored: str, as_of: str) -> dict[str, Any]:
    if stored == "{}":
        return {}
    latest_values = ((code, _latest(periods, as_of)) for code, periods in _VALUES.decode(stored).items())
    return {code: value for code, value in latest_values if value is not None}


def _latest(periods: list[_Held], as_of: str) -> Any:  # noqa: ANN401 - JSON of the attribute's kind
    if len(periods) == 1:
        # Begun is enough: a period that has ended is the most recent past one.
        only = periods[0]
        return only.value if only.starts is None or only.starts <= as_of else None
    held = latest([{"from": one.starts, "to": one.ends, "value": one.value} for one in periods], as_of)
    return None if held is None else held["value"]
