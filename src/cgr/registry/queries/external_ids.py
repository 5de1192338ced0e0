"""Read what external systems call our objects (R0.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.registry.models import ExternalId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK = 5_000


def types_by_external_id(system: str) -> Iterator[tuple[str, str]]:
    """Stream (id, type of the object that has it) of a system; the caller has checked who asks."""
    rows = ExternalId.objects.filter(system__code=system).order_by("value", "type__code")
    yield from rows.values_list("value", "type__code").iterator(chunk_size=_CHUNK)


def confirmed_ids(system: str, keys: list[int]) -> dict[int, str]:
    """Give key → id for those of these objects that have a confirmed one."""
    rows = ExternalId.objects.filter(system__code=system, object__in=keys, state=ExternalId.State.CONFIRMED)
    return dict(rows.values_list("object_id", "value"))


def id_holders(system: str, values: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Give id → (type, code) of an object that has it, for those of these ids that one has; reserved ids count."""
    rows = ExternalId.objects.filter(system__code=system, value__in=list(values))
    found = rows.values_list("value", "type__code", "object__code")
    return {value: (type_code, code) for value, type_code, code in found}


def holders_of_id(system: str, value: str) -> list[tuple[str, str]]:
    """Give (type, code) of all objects that have an id; an id is one object's of each type at most."""
    rows = ExternalId.objects.filter(system__code=system, value=value).order_by("type__code")
    return list(rows.values_list("type__code", "object__code"))


def ids_of(system: str, keys: Iterable[int]) -> dict[int, str]:
    """Give key → id for those of these objects that have one in a system, be it only reserved."""
    rows = ExternalId.objects.filter(system__code=system, object__in=list(keys))
    return dict(rows.values_list("object_id", "value"))
