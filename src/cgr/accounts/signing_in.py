"""How signing in behaves where it isn't as allauth has it: nobody registers themselves, nothing tells who exists.

allauth does the flows (password, one-time code, reset); these are the points at which it asks.
"""

from __future__ import annotations

import logging
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy

from cgr.accounts.models import User
from cgr.audit import actions as audit
from cgr.core.errors import BadInput

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from django.http import HttpRequest

_log = logging.getLogger(__name__)


def can_send_links() -> bool:
    """Say whether a link for a new password can be sent: there is a mail server, and our address is known for sure.

    Where any host name is answered, whoever asks chooses the name, and a link with it could lead elsewhere.
    """
    return settings.EMAIL_CONFIGURED and bool(settings.PUBLIC_URL or "*" not in settings.ALLOWED_HOSTS)


class SignIn(DefaultAccountAdapter):  # type: ignore[misc] # allauth says nothing of its types
    """Accounts."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("The sign-in name or the password is wrong."),
        "too_many_login_attempts": gettext_lazy("Too many failed attempts. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - the signature allauth calls
        """Nobody registers themselves."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Build the link with our own address, not with the one that the request came to."""
        url: str = super().get_reset_password_from_key_url(key)
        return settings.PUBLIC_URL + urlsplit(url).path if settings.PUBLIC_URL else url

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send beside the request: how long it takes, and whether it works, would tell that there is an account."""
        if can_send_links():
            message = self.render_mail(template_prefix, email, context)
            Thread(target=_deliver, args=(message,), name="mail").start()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:  # noqa: ANN401, ARG002 - as allauth calls it
        """Log a wrong password, for a name that exists only: people type passwords into the wrong field."""
        name = str(credentials.get("username", ""))
        if User.objects.filter(username=name).exists():
            audit.record(name, "fail to sign in", kind="session", subject=name)


def _deliver(message: EmailMessage) -> None:
    try:
        message.send()
    except OSError as error:  # smtplib's errors are among them
        _log.warning("An e-mail couldn't be sent: %s", type(error).__name__)


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc] # allauth says nothing of its types
    """One-time codes: their seeds are encrypted with the instance's keys, as all secrets are."""

    def get_totp_label(self, user: User) -> str:
        """Show the sign-in name in the app on the telephone."""
        return user.username

    def encrypt(self, text: str) -> str:
        """Seal a seed for the database."""
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a seed; BadInput when none of the keys made it."""
        try:
            return _keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise BadInput(
                "The second factor can't be checked with the keys of this instance.",
                code="secret-unreadable",
                next_step="Put the key that sealed it back into CGR_SECRET_KEYS, or remove the second factor: "
                "cgr user reset-second-factor NAME",
            ) from error


@transaction.atomic
def reseal() -> tuple[int, int]:
    """Encrypt all seeds with the first of the instance's keys, so that the others can go.

    Gives how many got it now, and how many had it. BadInput for one that no key opens.
    """
    factors = SecondFactor()
    first = Fernet(settings.SECRET_KEYS[0])
    resealed = current = 0
    for row in Authenticator.objects.select_for_update().order_by("pk"):
        sealed = {name: row.data[name] for name in ("secret", "seed") if name in row.data}
        if all(_opens(first, text) for text in sealed.values()):
            current += 1
            continue
        row.data |= {name: factors.encrypt(factors.decrypt(text)) for name, text in sealed.items()}
        row.save(update_fields=["data"])
        resealed += 1
    return resealed, current


def _opens(key: Fernet, text: str) -> bool:
    try:
        key.decrypt(text.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECRET_KEYS])
