"""The one door to a system: a signed-in client, and the test of the connection (R1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit import actions as audit
from cgr.core.errors import BadInput, CgrError
from cgr.dhis2.auth import Basic, Nobody, Token
from cgr.dhis2.check import check_system
from cgr.dhis2.client import Dhis2, connect
from cgr.dhis2.connection import Timeouts
from cgr.dhis2.prospect import look
from cgr.systems.addresses import base_url
from cgr.systems.models import ExternalSystem
from cgr.systems.refusing import refuse_disabled, refuse_oauth
from cgr.systems.sealing import unseal
from cgr.systems.signing_in import OAUTH2, TOKEN, check_sign_in
from cgr.systems.tokens import bearer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from cgr.accounts.actors import Actor
    from cgr.dhis2.auth import Credentials
    from cgr.dhis2.check import SystemCheck
    from cgr.dhis2.prospect import Prospect
    from cgr.systems.signing_in import SignIn

WHILE_SOMEBODY_WAITS = Timeouts(connect=5.0, read=15.0, total=20.0, slow_read=20.0, slow_total=30.0)
"""For a page: an answer that takes longer is as good as none, and a browser or proxy would give up."""


def open_client(
    system: ExternalSystem,
    *,
    on_wait: Callable[[float], None] | None = None,
    though_disabled: bool = False,
    timeouts: Timeouts | None = None,
) -> Dhis2:
    """Give a client for the system, to be used as a context manager; `on_wait` hears of each pause in seconds.

    BadInput for a disabled system, except for `though_disabled`, by which a connection is tried before it is enabled.
    """
    if not though_disabled:
        refuse_disabled(system)
    return Dhis2(
        system.url,
        _credentials(system),
        allow_private_networks=settings.ALLOW_PRIVATE_NETWORKS,
        on_wait=on_wait,
        timeouts=timeouts or Timeouts(),
    )


def _credentials(system: ExternalSystem) -> Credentials:
    if system.auth_kind == OAUTH2:
        return bearer_of(system)
    secret = unseal(bytes(system.sealed_secret))
    return Token(secret) if system.auth_kind == TOKEN else Basic(system.username, secret)


def check(actor: Actor, system: ExternalSystem, *, timeouts: Timeouts | None = None) -> SystemCheck:
    """Try the connection, and keep version and moment; errors come as they are, their code and moment are kept, too."""
    require(actor, Permission.MANAGE_SYSTEMS, organization=system.organization.code)
    try:
        with open_client(system, though_disabled=True, timeouts=timeouts) as client:
            refuse_oauth(system, version=client.system_info().version)
            found = check_system(client)
    except CgrError as error:
        system.failure, system.failed_at = error.code, timezone.now()
        ExternalSystem.objects.filter(pk=system.pk).update(failure=system.failure, failed_at=system.failed_at)
        raise
    with transaction.atomic():
        before = system.version
        system.version, system.checked_at = found.version, timezone.now()
        system.failure, system.failed_at = "", None
        kept = ("version", "checked_at", "failure", "failed_at")
        ExternalSystem.objects.filter(pk=system.pk).update(**{name: getattr(system, name) for name in kept})
        if before != found.version:
            audit.record(
                actor,
                "change",
                kind="system",
                subject=system.code,
                organization=system.organization.code,
                before={"version": before},
                after={"version": found.version},
            )
    return found


def try_out(actor: Actor, *, organization: str, url: str, sign_in: SignIn, timeouts: Timeouts) -> SystemCheck:
    """Try a connection before it is registered: the same check behind the same guards, and nothing is kept."""
    address = _address_to_try(actor, organization=organization, url=url, sign_in=sign_in)
    if sign_in.secret is None:
        raise BadInput(
            "The connection can't be tried without a password or token.",
            code="secret-missing",
            next_step="Give the password of the user, or a personal access token.",
        )
    credentials = Token(sign_in.secret) if sign_in.kind == TOKEN else Basic(sign_in.username, sign_in.secret)
    guarded = settings.ALLOW_PRIVATE_NETWORKS
    with Dhis2(address, credentials, allow_private_networks=guarded, timeouts=timeouts) as client:
        return check_system(client)


def look_around(actor: Actor, *, organization: str, url: str, sign_in: SignIn, timeouts: Timeouts) -> Prospect:
    """Look, without signing in, at a DHIS2 that is to be registered with OAuth2; nothing is kept.

    More can't be tried yet: a DHIS2 has to know this registry as its client first, which follows on registering it.
    """
    address = _address_to_try(actor, organization=organization, url=url, sign_in=sign_in)
    guarded = settings.ALLOW_PRIVATE_NETWORKS
    with connect(address, Nobody(), allow_private_networks=guarded, timeouts=timeouts) as wire:
        return look(wire)


def _address_to_try(actor: Actor, *, organization: str, url: str, sign_in: SignIn) -> str:
    require(actor, Permission.MANAGE_SYSTEMS, organization=organization)
    address = base_url(url)
    check_sign_in(sign_in)
    return address
