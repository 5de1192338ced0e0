"""The secrets of a system's sign-in: sealed when given, kept when not, and never kept for another address (R1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.systems.sealing import opens_to, seal
from cgr.systems.signing_in import OAUTH2, PASSWORD

if TYPE_CHECKING:
    from cgr.systems.models import ExternalSystem
    from cgr.systems.signing_in import SignIn

_FIELDS = (
    ("user name", "username", "username"),
    ("way to sign in", "auth_kind", "kind"),
    ("client id", "client_id", "client_id"),
    ("grant", "grant", "grant"),
)
"""What it is called, in the row, in the sign-in."""


def signs_in_otherwise(row: ExternalSystem, sign_in: SignIn) -> bool:
    """Say whether it isn't the same sign-in any more, apart from the secret."""
    return any(getattr(row, kept) != getattr(sign_in, given) for _, kept, given in _FIELDS)


def keep_sign_in(row: ExternalSystem, sign_in: SignIn) -> None:
    """Put all but the secrets into the row."""
    for _, kept, given in _FIELDS:
        setattr(row, kept, getattr(sign_in, given))
    row.people_sign_in = sign_in.people_sign_in


def keep_secrets(row: ExternalSystem, sign_in: SignIn, *, url: str) -> bool:
    """Put the secrets that are given and differ into the row, which still has the former sign-in; say whether any did.

    BadInput where one is missing, or may not stay because it would go to another address or for another user.
    """
    moved = _moved(row, sign_in, url=url)
    by_password = sign_in.kind == OAUTH2 and sign_in.grant == PASSWORD
    # An OAuth2 client's secret may come later: up to 2.41 DHIS2 makes it, from 2.42 on `oauth-client` does. The
    # password or token of another way to sign in is no client's secret.
    becomes_client = sign_in.kind == OAUTH2 and row.auth_kind != OAUTH2
    former = b"" if becomes_client else bytes(row.sealed_secret)
    first = _sealed(row, former, sign_in.secret, moved=moved, optional=sign_in.kind == OAUTH2)
    second = (
        _sealed(row, bytes(row.sealed_password), sign_in.password, moved=moved, optional=False) if by_password else b""
    )
    anew = (first, second) != (bytes(row.sealed_secret), bytes(row.sealed_password))
    row.sealed_secret, row.sealed_password = first, second
    return anew


def _moved(row: ExternalSystem, sign_in: SignIn, *, url: str) -> str:
    if row.url != url:
        return "address"
    return next((name for name, kept, given in _FIELDS if getattr(row, kept) != getattr(sign_in, given)), "")


def _sealed(row: ExternalSystem, sealed: bytes, secret: str | None, *, moved: str, optional: bool) -> bytes:
    """Give what the row is to hold: the same bytes where the secret is the same."""
    if secret is not None:
        return sealed if sealed and opens_to(sealed, secret) else seal(secret)
    if not sealed:
        if optional:
            return b""
        raise BadInput(
            f'The external system "{row.code}" needs a password or token.',
            code="secret-missing",
            next_step="Give the password of the user, or a personal access token.",
        )
    if moved:
        # Else whoever may change an address could have the stored password sent to a host of their own.
        raise BadInput(
            f'The {moved} of the external system "{row.code}" changes, so its password, token or client secret is '
            "needed again.",
            code="secret-needed-again",
            next_step="Give the secret together with the change.",
        )
    return sealed
