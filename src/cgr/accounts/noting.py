"""Logs what people do to their own accounts: those flows are allauth's and Django's, and announce themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth import signals as auth

from cgr.audit import actions as audit

if TYPE_CHECKING:
    from cgr.accounts.models import User


def listen() -> None:
    """Begin; Django calls it once, when it is set up."""
    for signal, action, kind in (
        (auth.user_logged_in, "sign in", "session"),
        (auth.user_logged_out, "sign out", "session"),
        (account.password_changed, "set password", "user"),
        (account.password_reset, "set password", "user"),
        (mfa.authenticator_added, "add second factor", "user"),
        (mfa.authenticator_removed, "remove second factor", "user"),
        (mfa.authenticator_reset, "renew second factor", "user"),
    ):
        signal.connect(_noting(action, kind), weak=False, dispatch_uid=f"{id(signal)} {action}")


def _noting(action: str, kind: str) -> Any:  # noqa: ANN401 - what signals take
    def note(*, user: User | None, authenticator: Any = None, **_: object) -> None:  # noqa: ANN401 - allauth has no types
        if user is None:  # somebody signs out who wasn't signed in
            return
        after = None if authenticator is None else {"factor": authenticator.type}
        audit.record(user.username, action, kind=kind, subject=user.username, after=after)

    return note
