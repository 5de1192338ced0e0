"""A million objects of which few have changed: what changed is looked up, not looked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext

from cgr.registry.models import GeoObjectType
from cgr.registry.queries import page_of_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.registry.actions import Applied

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_what_changed_since_a_moment_is_found_by_an_index(registry: Actor, apply: Callable[..., Applied]) -> None:
    facility = GeoObjectType.objects.get(code="facility")
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO registry_geoobject (uid, type_id, code, label, "exists", "values", invalid, version, created,'
            " updated) SELECT gen_random_uuid(), %s, 'F' || n, '[]', '[]', '{}', false, 1, %s, %s"
            " FROM generate_series(1, 20000) AS n",
            [facility.pk, LONG_AGO, LONG_AGO],
        )
        cursor.execute("ANALYZE registry_geoobject")
    apply({"type": "facility", "code": "F9", "label": "Changed"}, {"type": "facility", "code": "G1"})

    with CaptureQueriesContext(
        connection,
    ) as asked:
        lines, following = page_of_objects(registry, most=100, type="facility", changed_since=LONG_AGO + timedelta(1))
    (query,) = (one["sql"] for one in asked if '"registry_geoobject"."updated" >=' in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert (len(lines), following) == (2, None)
    assert "object_by_change" in plan, plan
