"""Pages that ask for the password or a one-time code again, unless that was a few minutes ago."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from allauth.account.decorators import reauthentication_required

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    View: TypeAlias = Callable[..., HttpResponse]


def confirmed(view: View) -> View:
    """Let a page through to who is signed in and has just confirmed it: what it does could take an account over."""
    wrapped: View = reauthentication_required(view)
    return wrapped
