"""Write registered systems (R1.1): fixed identity, a secret that is never shown, nothing deleted that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts import queries as accounts
from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, require, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.localized import parse_localized
from cgr.systems import keeping, queries, shapes
from cgr.systems.addresses import base_url
from cgr.systems.models import ExternalSystem, LinkedAccount, SystemTokens
from cgr.systems.refusing import refuse_oauth
from cgr.systems.signing_in import check_sign_in

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized
    from cgr.systems.signing_in import SignIn


@transaction.atomic
def save_system(  # noqa: PLR0913 - what a system is registered with
    actor: Actor,
    code: str,
    *,
    organization: str,
    label: Localized,
    url: str,
    sign_in: SignIn,
    kind: str = "dhis2",
    description: str = "",
    enabled: bool | None = None,
    new: bool = False,
) -> Saved:
    """Register a system, or change it: kind, organization and code stay; a secret that isn't given stays as it is.

    `enabled` None: stays as it is. `new`: only register; BadInput when there is a system with this code, whoever's it
    is.
    """
    require(actor, Permission.MANAGE_SYSTEMS, organization=organization)
    url = base_url(url)
    label = parse_localized(label)
    check_sign_in(sign_in)
    present = _present(actor, code, organization=organization, kind=kind, new=new)
    before = None if present is None else _shown(present)
    row = present or _new(actor, code, organization=organization, kind=kind)
    other_server = row.url != url
    moved = other_server or keeping.signs_in_otherwise(row, sign_in)
    sealed_anew = keeping.keep_secrets(row, sign_in, url=url)
    row.label, row.description, row.url = label, description, url
    row.enabled = row.enabled if enabled is None else enabled
    keeping.keep_sign_in(row, sign_in)
    if other_server:
        row.version, row.checked_at = "", None
    if moved or sealed_anew:
        row.failure, row.failed_at = "", None  # what failed was another address or sign-in
    refuse_oauth(row)
    after = _shown(row)
    if sealed_anew and before is not None:
        # The log says that the secret changed and never what it is.
        before, after = {**before, "secret": "the former"}, {**after, "secret": "a new one"}
    row.save()
    if before is not None:
        _forget(row, everything=other_server, tokens=moved)
    return record_saved(actor, kind="system", subject=code, organization=organization, before=before, after=after)


@transaction.atomic
def enable_system(actor: Actor, code: str) -> Saved:
    """Let a system be used again."""
    return _switch(actor, code, enabled=True)


@transaction.atomic
def disable_system(actor: Actor, code: str) -> Saved:
    """Have nothing read from a system or sent to it, until it is enabled; what refers to it stays.

    A run that is under way goes on to its end.
    """
    return _switch(actor, code, enabled=False)


@transaction.atomic
def delete_system(actor: Actor, code: str) -> None:
    """Delete a system that nothing refers to; BadInput naming what does (R0.5)."""
    # Locked, so that nothing begins to refer to it between the count and the end.
    row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS, for_update=True)
    organization, before = row.organization.code, _shown(row)
    if used_by := _users_of(row):
        raise BadInput(
            f'The external system "{code}" is still in use ({", ".join(used_by)}).',
            code="system-in-use",
            next_step=f"Disable it instead: cgr system disable {code}. One with external ids or runs is kept for its "
            "history.",
        )
    row.delete()
    audit.record(actor, "delete", kind="system", subject=code, organization=organization, before=before)


def _users_of(row: ExternalSystem) -> list[str]:
    return [f"{count:,} {name}" for name, count in queries.users_of(row)]


def _switch(actor: Actor, code: str, *, enabled: bool) -> Saved:
    row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS, for_update=True)
    before = _shown(row)
    row.enabled = enabled
    row.save(update_fields=["enabled"])
    return record_saved(
        actor, kind="system", subject=code, organization=row.organization.code, before=before, after=_shown(row)
    )


def _forget(row: ExternalSystem, *, everything: bool, tokens: bool) -> None:
    """Drop what belongs to another server, or to another way into the same one."""
    if tokens:
        SystemTokens.objects.filter(system=row).delete()
    if everything:
        shapes.forget(row)
        # Whoever runs the new server could else sign in here as anybody who was linked to the former one.
        LinkedAccount.objects.filter(system=row).delete()


def _present(actor: Actor, code: str, *, organization: str, kind: str, new: bool) -> ExternalSystem | None:
    """Give the row with a code, locked, or None; BadInput when it may not be there, or would become another one."""
    rows = ExternalSystem.objects.select_for_update(of=("self",)).select_related("organization")
    row = rows.filter(code=code).first()
    if row is not None and new:
        raise BadInput(
            f'The ID "{code}" is taken by another external system.', code="code-taken", next_step="Choose another ID."
        )
    if row is not None:
        _check_identity(actor, row, organization=organization, kind=kind)
    return row


def _new(actor: Actor, code: str, *, organization: str, kind: str) -> ExternalSystem:
    check_code(code, "an external system")
    if kind != "dhis2":
        raise BadInput(f'A system can\'t be of kind "{kind}".', code="unknown-kind", next_step="Use kind dhis2.")
    return ExternalSystem(code=code, kind=kind, organization=accounts.organization(actor, organization))


def _check_identity(actor: Actor, row: ExternalSystem, *, organization: str, kind: str) -> None:
    try:
        require(actor, Permission.MANAGE_SYSTEMS, organization=row.organization.code)
    except NotAllowed as error:
        raise unknown("external system", row.code) from error
    for name, now, asked in (("organization", row.organization.code, organization), ("kind", row.kind, kind)):
        if now != asked:
            raise BadInput(
                f'The {name} of the external system "{row.code}" is {now} and stays so after registration.',
                code="fixed-after-creation",
                next_step="Register another system under another ID.",
            )


def _shown(row: ExternalSystem) -> dict[str, object]:
    return {
        "kind": row.kind,
        "label": row.label,
        "description": row.description,
        "url": row.url,
        "auth": row.auth_kind,
        "username": row.username,
        "client_id": row.client_id,
        "grant": row.grant,
        "people_sign_in": row.people_sign_in,
        "enabled": row.enabled,
    }
