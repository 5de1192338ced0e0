"""What a password and an e-mail address have to be like, wherever they are entered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from cgr.accounts.models import User


def check_password(password: str, user: User) -> None:
    """Refuse with BadInput a password that is easy to guess for this person."""
    try:
        validate_password(password, user)
    except ValidationError as refused:
        raise BadInput(
            f"The password can't be used. {' '.join(refused.messages)}",
            code="weak-password",
            next_step="Choose a longer one that isn't a common word or like the name.",
        ) from refused


def check_email(email: str) -> None:
    """Refuse with BadInput what isn't an e-mail address; nothing at all is fine."""
    if not email:
        return
    try:
        validate_email(email)
    except ValidationError as refused:
        raise BadInput(
            f'"{email}" isn\'t an e-mail address.',
            code="bad-email",
            next_step="Write it as name@example.org, or leave it out.",
        ) from refused
