"""What to enter in a DHIS2 so that it knows this registry as an OAuth2 client; makes the secret where we may (R2.1)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import transaction

from cgr.accounts.policy import Permission
from cgr.audit import actions as audit
from cgr.core.errors import BadInput
from cgr.dhis2 import oauth
from cgr.dhis2.registration import legacy_registration, registration
from cgr.systems import queries
from cgr.systems.authorization import redirect_uri
from cgr.systems.models import ExternalSystem
from cgr.systems.refusing import refuse_oauth
from cgr.systems.sealing import seal, unseal
from cgr.systems.signing_in import OAUTH2, PASSWORD
from cgr.systems.tokens import connect_to

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.dhis2.registration import Registration


def client_registration(actor: Actor, code: str) -> Registration:
    """Ask the DHIS2 which of the two servers it has, and give the registration that fits."""
    system = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
    if system.auth_kind != OAUTH2:
        raise BadInput(
            f'The external system "{code}" signs in by {system.auth_kind}, which needs no OAuth2 client.',
            code="no-authorization",
            next_step="Register it with the sign-in kind oauth2 first.",
        )
    refuse_oauth(system)
    with connect_to(system) as wire:
        server = oauth.find_server(wire)
    if server.legacy:
        return legacy_registration(client_id=system.client_id, redirect_uri=redirect_uri(), grant=system.grant)
    if system.grant == PASSWORD:
        raise BadInput(
            f'The DHIS2 of "{code}" gives no OAuth2 tokens for a password; from 2.42 on a person has to consent.',
            code="bad-client",
            next_step="Register it with the grant code, or with a personal access token.",
        )
    return registration(client_id=system.client_id, redirect_uri=redirect_uri(), secret=_secret(actor, system))


@transaction.atomic
def _secret(actor: Actor, system: ExternalSystem) -> str:
    """Give the client's secret, made now if there is none: nobody has to think of one or see it."""
    row = ExternalSystem.objects.select_for_update().get(pk=system.pk)
    if row.sealed_secret:
        return unseal(bytes(row.sealed_secret))
    secret = secrets.token_urlsafe(32)
    row.sealed_secret = seal(secret)
    row.save(update_fields=["sealed_secret"])
    audit.record(
        actor,
        "change",
        kind="system",
        subject=system.code,
        organization=system.organization.code,
        before={"secret": "none"},
        after={"secret": "a new one"},
    )
    return secret
