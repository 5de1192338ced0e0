"""Which DHIS2 versions can be used for what (R2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgr.dhis2.versions import Version


def oauth_refusal(version: Version) -> str | None:
    """Say why this version can't be signed in to by OAuth2, and what to use instead; None when it can."""
    if version[:3] not in {(2, 35, 0), (2, 35, 1)}:
        return None
    name = ".".join(str(part) for part in version)
    return (
        f"DHIS2 {name} can't be signed in to by OAuth2: the page on which a person consents is missing in 2.35.0 and "
        "2.35.1. Sign in with user name and password, or upgrade to 2.35.2."
    )
