"""How many Geo-Objects have which term of an attribute: what a term left unmapped would keep from being exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, unknown
from cgr.registry.catalogue import catalogue

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor

_MOST_MS = 5_000

# The latest value at a day, as `core.periods.latest` finds it: in force, else the past one that ended last (R0.4).
_COUNT = """
SELECT held.value, count(*) FROM registry_geoobject AS object
CROSS JOIN LATERAL (
    SELECT period->>'value' AS value,
           coalesce(period->>'from', '') COLLATE "C" AS starts, coalesce(period->>'to', '~') COLLATE "C" AS ends
    FROM jsonb_array_elements(object.values->%(attribute)s) AS period
    WHERE coalesce(period->>'from', '') COLLATE "C" <= %(day)s
    ORDER BY coalesce(period->>'to', '~') COLLATE "C" > %(day)s DESC,
             CASE WHEN coalesce(period->>'to', '~') COLLATE "C" > %(day)s THEN '' ELSE period->>'to' END
                 COLLATE "C" DESC,
             starts DESC
    LIMIT 1
) AS held
WHERE object.type_id = %(type)s AND NOT object.invalid
GROUP BY held.value
"""


def terms_in_use(actor: Actor, type_code: str, attribute: str) -> dict[str, int] | None:
    """Give term → number of valid objects of the type that have it today; None when counting took too long.

    NotAllowed for a type that the actor may not read. It goes through all objects of the type: never within a page
    that somebody waits for.
    """
    known = catalogue(actor, permission=Permission.READ_OBJECTS)
    if type_code not in known.definitions.types:
        raise unknown("type", type_code)
    values: dict[str, str | int] = {
        "type": known.types[type_code],
        "attribute": attribute,
        "day": timezone.localdate().isoformat(),
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_MOST_MS)])
            cursor.execute(_COUNT, values)
            return dict(cursor.fetchall())
    except OperationalError:
        return None
