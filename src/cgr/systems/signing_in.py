"""How we sign in to a system, as a person or a file gives it. The secret is absent where it stays as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgr.core.errors import BadInput

BASIC = "basic"
TOKEN = "token"  # noqa: S105 - the name of a kind of sign-in, not a secret

_USER_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class SignIn:
    """A kind (`basic` or `token`), the user name of `basic`, and the password or token, never shown."""

    kind: str
    username: str = ""
    secret: str | None = field(default=None, repr=False)


def check_sign_in(sign_in: SignIn) -> None:
    """Refuse with BadInput what no DHIS2 could accept."""
    if sign_in.kind not in (BASIC, TOKEN):
        raise BadInput(
            f'The sign-in kind "{sign_in.kind}" isn\'t one this version knows.',
            code="unknown-sign-in",
            next_step="Use basic (user name and password) or token (personal access token).",
        )
    if sign_in.kind == BASIC and not sign_in.username:
        raise BadInput(
            "Signing in with a password needs a user name.", code="username-missing", next_step="Give the user name."
        )
    # RFC 7617: the first colon ends the user name, so one with a colon would sign in as somebody else.
    if ":" in sign_in.username or not sign_in.username.isprintable() or len(sign_in.username) > _USER_NAME_LENGTH:
        raise BadInput(
            "The user name holds a colon or a character that can't be typed, or is longer than 255 characters.",
            code="bad-username",
            next_step="Use the user name with which you sign in to this DHIS2.",
        )
    if sign_in.kind == TOKEN and sign_in.username:
        raise BadInput(
            "A personal access token signs in without a user name.",
            code="username-with-token",
            next_step="Leave the user name out.",
        )
    if sign_in.secret is not None and not (sign_in.secret and sign_in.secret.isprintable()):
        raise BadInput(
            "The password or token is empty or holds a line break.",
            code="bad-secret",
            next_step="Check the variable or file it comes from.",
        )
