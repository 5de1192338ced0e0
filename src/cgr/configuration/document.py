"""The configuration file of `contract.md`: its shape, and reading it strictly with errors that name line and entry."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, Struct, UnsetType

from cgr.configuration.strict_reading import read_strictly
from cgr.core.definitions import HierarchyDefinition, Label, SyncDefinition, TermTreeDefinition, Tree, TypeDefinition
from cgr.core.errors import BadInput
from cgr.core.notices import Ending, Notify, Webhook
from cgr.systems.signing_in import SignInGiven

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reference(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret is: in an environment variable or in a file; never in the configuration itself."""

    env: str | None = None
    file: str | None = None


class OrganizationEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One organization."""

    code: str
    label: Label


class HierarchyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One hierarchy: types by code, each holding the types below it; nothing below may be left empty."""

    code: str
    organization: str
    label: Label
    tree: dict[str, dict[str, object] | None] = {}
    inherits: str | UnsetType | None = UNSET

    def definition(self) -> HierarchyDefinition:
        """Give what the registry saves; BadInput for a branch that isn't a mapping of types."""
        return HierarchyDefinition(self.code, self.organization, self.label, self._branch(self.tree), self.inherits)

    def _branch(self, below: object) -> Tree:
        if below is None:
            return {}
        if not isinstance(below, dict):
            raise _refused(f'The tree of hierarchy "{self.code}" holds something else where types are expected.')
        return {code: self._branch(inner) for code, inner in below.items()}


class AuthEntry(SignInGiven[Reference], frozen=True, forbid_unknown_fields=True):
    """How to sign in to a system. The secret may be left out where the system is registered already."""


class SystemEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One external system."""

    code: str
    organization: str
    label: Label
    url: str
    auth: AuthEntry
    kind: str = "dhis2"
    description: str = ""
    enabled: bool | UnsetType = UNSET


class WebhookEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Where to post the end of a run. The secret may be left out where the url is known already."""

    url: str
    secret: Reference | None = None


class NotifyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is told when a run ends, and after which endings."""

    email: tuple[str, ...] = ()
    webhook: WebhookEntry | None = None
    on: tuple[Ending, ...] = Notify().on

    def notify(self) -> Notify:
        """Give the part that isn't secret."""
        return Notify(self.email, Webhook(self.webhook.url) if self.webhook else None, self.on)


class SyncEntry(SyncDefinition, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One synchronization configuration."""

    notify: NotifyEntry | UnsetType | None = UNSET


class Document(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration file."""

    version: Literal[1]
    organizations: tuple[OrganizationEntry, ...] = ()
    terms: tuple[TermTreeDefinition, ...] = ()
    types: tuple[TypeDefinition, ...] = ()
    hierarchies: tuple[HierarchyEntry, ...] = ()
    systems: tuple[SystemEntry, ...] = ()
    syncs: tuple[SyncEntry, ...] = ()


_SECTIONS = ("organizations", "terms", "types", "hierarchies", "systems", "syncs")


def parse_document(content: bytes) -> Document:
    """Read a configuration file; BadInput naming line and entry for what doesn't fit, before anything is written."""
    return checked(read_strictly(content, Document))


def checked(document: Document) -> Document:
    """Give a document back in which every code stands once; BadInput otherwise."""
    for section in _SECTIONS:
        _check_codes(document, section)
    return document


def _check_codes(document: Document, section: str) -> None:
    found: Iterator[str] = (entry.code for entry in getattr(document, section))
    twice = sorted(code for code, times in Counter(found).items() if times > 1)
    if twice:
        raise _refused(
            f'{section} holds the code "{twice[0]}" more than once.', "Give each its own code, or remove one of them."
        )


def _refused(message: str, next_step: str = "Correct the file; nothing of it was applied.") -> BadInput:
    return BadInput(message, code="bad-configuration", next_step=next_step)
