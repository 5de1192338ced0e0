"""Find Geo-Objects by the beginnings of their code, of an external id, or of the words of a label in any language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import connection

from cgr.core.search_words import search_words
from cgr.registry.queries.objects import escaped
from cgr.registry.queries.tree import IN_FORCE, label_at, visible_types
from cgr.systems.queries import systems

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized

SHOWN: Final = 50
_LONGEST: Final = 100
_BY_CODE: Final = (
    "select id from registry_geoobject where type_id = any(%(types)s) and (code like %(typed)s or code like %(upper)s"
    " or code like %(lower)s) limit %(limit)s"
)
_BY_ID: Final = (
    "select object_id from registry_externalid where value like %(typed)s and system_id = any(%(systems)s)"
    " and type_id = any(%(types)s) limit %(limit)s"
)
# Materialized: else the limit would make reading the whole table look cheap.
_BY_WORDS: Final = (
    "with found as materialized (select id, type_id from registry_geoobject"
    " where registry_words(label) @@ to_tsquery('simple', %(words)s))"
    " select id from found where type_id = any(%(types)s) limit %(limit)s"
)
_FOUND: Final = (
    "select o.id, o.uid::text, o.type_id, o.code, o.label::text, p.label::text from registry_geoobject o"  # noqa: S608
    " left join lateral (select p.label from registry_parentedge e join registry_geoobject p on p.id = e.parent_id"
    f" where e.child_id = o.id and p.type_id = any(%(types)s) and {IN_FORCE} order by e.id limit 1) p on true"
    " where o.id = any(%(keys)s)"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One object that was found, with the latest label at the day and that of what it is in."""

    uid: str
    type: str
    code: str
    label: Localized | None
    inside: Localized | None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, the best first; `more`: there is more than is shown."""

    hits: list[Hit]
    more: bool = False


def find_objects(actor: Actor, text: str, *, on: date, of_types: Collection[str] | None = None) -> Found:
    """Find among the objects that the actor may read; of some types (by code) if given."""
    typed = text.replace("\x00", "").strip()[:_LONGEST]
    if not typed:
        return Found([])
    types = {one.key: code for code, one in visible_types(actor).items() if of_types is None or code in of_types}
    parameters: dict[str, Any] = {
        "types": list(types),
        "systems": [row.pk for row in systems(actor)],
        "typed": f"{escaped(typed)}%",
        "upper": f"{escaped(typed.upper())}%",
        "lower": f"{escaped(typed.lower())}%",
        "words": " & ".join(f"{word}:*" for word in search_words(typed)),
        "limit": SHOWN + 1,
        "on": on.isoformat(),
    }
    with connection.cursor() as cursor:
        keys: dict[int, int] = {}
        for place, statement in enumerate((_BY_CODE, _BY_ID, _BY_WORDS)):
            if statement is not _BY_WORDS or parameters["words"]:
                cursor.execute(statement, parameters)
                for (key,) in cursor.fetchall():
                    keys.setdefault(key, place)
        cursor.execute(_FOUND, {**parameters, "keys": list(keys)})
        rows = cursor.fetchall()
    hits = sorted(
        (
            (keys[key], code.lower() != typed.lower(), label, Hit(uid, types[type_id], code, label, inside))
            for key, uid, type_id, code, label, inside in (_labelled(row, on) for row in rows)
        ),
        key=lambda one: (one[1], one[0], (one[2] or {}).get("default", "").lower(), one[3].code),
    )
    return Found([hit for *_, hit in hits[:SHOWN]], more=len(hits) > SHOWN)


def _labelled(row: tuple[Any, ...], on: date) -> tuple[int, str, int, str, Localized | None, Localized | None]:
    key, uid, type_id, code, label, inside = row
    return key, uid, type_id, code, label_at(label, on.isoformat()), inside and label_at(inside, on.isoformat())
