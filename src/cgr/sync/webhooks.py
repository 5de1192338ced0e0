"""Post a summary to a webhook: signed, to no address that a DHIS2 could not have, following no redirect (R9.5, R1.3).

The receiver checks `CGR-Signature` against HMAC-SHA256 over "timestamp.body" with the shared secret, and that the
timestamp is recent, so that nobody else can send it and nobody can send it again later.
"""

from __future__ import annotations

import hashlib
import hmac
from time import time
from typing import TYPE_CHECKING

import httpx2
import stamina
from django.conf import settings

from cgr.core.errors import NeedsPerson, TryLater
from cgr.dhis2.network import CheckedTransport, deadline

if TYPE_CHECKING:
    from collections.abc import Mapping

_ATTEMPTS = 4
_PATIENCE_S = 30.0
"""For all attempts: whoever waits for the run shall not wait long for a receiver that is away."""

_ONE_ATTEMPT_S = 10.0
_IN_PASSING = frozenset({408, 425, 429})


def post(url: str, body: bytes, *, secret: str) -> None:
    """Deliver the JSON document; NeedsPerson when the receiver refuses it, TryLater when it is away for too long."""
    transport = CheckedTransport(allow_private=settings.ALLOW_PRIVATE_NETWORKS)
    with httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=_ONE_ATTEMPT_S) as http:
        for attempt in stamina.retry_context(on=TryLater, attempts=_ATTEMPTS, timeout=_PATIENCE_S, wait_initial=0.5):
            with attempt:
                _try(http, url, body, secret)


def signed(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    """Give the headers by which the receiver knows that the document is ours and new."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"CGR-Timestamp": str(timestamp), "CGR-Signature": f"sha256={digest}"}


def _try(http: httpx2.Client, url: str, body: bytes, secret: str) -> None:
    headers: Mapping[str, str] = {
        "Content-Type": "application/json",
        "User-Agent": "cgr",
        **signed(body, secret=secret, timestamp=int(time())),
    }
    host = url.split("/", 3)[2]
    try:
        # Only the status counts, so not a byte of the reply's body is read.
        with deadline(_ONE_ATTEMPT_S), http.stream("POST", url, content=body, headers=headers) as response:
            status = response.status_code
    except httpx2.InvalidURL as error:
        raise _refused(f"{host} can't be contacted: {error}.") from error
    except httpx2.HTTPError as error:
        raise _away(f"{host} could not be reached: {error}.") from error
    if httpx2.codes.is_success(status):
        return
    if httpx2.codes.is_server_error(status) or status in _IN_PASSING:
        raise _away(f"{host} answered {status}.")
    what = "wants to send us elsewhere, which isn't followed" if httpx2.codes.is_redirect(status) else "refuses it"
    raise _refused(f"{host} {what}: it answered {status}.")


def _refused(message: str) -> NeedsPerson:
    return NeedsPerson(
        message,
        code="webhook-refused",
        next_step="Check the webhook's url and secret, in the configuration and at the receiver.",
    )


def _away(message: str) -> TryLater:
    return TryLater(
        message, code="webhook-away", next_step="Check the webhook's url and whether the receiver runs.", sent=True
    )
