"""How we sign in to a system, as a person, a program or a file gives it. A secret is absent where it stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from msgspec import Struct

from cgr.core.errors import BadInput
from cgr.dhis2.registration import LONGEST_SECRET

if TYPE_CHECKING:
    from collections.abc import Callable

Secret = TypeVar("Secret")

BASIC = "basic"
TOKEN = "token"  # noqa: S105 - the name of a kind of sign-in, not a secret
OAUTH2 = "oauth2"
CODE = "code"
PASSWORD = "password"  # noqa: S105 - the name of a grant, not a secret

LONGEST_USERNAME = 255
LONGEST_CLIENT_ID = 230


@dataclass(frozen=True, slots=True)
class SignIn:
    """A kind (`basic`, `token` or `oauth2`) and what belongs to it.

    `secret`: the password, the token, or the secret of the OAuth2 client. OAuth2 also has `client_id`, `grant` (`code`
    or `password`), for the grant `password` a `username` and `password`, and for the grant `code` `people_sign_in`.
    """

    kind: str
    username: str = ""
    secret: str | None = field(default=None, repr=False)
    client_id: str = ""
    grant: str = ""
    password: str | None = field(default=None, repr=False)
    people_sign_in: bool = False

    @property
    def needs_username(self) -> bool:
        """Whether we sign in under a user name of our own."""
        return self.kind == BASIC or (self.kind == OAUTH2 and self.grant == PASSWORD)


class SignInGiven(Struct, Generic[Secret], frozen=True, forbid_unknown_fields=True):
    """A sign-in as JSON and YAML have it: the secrets themselves, or references to where they are."""

    kind: Literal["basic", "token", "oauth2"]
    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    grant: Literal["code", "password"] | None = None
    people_sign_in: bool = False

    def sign_in(self, *, of: str, reveal: Callable[[Secret | None], str | None]) -> SignIn:
        """Give what a system is registered with. `of`: which system; `reveal` gives a secret as itself.

        BadInput for a secret that doesn't fit the kind: it would be thought to be kept.
        """
        given = {"password": self.password, "token": self.token, "client_secret": self.client_secret}
        wanted = {BASIC: "password", TOKEN: "token", OAUTH2: "client_secret"}[self.kind]
        by_oauth = self.kind == OAUTH2
        for name, secret in given.items():
            if secret is not None and name != wanted and not (by_oauth and name == "password"):
                raise BadInput(
                    f'The system "{of}" signs in by {self.kind} and names a {name}.',
                    code="bad-configuration",
                    next_step=f"Name a {wanted}, or correct the kind.",
                )
        return SignIn(
            self.kind,
            self.username,
            reveal(given[wanted]),
            client_id=self.client_id,
            grant=self.grant or (CODE if by_oauth else ""),
            password=reveal(self.password) if by_oauth else None,
            people_sign_in=self.people_sign_in,
        )


def check_sign_in(sign_in: SignIn) -> None:
    """Refuse with BadInput what no DHIS2 could accept."""
    if sign_in.kind not in (BASIC, TOKEN, OAUTH2):
        raise BadInput(
            f'The sign-in kind "{sign_in.kind}" isn\'t one this version knows.',
            code="unknown-sign-in",
            next_step="Use basic (user name and password), token (personal access token) or oauth2.",
        )
    _check_username(sign_in)
    _check_client(sign_in)
    for secret in (sign_in.secret, sign_in.password):
        if secret is not None and not (secret and secret.isprintable()):
            raise BadInput(
                "The password, token or client secret is empty or holds a line break.",
                code="bad-secret",
                next_step="Check the variable or file it comes from.",
            )


def _check_username(sign_in: SignIn) -> None:
    if sign_in.needs_username and not sign_in.username:
        raise BadInput(
            "Signing in with a password needs a user name.", code="username-missing", next_step="Give the user name."
        )
    # RFC 7617: the first colon ends the user name, so one with a colon would sign in as somebody else.
    if ":" in sign_in.username or not sign_in.username.isprintable() or len(sign_in.username) > LONGEST_USERNAME:
        raise BadInput(
            "The user name holds a colon or a character that can't be typed, or is longer than 255 characters.",
            code="bad-username",
            next_step="Use the user name with which you sign in to this DHIS2.",
        )
    if sign_in.username and not sign_in.needs_username:
        raise BadInput(
            "A personal access token, or a person's consent, signs in without a user name.",
            code="username-with-token",
            next_step="Leave the user name out.",
        )


def _check_client(sign_in: SignIn) -> None:
    given = (sign_in.client_id, sign_in.grant, sign_in.password, sign_in.people_sign_in)
    if sign_in.kind != OAUTH2:
        if any(given):
            raise _bad_client(f"Client id, grant and the like belong to oauth2, not to {sign_in.kind}.")
        return
    name = sign_in.client_id
    if not name or ":" in name or not (name.isascii() and name.isprintable()) or len(name) > LONGEST_CLIENT_ID:
        raise _bad_client("OAuth2 needs a client id: up to 230 letters, digits and signs without a colon.")
    if sign_in.grant not in (CODE, PASSWORD):
        raise _bad_client(f'"{sign_in.grant}" is no grant of OAuth2; it is code (a person consents) or password.')
    if sign_in.grant == CODE and sign_in.password is not None:
        raise _bad_client("With the grant code nobody's password is kept; a person signs in to that DHIS2.")
    if sign_in.grant == PASSWORD and sign_in.people_sign_in:
        raise _bad_client("People can sign in here only by a client of the grant code.")
    if len((sign_in.secret or "").encode()) > LONGEST_SECRET:
        raise _bad_client(f"The client secret has more than {LONGEST_SECRET} bytes.")


def _bad_client(message: str) -> BadInput:
    return BadInput(
        message, code="bad-client", next_step="Correct it; cgr system oauth-client shows what DHIS2 has to know."
    )
