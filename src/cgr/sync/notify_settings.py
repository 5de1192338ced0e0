"""The notices that a configuration asks for, saved beside its mapping: the webhook's secret sealed and never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cgr.core.errors import BadInput
from cgr.core.notices import Notify, check_notify
from cgr.systems.addresses import webhook_url
from cgr.systems.sealing import opens_to, seal

if TYPE_CHECKING:
    from cgr.sync.models import SyncConfig


class NotifyGiven(Struct, frozen=True):
    """What somebody asks for. `webhook_secret` None: the one that is kept stays."""

    notify: Notify
    webhook_secret: str | None = None


def put_notify(row: SyncConfig, given: NotifyGiven | None) -> bool:
    """Put it into the row, unsaved, None ending all notices; say whether another secret was sealed. BadInput."""
    if given is None:
        row.notify, row.sealed_webhook_secret = {}, b""
        return False
    notify = check_notify(given.notify)
    former = row.notify.get("webhook")
    if notify.webhook is None:
        row.notify, row.sealed_webhook_secret = _stored(notify), b""
        return False
    url = webhook_url(notify.webhook.url)
    row.notify = _stored(msgspec.structs.replace(notify, webhook=msgspec.structs.replace(notify.webhook, url=url)))
    if given.webhook_secret is None:
        _check_secret_may_stay(row, moved=former != row.notify["webhook"])
        return False
    if row.sealed_webhook_secret and opens_to(bytes(row.sealed_webhook_secret), given.webhook_secret):
        return False
    row.sealed_webhook_secret = seal(given.webhook_secret)
    return True


def _stored(notify: Notify) -> dict[str, object]:
    stored: dict[str, object] = msgspec.json.decode(msgspec.json.encode(notify))
    return stored


def _check_secret_may_stay(row: SyncConfig, *, moved: bool) -> None:
    if not row.sealed_webhook_secret:
        raise BadInput(
            f'The webhook of "{row.code}" needs a secret to sign with.',
            code="secret-missing",
            next_step="Give it as secret: {env: NAME} or secret: {file: PATH}, and the same to the receiver.",
        )
    if moved:
        # Else whoever may change an address could have a host of their own get what only the secret's holders can make.
        raise BadInput(
            f'The url of the webhook of "{row.code}" changes, so its secret is needed again.',
            code="secret-needed-again",
            next_step="Give the secret together with the change.",
        )
