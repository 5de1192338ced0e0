"""Headers that keep a page from loading or running anything that isn't ours (no CDN, no inline script)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.deprecation import MiddlewareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class SecurityHeaders(MiddlewareMixin):
    """Adds the content security policy to every answer; Django's own middleware adds the older headers."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002 - the signature Django calls
        """Set the policy."""
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response
