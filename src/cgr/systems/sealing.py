"""Passwords and tokens at rest: encrypted with the instance's keys, opened only to sign in (R1.1).

The first key encrypts, all of them decrypt, so that keys can be changed without asking anybody for a password again.
"""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

from cgr.core.errors import BadInput


class SealedField(models.BinaryField):  # type: ignore[type-arg] # generic for the checker alone
    """A column of sealed values, empty where there is none; `cgr secrets rotate` finds them by this class."""


def seal(secret: str) -> bytes:
    """Encrypt a secret for the database."""
    return _keys().encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """Open a sealed secret; BadInput when none of the keys made it or it was changed since."""
    try:
        return _keys().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise BadInput(
            "The stored secret can't be opened with the keys of this instance.",
            code="secret-unreadable",
            next_step="Put the key that sealed it back into CGR_SECRET_KEYS, or enter the password or token again.",
        ) from error


def sealed_with_first_key(sealed: bytes) -> bool:
    """Say whether the key that encrypts now made it."""
    try:
        Fernet(settings.SECRET_KEYS[0]).decrypt(bytes(sealed))
    except InvalidToken:
        return False
    return True


def opens_to(sealed: bytes, secret: str) -> bool:
    """Say whether a sealed secret is this one; not so when it was sealed with a key that is gone."""
    try:
        return unseal(sealed) == secret
    except BadInput:
        return False  # entering the secret again is the cure


def _keys() -> MultiFernet:
    try:
        keys = [Fernet(key) for key in settings.SECRET_KEYS]
    except ValueError as error:
        raise _bad_keys("A key in CGR_SECRET_KEYS has the wrong shape.") from error
    if not keys:
        raise _bad_keys("There is no key to encrypt secrets with.")
    return MultiFernet(keys)


def _bad_keys(message: str) -> BadInput:
    return BadInput(
        message,
        code="secret-keys",
        next_step="Give keys of 32 random bytes in URL-safe base64, separated by blanks: the first one encrypts.",
    )
