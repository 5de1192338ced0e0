"""A person signs in to a DHIS2 by OAuth2, in two steps with a browser between them (R2.1).

What the first step notes is kept by whoever asked, in the session of that person or in the memory of the command, so
that nobody else can take the second step; it is used once and runs out.
"""

from __future__ import annotations

import secrets
import time
import urllib.parse
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from django.conf import settings
from django.db import transaction
from msgspec import Struct

from cgr.accounts.policy import Permission
from cgr.audit import actions as audit
from cgr.core.errors import BadInput
from cgr.dhis2 import errors as e
from cgr.dhis2 import oauth
from cgr.dhis2.errors import fault
from cgr.dhis2.identity import subject_of
from cgr.systems import queries
from cgr.systems.refusing import refuse_oauth
from cgr.systems.sealing import seal, unseal
from cgr.systems.signing_in import CODE, OAUTH2
from cgr.systems.tokens import client_of, connect_to, keep_tokens, signed_in_user

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor
    from cgr.dhis2.auth import Tokens
    from cgr.dhis2.reading import Me
    from cgr.systems.models import ExternalSystem

CALLBACK = "/oauth/callback/"
_LIFE_S = 600


class Purpose(StrEnum):
    """What the person signs in there for."""

    CONNECT = "connect"
    SIGN_IN = "sign in"
    LINK = "link"


class Pending(Struct, frozen=True):
    """The first step: whom we expect back from where, and the secrets that prove that it is the same. Never shown."""

    purpose: Purpose
    system: str
    url: str
    server: oauth.OAuthServer
    redirect_uri: str
    person: int | None
    state: str
    nonce: str
    verifier: str
    until: float

    def sealed(self) -> str:
        """Give it as a text that says nothing to whoever reads the session."""
        return seal(msgspec.json.encode(self).decode()).decode()


class Answer(Struct, frozen=True):
    """What a browser brings back: a code, or the error that DHIS2 gave. `state` None: a code that was typed."""

    code: str = ""
    state: str | None = None
    error: str = ""


def redirect_uri() -> str:
    """Give the address that browsers are sent back to; it has to be registered in DHIS2 letter by letter."""
    return f"{settings.BROWSER_URL}{CALLBACK}"


def open_pending(sealed: str) -> Pending:
    """Open what `sealed` gave; BadInput when it is gone or isn't ours."""
    try:
        return msgspec.json.decode(unseal(sealed.encode()), type=Pending)
    except (BadInput, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise _not_pending() from error


def read_answer(text: str) -> Answer:
    """Take what a person pasted: the whole address that the browser ended at, or the code alone."""
    text = text.strip()
    if "?" not in text:
        return Answer(code=text)
    fields = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(text).query))
    return Answer(code=fields.get("code", ""), state=fields.get("state", ""), error=fields.get("error", ""))


def begin_authorization(actor: Actor, code: str) -> tuple[str, Pending]:
    """Give the address at which a person lets this registry act for them in a system, and what to keep until then."""
    system = queries.system(actor, code, permission=Permission.MANAGE_SYSTEMS)
    return begin(system, purpose=Purpose.CONNECT, person=actor.user_id)


def complete_authorization(actor: Actor, pending: Pending, answer: Answer) -> str:
    """Keep the tokens that the code gives, and give the name of the account they are for."""
    system = queries.system(actor, pending.system, permission=Permission.MANAGE_SYSTEMS)
    tokens, me = receive(system, pending, answer, purpose=Purpose.CONNECT, person=actor.user_id)
    with transaction.atomic():
        keep_tokens(system, tokens, username=me.username)
        audit.record(
            actor,
            "authorize",
            kind="system",
            subject=system.code,
            organization=system.organization.code,
            after={"signed_in_as": me.username},
        )
    return me.username


def begin(system: ExternalSystem, *, purpose: Purpose, person: int | None) -> tuple[str, Pending]:
    """Take the first step for any purpose; BadInput for a system that a person can't sign in to by OAuth2."""
    if system.auth_kind != OAUTH2 or system.grant != CODE:
        raise BadInput(
            f'Nobody signs in to the external system "{system.code}" by OAuth2 and consent.',
            code="no-authorization",
            next_step="Register it with the sign-in kind oauth2 and the grant code first.",
        )
    refuse_oauth(system)
    client = client_of(system)
    with connect_to(system) as wire:
        server = oauth.find_server(wire)
        pending = Pending(
            purpose=purpose,
            system=system.code,
            url=system.url,
            server=server,
            redirect_uri=redirect_uri(),
            person=person,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(64),
            until=time.time() + _LIFE_S,
        )
        url = oauth.authorization_url(
            wire,
            server,
            client_id=client.id,
            redirect_uri=pending.redirect_uri,
            state=pending.state,
            nonce=pending.nonce,
            verifier=pending.verifier,
        )
    return url, pending


def receive(
    system: ExternalSystem, pending: Pending, answer: Answer, *, purpose: Purpose, person: int | None
) -> tuple[Tokens, Me]:
    """Take the second step: check that the answer belongs to the first, and give the tokens and whose they are."""
    _check_answer(system, pending, answer, purpose=purpose, person=person)
    client = client_of(system)
    with connect_to(system) as wire:
        tokens = oauth.by_code(
            wire,
            pending.server,
            client,
            code=answer.code,
            redirect_uri=pending.redirect_uri,
            verifier=pending.verifier,
        )
        vouched = None
        if not pending.server.legacy:
            vouched = subject_of(wire, pending.server, tokens, client_id=client.id, nonce=pending.nonce)
    me = signed_in_user(system, tokens)
    if vouched is not None and vouched != me.username:
        message = f"What that DHIS2 signed is about {vouched}, and its tokens are for {me.username}."
        raise fault(e.ID_TOKEN_INVALID, message)
    return tokens, me


def _check_answer(
    system: ExternalSystem, pending: Pending, answer: Answer, *, purpose: Purpose, person: int | None
) -> None:
    belongs = (pending.purpose, pending.system, pending.person) == (purpose, system.code, person)
    same_state = answer.state is None or secrets.compare_digest(answer.state.encode(), pending.state.encode())
    if not belongs or not same_state or time.time() > pending.until or pending.url != system.url:
        raise _not_pending()
    if answer.error or not answer.code:
        refused = "it was refused" if answer.error == "access_denied" else "no code came back"
        raise BadInput(
            f'The sign-in to the external system "{system.code}" wasn\'t completed: {refused} there.',
            code="oauth-not-completed",
            next_step="Begin again, and consent when that DHIS2 asks.",
        )


def _not_pending() -> BadInput:
    return BadInput(
        "This answer belongs to no sign-in that was begun here within the last 10 minutes, or it was used before.",
        code="oauth-state",
        next_step=f"Begin again, in one and the same browser, under the address {settings.BROWSER_URL}.",
    )
