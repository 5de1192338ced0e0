"""Change one Geo-Object, or make one, as somebody does on a page: nobody overwrites what another has just saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.policy import Permission, may, unknown
from cgr.core.drafts import History
from cgr.core.errors import BadInput
from cgr.registry.actions.objects import write_objects
from cgr.registry.locking import lock_registry
from cgr.registry.models import ExternalId, GeoObject, GeoObjectType, HierarchyNode
from cgr.systems import queries as systems

if TYPE_CHECKING:
    from uuid import UUID

    from cgr.accounts.actors import Actor
    from cgr.core.drafts import ObjectDraft, Writing

_SOURCE = "explorer"


class ExternalIdTaken(BadInput):
    """Another object of the type has this id in the system; `holder` is its type and code."""

    def __init__(self, system: str, value: str, holder: tuple[str, str]) -> None:
        """Name all three."""
        super().__init__(
            f'"{value}" in "{system}" belongs to {holder[0]} "{holder[1]}".',
            code="external-id-taken",
            next_step="Remove it there first, or give another one.",
        )
        self.value, self.holder = value, holder


@transaction.atomic
def change_object(actor: Actor, key: int, draft: ObjectDraft, *, version: int) -> bool:
    """Write a draft, which has this key, onto the object; say whether that changed anything.

    `version`: the object's when the form was opened; BadInput when somebody changed it since.
    """
    lock_registry()
    row = GeoObject.objects.select_related("type__organization").filter(pk=key).first()
    if row is None or not _may_edit(actor, row.type):
        raise unknown("Geo-Object", draft.code)
    if row.version != version:
        raise BadInput(
            f'{row.type.code} "{row.code}" was changed by somebody else while this form was open.',
            code="object-changed",
            next_step="Look at what it is now, then change it again; nothing was written.",
        )
    _check_ids(actor, draft, row)
    _check_parents(draft)
    return write_objects(actor, [draft], source=_SOURCE).changed == 1


@transaction.atomic
def create_object(actor: Actor, draft: ObjectDraft) -> UUID:
    """Make a new object of a draft whose key is None; give its uid."""
    row = GeoObjectType.objects.select_related("organization").filter(code=draft.type).first()
    if row is None or not _may_edit(actor, row):
        raise unknown("type", draft.type)
    lock_registry()
    if GeoObject.objects.filter(type=row, code=draft.code).exists():
        raise BadInput(
            f'There already is a {draft.type} with the code "{draft.code}".',
            code="code-taken",
            next_step="Give another code.",
        )
    write_objects(actor, [draft], source=_SOURCE)
    return GeoObject.objects.get(type=row, code=draft.code).uid


def _check_ids(actor: Actor, draft: ObjectDraft, of: GeoObject) -> None:
    """Say whose an id is that somebody wants to give; the bulk write checks the same without a class of its own."""
    for system, value in draft.external_ids.items():
        row = systems.system(actor, system)
        held = ExternalId.objects.filter(system_id=row.pk, type=of.type_id, value=value).exclude(object=of)
        if value is not None and (other := held.select_related("object").first()) is not None:
            raise ExternalIdTaken(system, value, (of.type.code, other.object.code))


def _check_parents(draft: ObjectDraft) -> None:
    """Refuse a parent that isn't there, given by code."""
    for hierarchy, writing in draft.parents.items():
        above = HierarchyNode.objects.filter(hierarchy__code=hierarchy, type__code=draft.type).values("parent_type")
        wanted = {code for code in _parents(writing) if isinstance(code, str)}
        known = GeoObject.objects.filter(type__in=above, code__in=wanted)
        if missing := wanted - set(known.values_list("code", flat=True)):
            raise BadInput(
                f'There is no parent with the code "{min(missing)}" in hierarchy "{hierarchy}".',
                code="unknown-parent",
                next_step="Give the code of an object of the type above.",
            )


def _parents(writing: Writing) -> list[object]:
    match writing:
        case History(periods=periods):
            return [period["value"] for period in periods]
        case None:
            return []
        case _:
            return [writing.value]


def _may_edit(actor: Actor, of: GeoObjectType) -> bool:
    return may(actor, Permission.EDIT_OBJECTS, organization=of.organization.code, type=of.code)
