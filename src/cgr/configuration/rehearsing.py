"""A configuration as it is rehearsed: with sandboxes in place of real systems, and nothing else that reaches out.

A rehearsal has an instance of its own, so that neither ids nor runs nor what both sides agreed on mix with real ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from cgr.core.errors import BadInput
from cgr.systems.addresses import base_url
from cgr.systems.signing_in import BASIC, SignIn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cgr.configuration.document import Document
    from cgr.systems.models import ExternalSystem

SANDBOX: Final = SignIn(BASIC, "admin", "district")
"""How every sandbox is signed in to; `cgr sandbox serve` prints it."""
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def rehearsed(document: Document, sandboxes: Mapping[str, str]) -> Document:
    """Give the document with sandboxes by system; BadInput when the file has no such system.

    Other systems and what synchronises with them are left out, and so are schedules and notices: a rehearsal begins
    when somebody begins it, and tells nobody.
    """
    absent = sorted(sandboxes.keys() - {entry.code for entry in document.systems})
    if absent:
        raise BadInput(
            f'The file has no system "{absent[0]}" that could be rehearsed with.',
            code="rehearsal",
            next_step="Name a system of the file, as in --rehearse hmis=http://127.0.0.1:8085.",
        )
    return msgspec.structs.replace(
        document,
        systems=tuple(
            msgspec.structs.replace(entry, url=sandboxes[entry.code], enabled=True)
            for entry in document.systems
            if entry.code in sandboxes
        ),
        syncs=tuple(
            msgspec.structs.replace(entry, schedule=None, notify=None)
            for entry in document.syncs
            if entry.system in sandboxes
        ),
    )


def refuse_real_systems(registered: Iterable[ExternalSystem], sandboxes: Mapping[str, str]) -> None:
    """BadInput when an address leads off this machine, or when this instance has a system that isn't a sandbox."""
    addresses = {code: base_url(url) for code, url in sandboxes.items()}
    for code, url in addresses.items():
        if urlsplit(url).hostname not in _THIS_MACHINE:
            raise BadInput(
                f'"{code}" would be rehearsed with {url}, which isn\'t on this machine.',
                code="rehearsal",
                next_step="Serve a copy here (cgr sandbox serve) and give its address, like http://127.0.0.1:8085.",
            )
    for row in registered:
        if row.url != addresses.get(row.code):
            raise BadInput(
                f'This instance has the external system "{row.code}" at {row.url}: it is no place for a rehearsal.',
                code="rehearsal",
                next_step="Rehearse in an instance of its own: an empty CGR_DATA_DIR, and no DATABASE_URL.",
            )
