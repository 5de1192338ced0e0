"""What external systems call our objects (R0.5): reserved, confirmed and released by synchronisation.

A reserved id is written down before its unit is sent, so that a crash can't make a second unit (R9.4). Reserving and
confirming don't count as a change of the object: a plan would otherwise find its own objects changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from cgr.accounts.policy import Permission
from cgr.audit import actions as audit
from cgr.core.errors import BadInput
from cgr.registry.locking import lock_registry
from cgr.registry.models import ExternalId
from cgr.systems import queries as systems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor
    from cgr.systems.models import ExternalSystem

_RESERVE = """
insert into registry_externalid (system_id, object_id, type_id, value, state)
select %s, wanted.object_id, o.type_id, wanted.value, 'reserved'
from unnest(%s::bigint[], %s::text[]) as wanted (object_id, value) join registry_geoobject o on o.id = wanted.object_id
where not exists (
    select from registry_externalid x where x.system_id = %s and x.object_id = o.id and x.value = wanted.value
) on conflict do nothing"""

_NOT_RESERVED = """
select t.code, o.code, wanted.value
from unnest(%s::bigint[], %s::text[]) as wanted (object_id, value)
left join registry_geoobject o on o.id = wanted.object_id left join registry_geoobjecttype t on t.id = o.type_id
where not exists (
    select from registry_externalid x
    where x.system_id = %s and x.object_id = wanted.object_id and x.value = wanted.value
) limit 1"""


@transaction.atomic
def reserve_external_ids(actor: Actor, system: str, ids: Sequence[tuple[int, str]]) -> None:
    """Set ids aside, given as (object's key, id), all or none; the same id again is fine.

    Raises BadInput when an object is gone or has another id by now, or another object of its type has this one.
    """
    row = systems.system(actor, system, permission=Permission.MANAGE_RUNS)
    lock_registry()
    keys, values = [key for key, _ in ids], [value for _, value in ids]
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, [row.pk, keys, values, row.pk])
        count = cursor.rowcount
        cursor.execute(_NOT_RESERVED, [keys, values, row.pk])
        if refused := cursor.fetchone():
            type_code, code, value = refused
            raise BadInput(
                f'The id "{value}" can\'t be set aside for {type_code or "an object"} "{code or "that is gone"}" in '
                f'"{system}": the object has another id there, or another object has this one.',
                code="external-id-taken",
                next_step="Make a new plan.",
            )
    _record(actor, "reserve", row, count)


@transaction.atomic
def confirm_external_ids(actor: Actor, system: str, keys: Sequence[int]) -> int:
    """Mark the objects' reserved ids as those of units that exist; give how many there were."""
    row = systems.system(actor, system, permission=Permission.MANAGE_RUNS)
    count = _reserved(row, keys).update(state=ExternalId.State.CONFIRMED)
    _record(actor, "confirm", row, count)
    return count


@transaction.atomic
def release_external_ids(actor: Actor, system: str, keys: Sequence[int]) -> int:
    """Forget the objects' reserved ids: their units were not made. Confirmed ids stay. Give how many there were."""
    row = systems.system(actor, system, permission=Permission.MANAGE_RUNS)
    count, _ = _reserved(row, keys).delete()
    _record(actor, "release", row, count)
    return count


def _reserved(system: ExternalSystem, keys: Sequence[int]) -> QuerySet[ExternalId]:
    return ExternalId.objects.filter(system_id=system.pk, object__in=list(keys), state=ExternalId.State.RESERVED)


def _record(actor: Actor, action: str, system: ExternalSystem, count: int) -> None:
    if count:
        organization = system.organization.code
        after = {"count": count}
        audit.record(actor, action, kind="external-ids", subject=system.code, organization=organization, after=after)
