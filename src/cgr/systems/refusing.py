"""What isn't done with a system, in words: work with a disabled one, OAuth2 with a version that can't (R2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgr.core.errors import BadInput
from cgr.dhis2.compatibility import oauth_refusal
from cgr.dhis2.versions import parse_version
from cgr.systems.signing_in import OAUTH2

if TYPE_CHECKING:
    from cgr.systems.models import ExternalSystem


def refuse_disabled(system: ExternalSystem) -> None:
    """Refuse to work with a system that somebody disabled."""
    if not system.enabled:
        raise BadInput(
            f'The external system "{system.code}" is disabled, so nothing is read from it or sent to it.',
            code="system-disabled",
            next_step=f"Ask who disabled it; an administrator enables it again: cgr system enable {system.code}",
        )


def refuse_oauth(system: ExternalSystem, *, version: str = "") -> None:
    """Refuse OAuth2 for a version, or that last seen, that can't do it; an unknown one is let through."""
    shown = version or system.version
    if system.auth_kind != OAUTH2 or not shown:
        return
    try:
        reason = oauth_refusal(parse_version(shown))
    except ValueError:
        return  # whoever reads the version complains of it
    if reason is not None:
        raise BadInput(
            reason,
            code="oauth-version",
            next_step="Register the system with basic sign-in (user name and password), or have that DHIS2 upgraded.",
        )
