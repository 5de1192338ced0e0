"""Read registered systems, as far as the actor may know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from django.db.models import PROTECT

from cgr.accounts.policy import Permission, organizations_where, unknown
from cgr.systems.models import ExternalSystem, SystemTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor


def systems(actor: Actor, *, permission: Permission = Permission.SEE_SYSTEMS) -> QuerySet[ExternalSystem]:
    """Give the systems in whose organization the actor has the permission, by code."""
    visible = organizations_where(actor, permission)
    found = ExternalSystem.objects.select_related("organization").order_by("code")
    return found if visible is None else found.filter(organization__code__in=visible)


def system(
    actor: Actor, code: str, *, permission: Permission = Permission.SEE_SYSTEMS, for_update: bool = False
) -> ExternalSystem:
    """Give one system; NotAllowed when it doesn't exist or the actor may not know it.

    `for_update`: locked until the end of the transaction, so that nobody else changes it meanwhile.
    """
    known = systems(actor, permission=permission)
    asked = known.filter(code=code)
    found = (asked.select_for_update(of=("self",)) if for_update else asked).first()
    if found is None:
        raise unknown("external system", code, known=known.values_list("code", flat=True))
    return found


Reference: TypeAlias = "Callable[[str, str], dict[str, str]]"
"""From whose secret it is and what the file calls it to where it will be found: `{"env": "HMIS_PASSWORD"}`."""


def export(actor: Actor, *, reference: Reference | None = None) -> list[dict[str, object]]:
    """Give the systems that the actor manages, in the shape of the configuration file, without secrets.

    `reference`: what stands in place of each secret that is kept; None: nothing does.
    """
    return [
        {
            **_registration(row),
            **({} if row.enabled else {"enabled": False}),
            "auth": {**_auth(row), **({} if reference is None else _references(row, reference))},
        }
        for row in systems(actor, permission=Permission.MANAGE_SYSTEMS)
    ]


def system_json(row: ExternalSystem, *, managed: bool) -> dict[str, object]:
    """Give a system with its state for scripts; how we sign in is for who manages it, secrets are for nobody."""
    return {
        **_registration(row),
        "enabled": row.enabled,
        "version": row.version or None,
        "checked_at": row.checked_at.isoformat() if row.checked_at else None,
        **({"auth": _auth(row)} if managed else {}),
    }


def _registration(row: ExternalSystem) -> dict[str, object]:
    return {
        "code": row.code,
        "organization": row.organization.code,
        "kind": row.kind,
        "label": row.label,
        **({"description": row.description} if row.description else {}),
        "url": row.url,
    }


def _auth(row: ExternalSystem) -> dict[str, object]:
    fields = {
        "kind": row.auth_kind,
        "client_id": row.client_id,
        "grant": row.grant,
        "username": row.username,
        "people_sign_in": row.people_sign_in,
    }
    return {name: value for name, value in fields.items() if value}


def _references(row: ExternalSystem, reference: Reference) -> dict[str, object]:
    main = {"basic": "password", "token": "token", "oauth2": "client_secret"}[row.auth_kind]
    kept = {main: row.sealed_secret, "password": row.sealed_password or (main == "password" and row.sealed_secret)}
    return {name: reference(row.code, name) for name, sealed in kept.items() if sealed}


def open_to_people() -> QuerySet[ExternalSystem]:
    """Give the systems that people may sign in with, to show to everybody who isn't signed in (R2.2)."""
    return ExternalSystem.objects.filter(enabled=True, people_sign_in=True).order_by("code")


def users_of(row: ExternalSystem) -> list[tuple[str, int]]:
    """Give what protects a system from deletion ("run", or "runs" for several), and how many of each.

    Rooms above this one may be among them.
    """
    found = []
    for relation in ExternalSystem._meta.related_objects:  # noqa: SLF001 - Django's documented way to relations
        if relation.on_delete is PROTECT:
            model = relation.related_model
            count = model._base_manager.filter(**{relation.field.name: row}).count()  # noqa: SLF001 - the same
            if count:
                names = model._meta  # noqa: SLF001 - the same
                found.append((str(names.verbose_name if count == 1 else names.verbose_name_plural), count))
    return sorted(found)


def signed_in_as(row: ExternalSystem) -> str:
    """Give the account by whose consent we are signed in to a system; empty when nobody consented."""
    found = SystemTokens.objects.filter(system=row).first()
    return found.username if found is not None else ""
