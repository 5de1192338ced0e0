"""One Geo-Object whole, as somebody may know it: its history, its parents by name, what they may do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cgr.accounts.policy import Permission, may, unknown
from cgr.registry.bulk.existing import stored_by_key
from cgr.registry.catalogue import shapes, visible_hierarchies
from cgr.registry.models import GeoObject
from cgr.systems.queries import systems

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from cgr.accounts.actors import Actor
    from cgr.core.drafts import Period
    from cgr.core.object_states import ObjectState
    from cgr.core.records import Localized, OurType
    from cgr.registry.models import Hierarchy
    from cgr.systems.models import ExternalSystem


@dataclass(frozen=True, slots=True)
class Parent:
    """What a parent is called: its labels over time."""

    uid: str
    code: str
    label: list[Period]


@dataclass(frozen=True, slots=True)
class Card:
    """One object. In `state` parents are keys of `parents`; ids and parents that aren't for the actor are left out.

    `hierarchies` are those in which the type has a parent type, given beside each; `systems` are those that the actor
    may see. `may_edit`: the actor may change this object.
    """

    key: int
    uid: str
    version: int
    created: datetime
    updated: datetime
    shape: OurType
    organization: str
    organization_label: Localized
    state: ObjectState
    parents: dict[int, Parent]
    hierarchies: list[tuple[Hierarchy, str]]
    systems: list[ExternalSystem]
    may_edit: bool
    may_propose: bool


def open_object(actor: Actor, uid: UUID, *, permission: Permission = Permission.READ_OBJECTS) -> Card:
    """Give one object; NotAllowed when it doesn't exist or the actor doesn't have the permission for it."""
    row = GeoObject.objects.select_related("type__organization").filter(uid=uid).first()
    if row is None or not may(actor, permission, organization=row.type.organization.code, type=row.type.code):
        raise unknown("Geo-Object", str(uid))
    stored = stored_by_key([row.pk])[row.pk]
    state, organization = stored.state, row.type.organization
    known = visible_hierarchies(actor)
    places = {
        node.hierarchy_id: node.parent_type.code
        for node in row.type.nodes.select_related("parent_type").filter(hierarchy__in=known)
        if node.parent_type is not None
    }
    seen = list(systems(actor))
    state.parents = {one.code: state.parents.get(one.code, []) for one in known if one.pk in places}
    codes = {one.code for one in seen}
    state.external_ids = {code: value for code, value in state.external_ids.items() if code in codes}
    return Card(
        key=row.pk,
        uid=str(row.uid),
        version=row.version,
        created=row.created,
        updated=row.updated,
        shape=shapes([row.type])[row.type.code],
        organization=organization.code,
        organization_label=organization.label,
        state=state,
        parents=_parents(stored.parent_codes),
        hierarchies=[(one, places[one.pk]) for one in known if one.pk in places],
        systems=seen,
        may_edit=may(actor, Permission.EDIT_OBJECTS, organization=organization.code, type=row.type.code),
        may_propose=may(actor, Permission.PROPOSE_OBJECTS, organization=organization.code, type=row.type.code),
    )


def uid_of(actor: Actor, type: str, code: str) -> UUID:  # noqa: A002 - the domain's word
    """Give the uid of an object that is known by its type and code; NotAllowed as in `open_object`."""
    row = GeoObject.objects.select_related("type__organization").filter(type__code=type, code=code).first()
    if row is None or not may(actor, Permission.READ_OBJECTS, organization=row.type.organization.code, type=type):
        raise unknown("Geo-Object", f"{type} {code}")
    return row.uid


def _parents(codes: dict[int, str]) -> dict[int, Parent]:
    rows = GeoObject.objects.filter(pk__in=codes).values_list("pk", "uid", "code", "label")
    return {key: Parent(str(uid), code, label) for key, uid, code, label in rows}
