"""Every way in which talking to a DHIS2 can go wrong, as one table: code → what has to happen next, and what to do.

The classes come from `cgr.core.errors` and say what a run does (wait, stop for a person, stop as broken); the code is
what scripts and the documentation look up; the message is written where it happens, because only there the object is
known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from cgr.core.errors import BadInput, CgrError, NeedsPerson, ProtocolBroken, TryLater

if TYPE_CHECKING:
    from datetime import timedelta

Kind: TypeAlias = type[BadInput] | type[TryLater] | type[NeedsPerson] | type[ProtocolBroken]

BAD_ADDRESS = "bad-address"
BAD_CREDENTIALS = "bad-credentials"
ADDRESS_NOT_ALLOWED = "address-not-allowed"
NAME_NOT_RESOLVED = "name-not-resolved"
NAME_SERVICE_AWAY = "name-service-away"
CONNECTION_REFUSED = "connection-refused"
NO_CONNECTION = "no-connection"
TLS_FAILED = "tls-failed"
CONNECT_TIME_OUT = "connect-time-out"
TIME_OUT = "time-out"
CONNECTION_CUT = "connection-cut"
REDIRECT_TO_LOGIN = "redirect-to-login"
REDIRECT_ELSEWHERE = "redirect-elsewhere"
WRONG_CREDENTIALS = "wrong-credentials"
ACCOUNT_LOCKED = "account-locked"
ACCOUNT_DISABLED = "account-disabled"
TWO_FACTOR = "two-factor"
SIGN_IN_AGAIN = "sign-in-again"
OAUTH_NOT_OFFERED = "oauth-not-offered"
OAUTH_ELSEWHERE = "oauth-elsewhere"
OAUTH_CLIENT_REFUSED = "oauth-client-refused"
OAUTH_GRANT_REFUSED = "oauth-grant-refused"
OAUTH_CODE_REFUSED = "oauth-code-refused"
ID_TOKEN_INVALID = "id-token-invalid"  # noqa: S105 - the name of an error, not a secret
FORBIDDEN = "forbidden"
NOT_FOUND = "not-found"
NOT_DHIS2 = "not-dhis2"
REQUEST_REFUSED = "request-refused"
REQUEST_TOO_LARGE = "request-too-large"
BUSY = "busy"
SERVER_ERROR = "server-error"
SERVER_AWAY = "server-away"
UNEXPECTED_STATUS = "unexpected-status"
NOT_JSON = "not-json"
TRUNCATED_JSON = "truncated-json"
EMPTY_REPLY = "empty-reply"
UNKNOWN_SHAPE = "unknown-shape"
REPLY_TOO_LARGE = "reply-too-large"
UNKNOWN_VERSION = "unknown-version"
VERSION_TOO_OLD = "version-too-old"
LIST_CUT_SHORT = "list-cut-short"
UNITS_CHANGED = "units-changed-while-reading"
IMPORT_IGNORED = "import-ignored"
IMPORT_COUNT_DIFFERS = "import-count-differs"
GEOMETRY_UNSUPPORTED = "geometry-unsupported"


class Fault(Struct, frozen=True):
    """One row of the table: what a run does about it, and what a person can do."""

    kind: Kind
    next_step: str


_ADDRESS = (
    "Check the address of the external system: it is the one under which DHIS2's start page opens, "
    "with its path if it has one (https://hmis.example.org/dhis)."
)
_WAIT = "Wait a little and run it again; if it stays so, ask the people who run that DHIS2."
_ASK_THEM = "Ask the people who run that DHIS2 to look at its log for this moment."
_NOT_OURS = (
    "Run it again; if it stays so, report it with this message: something between us and DHIS2 changes its replies."
)

FAULTS: dict[str, Fault] = {
    BAD_ADDRESS: Fault(BadInput, _ADDRESS),
    BAD_CREDENTIALS: Fault(BadInput, "Enter the user name and password, or the token, again."),
    ADDRESS_NOT_ALLOWED: Fault(
        NeedsPerson, "Use a public address, or have the operator set CGR_ALLOW_PRIVATE_NETWORKS=true for private ones."
    ),
    NAME_NOT_RESOLVED: Fault(NeedsPerson, _ADDRESS),
    NAME_SERVICE_AWAY: Fault(TryLater, "Check this machine's network and name service (DNS), then run it again."),
    CONNECTION_REFUSED: Fault(TryLater, "Check the port in the address, and whether that DHIS2 is running."),
    NO_CONNECTION: Fault(TryLater, "Check this machine's network and the firewalls on the way, then run it again."),
    TLS_FAILED: Fault(
        NeedsPerson,
        "Check that the address begins with the right one of http and https, and that the server's certificate is "
        "valid; a certificate of an own authority has to be trusted by this machine (SSL_CERT_FILE).",
    ),
    CONNECT_TIME_OUT: Fault(TryLater, "Check the address and the firewalls on the way, then run it again."),
    TIME_OUT: Fault(TryLater, _WAIT),
    CONNECTION_CUT: Fault(TryLater, _WAIT),
    REDIRECT_TO_LOGIN: Fault(NeedsPerson, "Check the user name and password, or the token, of the external system."),
    REDIRECT_ELSEWHERE: Fault(
        NeedsPerson, "If the server has moved, enter its new address; the password is never sent to another host."
    ),
    WRONG_CREDENTIALS: Fault(
        NeedsPerson,
        "Enter the credentials again. They are never tried twice by themselves, because DHIS2 may lock the account. "
        "Personal access tokens need DHIS2 2.38 or later, or 2.37 where they are switched on.",
    ),
    ACCOUNT_LOCKED: Fault(
        NeedsPerson, "Wait 15 minutes, or have a DHIS2 administrator unlock the account; then correct the password."
    ),
    ACCOUNT_DISABLED: Fault(NeedsPerson, "Have a DHIS2 administrator enable the account or prolong it."),
    TWO_FACTOR: Fault(NeedsPerson, "Use a personal access token, or an account of its own without two-factor sign-in."),
    SIGN_IN_AGAIN: Fault(
        NeedsPerson,
        "Sign in to that DHIS2 again (cgr system authorize, or the page of the external system); a run that stopped "
        "can then be resumed.",
    ),
    OAUTH_NOT_OFFERED: Fault(
        NeedsPerson,
        "In dhis.conf of that DHIS2 set oauth2.server.enabled = on and server.base.url (2.42 and later), or "
        "oauth2.authorization.server.enabled = on (2.36 to 2.41), and restart it; or use a personal access token.",
    ),
    OAUTH_ELSEWHERE: Fault(
        NeedsPerson,
        "Have server.base.url in dhis.conf of that DHIS2 set to the address under which it is registered here; secrets "
        "are never sent to another one.",
    ),
    OAUTH_CLIENT_REFUSED: Fault(
        NeedsPerson,
        "Compare the OAuth2 client in that DHIS2 with `cgr system oauth-client`: id, secret, and from 2.42 on the "
        "secret as bcrypt text of strength 10 or more.",
    ),
    OAUTH_GRANT_REFUSED: Fault(
        NeedsPerson, "Give the OAuth2 client in that DHIS2 the grant types that `cgr system oauth-client` shows."
    ),
    OAUTH_CODE_REFUSED: Fault(NeedsPerson, "Begin signing in again; a code can be used once, for some minutes."),
    ID_TOKEN_INVALID: Fault(
        NeedsPerson, "Begin signing in again; if it stays so, have that DHIS2's clock and server.base.url checked."
    ),
    FORBIDDEN: Fault(
        NeedsPerson, "Have a DHIS2 administrator give the account what it lacks; `cgr system check` names it."
    ),
    NOT_FOUND: Fault(
        NeedsPerson, "Check whether it still exists in DHIS2, and correct the configuration that names it."
    ),
    NOT_DHIS2: Fault(NeedsPerson, _ADDRESS),
    REQUEST_REFUSED: Fault(ProtocolBroken, _NOT_OURS),
    REQUEST_TOO_LARGE: Fault(
        NeedsPerson,
        "Have the limit of the proxy before DHIS2 raised (nginx: client_max_body_size), or send fewer units at once.",
    ),
    BUSY: Fault(TryLater, _WAIT),
    SERVER_ERROR: Fault(TryLater, _ASK_THEM),
    SERVER_AWAY: Fault(TryLater, _WAIT),
    UNEXPECTED_STATUS: Fault(ProtocolBroken, _NOT_OURS),
    NOT_JSON: Fault(ProtocolBroken, _ADDRESS),
    TRUNCATED_JSON: Fault(ProtocolBroken, _NOT_OURS),
    EMPTY_REPLY: Fault(ProtocolBroken, _NOT_OURS),
    UNKNOWN_SHAPE: Fault(ProtocolBroken, _NOT_OURS),
    REPLY_TOO_LARGE: Fault(ProtocolBroken, _ADDRESS),
    UNKNOWN_VERSION: Fault(ProtocolBroken, _ADDRESS),
    VERSION_TOO_OLD: Fault(NeedsPerson, "Have that DHIS2 upgraded first; what it would do with our data is unknown."),
    LIST_CUT_SHORT: Fault(
        ProtocolBroken,
        "Nothing is concluded from the part that was shown. In DHIS2 look for a unit that is its own parent or "
        "hangs below itself, and have it repaired in the database.",
    ),
    UNITS_CHANGED: Fault(TryLater, "Run it again, at a time when nobody deletes organisation units in DHIS2."),
    IMPORT_IGNORED: Fault(ProtocolBroken, _NOT_OURS),
    IMPORT_COUNT_DIFFERS: Fault(TryLater, "What DHIS2 stored is read back before anything else is sent."),
    GEOMETRY_UNSUPPORTED: Fault(BadInput, "Leave the geometry of this level out, or give it points or areas."),
}


def fault(code: str, message: str, *, retry_after: timedelta | None = None, sent: bool = False) -> CgrError:
    """Make the error of a row; `retry_after` and `sent` matter only to those that wait."""
    row = FAULTS[code]
    if row.kind is TryLater:
        return TryLater(message, code=code, next_step=row.next_step, retry_after=retry_after, sent=sent)
    return row.kind(message, code=code, next_step=row.next_step)
