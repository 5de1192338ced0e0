"""Headers that keep a page from loading or running anything that isn't ours (no CDN, no inline script or style)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.deprecation import MiddlewareMixin

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
_WITH_BASEMAP = f"{CONTENT_SECURITY_POLICY}; connect-src 'self' {{0}}"
"""A map fetches its tiles; pictures of elsewhere on the page stay forbidden."""
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeaders(MiddlewareMixin):
    """Adds to every answer what Django's own middleware doesn't; files of the package are answered inside of it."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002 - the signature Django calls
        """Set the policies. Pages aren't kept by browsers: offices share computers."""
        basemap = settings.BASEMAP
        response["Content-Security-Policy"] = (
            _WITH_BASEMAP.format(basemap.origin) if basemap else CONTENT_SECURITY_POLICY
        )
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response.setdefault("X-Frame-Options", "DENY")
        if response.get("Content-Type", "").startswith(("text/html", "text/csv")):
            response["Cache-Control"] = "no-store, private"
        return response
