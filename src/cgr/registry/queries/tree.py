"""The tree of a hierarchy at a day, a page of a node's children at a time, so that it works with a million objects.

Children are in order of their labels; what is at the top is in order of its codes, because there an index has to do the
ordering: a hierarchy of one type has all its objects at the top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
from django.db import connection

from cgr.accounts.policy import Permission, organizations_where, unknown
from cgr.core.numbers import whole_number
from cgr.core.periods import latest
from cgr.registry.catalogue import standings
from cgr.registry.models import GeoObjectType, Hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.inheritance import Standings
    from cgr.core.records import Localized

PAGE: Final = 100
_MOST_LEVELS: Final = 100
IN_FORCE: Final = "(e.starts is null or e.starts <= %(on)s) and (e.ends is null or e.ends > %(on)s)"
EXISTS: Final = (
    """jsonb_path_exists(o."exists", '$[*] ? ((@."from" == null || @."from" <= $on) && """
    """(@."to" == null || @."to" > $on))', jsonb_build_object('on', %(on)s::text))"""
)
_COLUMNS: Final = "o.id, o.uid::text, o.type_id, o.code, o.invalid, o.label::text"
_HAS_CHILDREN: Final = (
    "exists (select from registry_parentedge e where e.parent_id = o.id and e.hierarchy_id = any(%(hierarchies)s)"
    f" and {IN_FORCE})"
)
_TOP: Final = (
    f"select {_COLUMNS}, o.code, {_HAS_CHILDREN} from registry_geoobject o"  # noqa: S608
    f" where o.type_id = any(%(types)s) and (o.type_id, o.code) > (%(type)s, %(name)s) and {EXISTS}"
    " order by o.type_id, o.code limit %(limit)s"
)
_BELOW: Final = (
    f"select {_COLUMNS}, o.name, {_HAS_CHILDREN} from ("  # noqa: S608
    """select o.*, lower(coalesce(o.label->-1->'value'->>'default', o.code)) as name from registry_geoobject o"""
    " where o.type_id = any(%(types)s) and o.id in (select e.child_id from registry_parentedge e"
    f" where e.parent_id = %(parent)s and e.hierarchy_id = any(%(hierarchies)s) and {IN_FORCE})"
    f" and {EXISTS}) o where (o.name, o.id) > (%(name)s, %(key)s) order by o.name, o.id limit %(limit)s"
)
_ABOVE: Final = (
    "with recursive up (id, depth) as (select %(key)s::bigint, 0 union all"  # noqa: S608
    " select p.parent_id, depth + 1 from up cross join lateral ("
    " select e.parent_id from registry_parentedge e"
    f" where e.child_id = up.id and e.hierarchy_id = any(%(hierarchies)s) and {IN_FORCE} order by e.parent_id limit 1"
    " ) p where depth < %(levels)s)"
    f" select {_COLUMNS}, o.code, true from up join registry_geoobject o on o.id = up.id"
    " where o.type_id = any(%(types)s) order by depth desc"
)
_LABEL: Final = msgspec.json.Decoder(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class VisibleType:
    """A type whose objects somebody may read. `key` is that of its row; `revision` grows with each write of objects."""

    key: int
    code: str
    label: Localized
    geometry: str
    organization: str
    revision: int


@dataclass(frozen=True, slots=True)
class Node:
    """One object in the tree. `name` orders it among its siblings; `label` is the latest at the day, if it has one."""

    key: int
    uid: str
    type: str
    code: str
    invalid: bool
    label: Localized | None
    name: str
    has_children: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some siblings; `after` is where the next page begins, empty when there is none."""

    nodes: list[Node]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """One hierarchy as somebody sees it: its types by code, from the top, and where they stand."""

    code: str
    label: Localized
    types: Mapping[str, VisibleType]
    standings: Standings
    hierarchies: list[int]
    """Keys of the hierarchies that keep the parents: this one, and those that it continues."""

    @property
    def tops(self) -> list[str]:
        """The types that stand at the top, by code."""
        return [code for code in self.types if self.standings[code].parent is None]

    def below(self, type_code: str) -> list[str]:
        """Give the types that stand directly below one."""
        return [code for code in self.types if self.standings[code].parent == type_code]

    def above(self, type_code: str) -> list[str]:
        """Give the types above one, from the top down."""
        found: list[str] = []
        step = self.standings[type_code].parent if type_code in self.standings else None
        while step is not None and step in self.standings:
            found.insert(0, step)
            step = self.standings[step].parent
        return found


def visible_types(actor: Actor) -> dict[str, VisibleType]:
    """Give the types whose objects the actor may read, by code."""
    visible = organizations_where(actor, Permission.READ_OBJECTS)
    rows = GeoObjectType.objects.order_by("code").values_list(
        "pk", "code", "label", "geometry_type", "organization__code", "revision"
    )
    if visible is not None:
        rows = rows.filter(organization__code__in=visible)
    return {row[1]: VisibleType(*row) for row in rows}


def tree(hierarchy: str, hierarchies: Iterable[Hierarchy], types: Mapping[str, VisibleType]) -> Tree:
    """Give a hierarchy as somebody sees it whose visible hierarchies and types are given; NotAllowed for another."""
    row = next((one for one in hierarchies if one.code == hierarchy), None)
    if row is None:
        raise unknown("hierarchy", hierarchy)
    places = standings(row)
    others = {place.hierarchy for place in places.values()} - {row.code}
    keepers = Hierarchy.objects.filter(code__in=others).values_list("pk", flat=True) if others else ()
    in_order: dict[str, VisibleType] = {}

    def add(parent: str | None) -> None:
        for code, place in places.items():
            if place.parent == parent:
                if code in types:
                    in_order[code] = types[code]
                add(code)

    add(None)
    return Tree(row.code, row.label, in_order, places, [row.pk, *keepers])


def top(of: Tree, *, on: date, after: str = "") -> Page:
    """Give what exists at the top at a day, by code; the tree says who may see it."""
    kind, _, name = after.partition(" ")
    parameters = {
        "types": [of.types[code].key for code in of.tops],
        "type": whole_number(kind) or 0,
        "name": name,
    }
    nodes = _nodes(of, _TOP, {**parameters, "limit": PAGE + 1}, on)
    following = nodes[PAGE - 1] if len(nodes) > PAGE else None
    return Page(nodes[:PAGE], f"{of.types[following.type].key} {following.code}" if following else "")


def below(of: Tree, parent: int, type_code: str, *, on: date, after: str = "") -> Page:
    """Give an object's children that exist at a day, by label; the tree says who may see them."""
    key, _, name = after.partition(" ")
    parameters = {
        "types": [of.types[code].key for code in of.below(type_code)],
        "parent": parent,
        "key": whole_number(key) or 0,
        "name": name,
        "limit": PAGE + 1,
    }
    nodes = _nodes(of, _BELOW, parameters, on)
    following = nodes[PAGE - 1] if len(nodes) > PAGE else None
    return Page(nodes[:PAGE], f"{following.key} {following.name}" if following else "")


def path(of: Tree, key: int, *, on: date) -> list[Node]:
    """Give an object and what it is in at a day, from the top; of several parents the first."""
    types = [one.key for one in of.types.values()]
    return _nodes(of, _ABOVE, {"key": key, "types": types, "levels": _MOST_LEVELS}, on)


def _nodes(of: Tree, statement: str, parameters: dict[str, Any], on: date) -> list[Node]:
    codes = {one.key: code for code, one in of.types.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "hierarchies": of.hierarchies, "on": on.isoformat()})
        return list(_read(cursor.fetchall(), codes, on.isoformat()))


def _read(rows: Iterable[tuple[Any, ...]], codes: Mapping[int, str], on: str) -> Iterable[Node]:
    for key, uid, type_id, code, invalid, label, name, has_children in rows:
        yield Node(key, uid, codes[type_id], code, invalid, label_at(label, on), name, has_children)


def label_at(stored: str, on: str) -> Localized | None:
    """Give the latest label at a day (ISO) of those stored, given as JSON."""
    held = latest(_LABEL.decode(stored), on)
    label: Localized | None = None if held is None else held["value"]
    return label
