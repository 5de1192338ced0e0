"""Write registered systems (R1.1): fixed identity, a secret that is never shown, nothing deleted that is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import ProtectedError

from cgr.accounts import queries as accounts
from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, require, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput
from cgr.core.localized import parse_localized
from cgr.systems import queries, shapes
from cgr.systems.addresses import base_url
from cgr.systems.models import ExternalSystem
from cgr.systems.sealing import opens_to, seal
from cgr.systems.signing_in import check_sign_in

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized
    from cgr.systems.signing_in import SignIn


@transaction.atomic
def save_system(
    actor: Actor,
    code: str,
    *,
    organization: str,
    label: Localized,
    url: str,
    sign_in: SignIn,
    kind: str = "dhis2",
    description: str = "",
) -> Saved:
    """Register a system, or change it: kind, organization and code stay; a secret that isn't given stays as it is."""
    require(actor, Permission.MANAGE_SYSTEMS, organization=organization)
    row = (
        ExternalSystem.objects.select_for_update(of=("self",)).select_related("organization").filter(code=code).first()
    )
    url = base_url(url)
    label = parse_localized(label)
    check_sign_in(sign_in)
    if row is None:
        row, before = _new(actor, code, organization=organization, kind=kind), None
    else:
        _check_identity(actor, row, organization=organization, kind=kind)
        before = _shown(row)
        if row.url != url:
            shapes.forget(row)
    sealed_anew = _seal(row, sign_in, url=url)
    row.label, row.description, row.url = label, description, url
    row.auth_kind, row.username = sign_in.kind, sign_in.username
    after = _shown(row)
    if sealed_anew and before is not None:
        # The log says that the secret changed and never what it is.
        before, after = {**before, "secret": "the former"}, {**after, "secret": "a new one"}
    row.save()
    return record_saved(actor, kind="system", subject=code, organization=organization, before=before, after=after)


@transaction.atomic
def delete_system(actor: Actor, code: str) -> None:
    """Delete a system that nothing refers to; BadInput naming what does (R0.5)."""
    row = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
    organization, before = row.organization.code, _shown(row)
    try:
        row.delete()
    except ProtectedError as error:
        used_by = sorted({str(found._meta.verbose_name) for found in error.protected_objects})  # noqa: SLF001 - Django's documented way to a model's name
        raise BadInput(
            f'The external system "{code}" is still in use ({", ".join(used_by)}).',
            code="system-in-use",
            next_step="Remove what refers to it first; a system with external ids or runs is kept for its history.",
        ) from error
    audit.record(actor, "delete", kind="system", subject=code, organization=organization, before=before)


def _new(actor: Actor, code: str, *, organization: str, kind: str) -> ExternalSystem:
    check_code(code, "an external system")
    if kind != "dhis2":
        raise BadInput(f'A system can\'t be of kind "{kind}".', code="unknown-kind", next_step="Use kind dhis2.")
    return ExternalSystem(code=code, kind=kind, organization=accounts.organization(actor, organization))


def _check_identity(actor: Actor, row: ExternalSystem, *, organization: str, kind: str) -> None:
    try:
        require(actor, Permission.MANAGE_SYSTEMS, organization=row.organization.code)
    except BadInput as error:
        raise unknown("external system", row.code) from error
    for name, now, asked in (("organization", row.organization.code, organization), ("kind", row.kind, kind)):
        if now != asked:
            raise BadInput(
                f'The {name} of the external system "{row.code}" is {now} and stays so after registration.',
                code="fixed-after-creation",
                next_step="Register another system under another ID.",
            )


def _seal(row: ExternalSystem, sign_in: SignIn, *, url: str) -> bool:
    """Put the secret into the row if one is given and differs; say whether it did."""
    if sign_in.secret is None:
        _check_secret_may_stay(row, sign_in, url=url)
        return False
    if row.sealed_secret and opens_to(bytes(row.sealed_secret), sign_in.secret):
        return False
    row.sealed_secret = seal(sign_in.secret)
    return True


def _check_secret_may_stay(row: ExternalSystem, sign_in: SignIn, *, url: str) -> None:
    if not row.sealed_secret:
        raise BadInput(
            f'The external system "{row.code}" needs a password or token.',
            code="secret-missing",
            next_step="Give the password of the user, or a personal access token.",
        )
    moved = [
        name
        for name, now, asked in (
            ("address", row.url, url),
            ("user name", row.username, sign_in.username),
            ("way to sign in", row.auth_kind, sign_in.kind),
        )
        if now != asked
    ]
    if moved:
        # Else whoever may change an address could have the stored password sent to a host of their own.
        raise BadInput(
            f'The {moved[0]} of the external system "{row.code}" changes, so its password or token is needed again.',
            code="secret-needed-again",
            next_step="Give the password or token together with the change.",
        )


def _shown(row: ExternalSystem) -> dict[str, object]:
    return {
        "kind": row.kind,
        "label": row.label,
        "description": row.description,
        "url": row.url,
        "auth": row.auth_kind,
        "username": row.username,
    }
