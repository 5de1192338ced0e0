"""Which DHIS2 versions we work with, for what, and how we know: the table of R2.3, for pages, documents and checks.

It says what a version offers to us; how it behaves in detail is `versions.py`. Sources: verified facts S11 to S13 and
O11, api.md §1, and the table of the manual page that the requirements restate. Unknown newer versions are warned of,
not refused; those before the first row are refused.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from cgr.dhis2.versions import Version, version_text


class Answer(StrEnum):
    """Whether something works with a version; `SWITCHED_ON`: only once that DHIS2's administrator allows it."""

    YES = "yes"
    NO = "no"
    SWITCHED_ON = "if switched on"
    EXPECTED = "expected"


class Compatibility(Struct, frozen=True):
    """One row: the versions from `first` on up to the next row.

    `verified`: how we know, in words. `notes`: what to know about a "no" or a condition.
    """

    name: str
    first: Version
    verified: str
    oauth2: Answer
    tokens: Answer
    importing: Answer = Answer.YES
    syncing: Answer = Answer.YES
    notes: str = ""


_SOURCE = "read from DHIS2's source"
_RECORDED = "exchanges recorded on a real"
_NO_CONSENT = (
    "The page on which a person consents to OAuth2 is missing in 2.35.0 and 2.35.1, so signing in by OAuth2 ends in an"
    " error there; it is back in 2.35.2."
)
_TOKEN_SWITCH = "Personal access tokens: enable.api_token.authentication = on in dhis.conf."  # noqa: S105 - no secret
_OAUTH2_SWITCH = "OAuth2: oauth2.server.enabled = on and server.base.url in dhis.conf."

_YES, _NO, _SWITCHED_ON, _EXPECTED = Answer.YES, Answer.NO, Answer.SWITCHED_ON, Answer.EXPECTED
_ROWS = (
    Compatibility("2.31", (2, 31), f"{_RECORDED} 2.31.9, OAuth2 included", _YES, _NO),
    Compatibility("2.32", (2, 32), f"{_SOURCE}; OAuth2 by the earlier registry with 2.32.7", _YES, _NO),
    Compatibility("2.33", (2, 33), f"{_SOURCE}; OAuth2 by the earlier registry with 2.33.7", _YES, _NO),
    Compatibility("2.34", (2, 34), f"{_RECORDED} 2.34.2, OAuth2 included", _YES, _NO),
    Compatibility(
        "2.35.0, 2.35.1",
        (2, 35, 0),
        f"{_SOURCE}; the earlier registry failed with OAuth2 too",
        _NO,
        _NO,
        notes=_NO_CONSENT,
    ),
    Compatibility("2.35.2 and later 2.35", (2, 35, 2), _SOURCE, _YES, _NO),
    Compatibility("2.36", (2, 36), f"{_RECORDED} 2.36.13, OAuth2 included", _YES, _NO),
    Compatibility("2.37", (2, 37), _SOURCE, _YES, _SWITCHED_ON, notes=_TOKEN_SWITCH),
    Compatibility(
        "2.38", (2, 38), f"{_RECORDED} 2.38.7; OAuth2 by password too, by consent page {_SOURCE}", _YES, _YES
    ),
    Compatibility("2.39", (2, 39), _SOURCE, _YES, _YES),
    Compatibility(
        "2.40", (2, 40), f"{_RECORDED} 2.40.12; OAuth2 by password too, by consent page {_SOURCE}", _YES, _YES
    ),
    Compatibility("2.41", (2, 41), _SOURCE, _YES, _YES),
    Compatibility("2.42", (2, 42), f"{_RECORDED} 2.42.5.2, OAuth2 included", _SWITCHED_ON, _YES, notes=_OAUTH2_SWITCH),
    Compatibility("2.43", (2, 43), f"{_RECORDED} 2.43.1, OAuth2 included", _SWITCHED_ON, _YES, notes=_OAUTH2_SWITCH),
    Compatibility(
        "2.44 and newer",
        (2, 44),
        "not yet; treated like 2.43",
        _EXPECTED,
        _EXPECTED,
        _EXPECTED,
        _EXPECTED,
        notes="Look at a preview before the first run.",
    ),
)

OLDEST = _ROWS[0].name
NEWEST_VERIFIED = _ROWS[-2].name


def compatibility_table() -> tuple[Compatibility, ...]:
    """Give all rows, oldest version first."""
    return _ROWS


def compatibility_of(version: Version) -> Compatibility | None:
    """Give the row of a version; None for one that is too old for us."""
    release = _release(version)
    return next((row for row in reversed(_ROWS) if row.first <= release), None)


def version_refusal(version: Version) -> str | None:
    """Say that this version is too old to be used at all; None when it isn't."""
    if compatibility_of(version) is not None:
        return None
    return f"DHIS2 {version_text(version)} is older than {OLDEST}, the oldest version that can be used."


def oauth_refusal(version: Version) -> str | None:
    """Say why this version can't be signed in to by OAuth2, and what to use instead; None when it can."""
    row = compatibility_of(version)
    if row is None:
        return version_refusal(version)
    if row.oauth2 is not Answer.NO:
        return None
    return (
        f"DHIS2 {version_text(version)} can't be signed in to by OAuth2. {row.notes} Sign in with user name and "
        "password, or upgrade that DHIS2."
    )


def version_warnings(version: Version) -> tuple[str, ...]:
    """Give what a person should know about this version before the first run."""
    row = compatibility_of(version)
    if row is not None and row.importing is Answer.EXPECTED:
        verified = f"those verified ({OLDEST} to {NEWEST_VERIFIED})"
        return (f"Version {version_text(version)} is newer than {verified}; look at a preview first.",)
    refusal = oauth_refusal(version)
    return (refusal,) if refusal else ()


def _release(version: Version) -> Version:
    """Read a bare `2.35` as 2.35.0: a tuple compares as older than the same with a zero behind it."""
    return version if len(version) > 2 else (*version, 0)  # noqa: PLR2004 - major and minor
