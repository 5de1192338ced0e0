"""The OAuth2 tokens of a system: kept sealed, renewed before they run out, by one process at a time (R2.1).

A server may give a new refresh token with every renewal and take the former back, so renewals wait for each other in
the database, and what one got is kept before anything else happens.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from cgr.core.errors import BadInput, CgrError
from cgr.dhis2 import errors as e
from cgr.dhis2 import oauth
from cgr.dhis2.auth import Bearer, Nobody, Tokens
from cgr.dhis2.client import Dhis2, connect
from cgr.dhis2.errors import fault
from cgr.systems.models import ExternalSystem, SystemTokens
from cgr.systems.refusing import refuse_oauth
from cgr.systems.sealing import seal, unseal
from cgr.systems.signing_in import PASSWORD

if TYPE_CHECKING:
    from cgr.dhis2.connection import Connection
    from cgr.dhis2.reading import Me


def bearer_of(system: ExternalSystem) -> Bearer:
    """Give the credentials of a system that signs in by OAuth2; NeedsPerson when a person has to sign in first."""
    home = threading.get_ident()

    def renew(used: Tokens) -> Tokens:
        try:
            return _renewed(system, used)
        finally:
            if threading.get_ident() != home:  # the thread that reads ahead has a database connection of its own
                connection.close()

    row = SystemTokens.objects.filter(system=system).first()
    if row is None and system.grant != PASSWORD:
        raise _sign_in_again(system)
    return Bearer(_opened(row) if row is not None else Tokens("", "", 0), renew=renew)


def keep_tokens(system: ExternalSystem, tokens: Tokens, *, username: str) -> None:
    """Keep tokens in place of the former ones."""
    sealed = seal(msgspec.json.encode(tokens).decode())
    values = {"sealed": sealed, "username": username, "obtained_at": timezone.now()}
    SystemTokens.objects.update_or_create(system=system, defaults=values)


def client_of(system: ExternalSystem) -> oauth.OAuthClient:
    """Give what this registry is called there; BadInput while its secret isn't known."""
    if not system.sealed_secret:
        raise BadInput(
            f'The client secret of the external system "{system.code}" isn\'t known yet.',
            code="client-secret-missing",
            next_step=f"See cgr system oauth-client {system.code}; up to 2.41 enter the secret that DHIS2 made.",
        )
    return oauth.OAuthClient(system.client_id, unseal(bytes(system.sealed_secret)))


def connect_to(system: ExternalSystem) -> Connection:
    """Give a connection that signs in as nobody, for what comes before tokens."""
    return connect(system.url, Nobody(), allow_private_networks=settings.ALLOW_PRIVATE_NETWORKS)


def signed_in_user(system: ExternalSystem, tokens: Tokens) -> Me:
    """Say whose account fresh tokens are for; BadInput where that DHIS2's version can't do OAuth2."""
    bearer = Bearer(tokens, renew=_no_more)
    with Dhis2(system.url, bearer, allow_private_networks=settings.ALLOW_PRIVATE_NETWORKS) as client:
        refuse_oauth(system, version=client.system_info().version)
        return client.me()


def _renewed(system: ExternalSystem, used: Tokens) -> Tokens:
    # Durable: rolled back with somebody's transaction, the only valid refresh token would be lost.
    with transaction.atomic(durable=True):
        now = ExternalSystem.objects.select_for_update(no_key=True).get(pk=system.pk)
        if (now.url, now.client_id, now.grant) != (system.url, system.client_id, system.grant):
            raise _sign_in_again(system)  # these are for another server or client than we talk to
        row = SystemTokens.objects.filter(system=now).first()
        known = _opened(row) if row is not None else None
        if known is not None and known.access != used.access:
            return known  # another process was quicker
        with connect_to(system) as wire:
            fresh = _fresh(system, wire, known)
        username = row.username if row is not None else signed_in_user(system, fresh).username
        keep_tokens(now, fresh, username=username)
    return fresh


def _fresh(system: ExternalSystem, wire: Connection, known: Tokens | None) -> Tokens:
    server, client = oauth.find_server(wire), client_of(system)
    if system.grant != PASSWORD:
        if known is None:
            raise _sign_in_again(system)
        return oauth.by_refresh(wire, server, client, tokens=known)
    if known is not None:
        try:
            return oauth.by_refresh(wire, server, client, tokens=known)
        except CgrError as error:
            if error.code != e.SIGN_IN_AGAIN:
                raise
    password = unseal(bytes(system.sealed_password))
    return oauth.by_password(wire, server, client, username=system.username, password=password)


def _opened(row: SystemTokens) -> Tokens:
    return msgspec.json.decode(unseal(bytes(row.sealed)), type=Tokens)


def _no_more(_: Tokens) -> Tokens:
    message = "DHIS2 doesn't accept the tokens that it has just given."
    raise fault(e.SIGN_IN_AGAIN, message)


def _sign_in_again(system: ExternalSystem) -> CgrError:
    message = f'Nobody is signed in to the external system "{system.code}" by OAuth2, or not any more.'
    return fault(e.SIGN_IN_AGAIN, message)
