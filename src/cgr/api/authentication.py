"""Who asks: a program by its token, or a person by the session of the pages, who then proves that a page of ours asks.

What comes of it is an Actor; nothing below the API knows how somebody came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.core.internal import ratelimit  # its public face counts no GET, and a guess is mostly one
from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from cgr.accounts.actors import actor_of, actor_of_token
from cgr.api.problems import WrongRequest, too_many_requests
from cgr.core.errors import NotAllowed

if TYPE_CHECKING:
    from cgr.accounts.actors import Actor


class ApiRequest(HttpRequest):
    """A request as operations see it: `auth` is who asks."""

    auth: Actor


class BearerToken(HttpBearer):
    """A personal API token, in the header Authorization."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        """Give the actor of the token; a guess too many is told to wait, whatever comes next."""
        try:
            return actor_of_token(token)
        except NotAllowed:
            if not ratelimit.consume(request, app="allauth.account", action="api_token", limit_get=True):
                raise too_many_requests() from None
            raise


class Session(APIKeyCookie):
    """The session of somebody who is signed in to the pages; what changes something needs the CSRF token, too."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """Give the actor, or None when nobody is signed in."""
        if not request.user.is_authenticated:
            return None
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor:  # noqa: ARG002 - the signature of ninja
        """Refuse what a page of somebody else has a browser send."""
        if check_csrf(request) is not None:
            raise WrongRequest(
                "The request doesn't prove that it comes from a page of this registry.",
                code="csrf-failed",
                next_step="Send the header X-CSRFToken with the token of the page; programs use an API token instead.",
            )
        return actor_of(request.user)
