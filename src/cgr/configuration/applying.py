"""Apply a configuration file: everything in it or nothing, twice the same as once, and never a removal."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from django.db import transaction
from msgspec import UNSET, Struct, UnsetType

from cgr.accounts import actions as accounts
from cgr.accounts.policy import Permission
from cgr.audit.saving import Fields
from cgr.configuration.document import NotifyEntry, checked, parse_document
from cgr.configuration.rehearsing import SANDBOX, refuse_real_systems, rehearsed
from cgr.configuration.secrets_given import resolve_for
from cgr.core.errors import BadInput
from cgr.core.inheritance import inherited_first
from cgr.core.localized import parse_localized
from cgr.registry import actions as registry
from cgr.registry.locking import lock_registry
from cgr.sync import configs
from cgr.sync.notify_settings import NotifyGiven
from cgr.systems import actions as systems
from cgr.systems import queries as registered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cgr.accounts.actors import Actor
    from cgr.audit.saving import Saved
    from cgr.configuration.document import (
        AuthEntry,
        Document,
        HierarchyEntry,
        OrganizationEntry,
        SyncEntry,
        SystemEntry,
    )
    from cgr.systems.signing_in import SignIn


class Entry(Struct, frozen=True):
    """One thing of the file, by kind and code."""

    kind: str
    code: str


class ChangedEntry(Struct, frozen=True):
    """One thing that wasn't as the file says, with what differed."""

    kind: str
    code: str
    fields: Fields


class Outcome(Struct, frozen=True):
    """What applying did, or would do: the JSON of `cgr config apply`."""

    created: tuple[Entry, ...]
    changed: tuple[ChangedEntry, ...]
    unchanged: int


def apply(
    actor: Actor, content: bytes, *, preview: bool = False, sandboxes: Mapping[str, str] = MappingProxyType({})
) -> Outcome:
    """Apply a file in one transaction; BadInput names what is wrong, and nothing is written then or in a preview.

    `sandboxes`: by system the address that is rehearsed with; the rest of the file that reaches out is left out.
    """
    return apply_document(actor, parse_document(content), preview=preview, sandboxes=sandboxes)


def apply_document(
    actor: Actor, document: Document, *, preview: bool = False, sandboxes: Mapping[str, str] = MappingProxyType({})
) -> Outcome:
    """Apply a file that was read already, as `apply` does."""
    checked(document)
    if sandboxes:
        document = rehearsed(document, sandboxes)
        refuse_real_systems(registered.systems(actor, permission=Permission.MANAGE_SYSTEMS), sandboxes)
    with transaction.atomic():
        lock_registry()  # two files at once would each see half of the other
        saved = [
            (entry, _saved(entry, save)) for entry, save in _saves(actor, document, SANDBOX if sandboxes else None)
        ]
        if preview:
            transaction.set_rollback(True)
    return Outcome(
        created=tuple(entry for entry, result in saved if result.created),
        changed=tuple(ChangedEntry(entry.kind, entry.code, result.fields) for entry, result in saved if result.fields),
        unchanged=sum(result.unchanged for _, result in saved),
    )


def _saves(actor: Actor, document: Document, sandbox: SignIn | None) -> Iterator[tuple[Entry, Callable[[], Saved]]]:
    # In the order in which they refer to each other.
    for organization in document.organizations:
        yield Entry("organization", organization.code), partial(_save_organization, actor, organization)
    for tree in document.terms:
        yield Entry("terms", tree.code), partial(registry.save_term_tree, actor, tree)
    for type_ in document.types:
        yield Entry("type", type_.code), partial(registry.save_type, actor, type_)
    for hierarchy in _inherited_first(document):
        yield Entry("hierarchy", hierarchy.code), partial(_save_hierarchy, actor, hierarchy)
    for system in document.systems:
        yield Entry("system", system.code), partial(_save_system, actor, system, sandbox)
    for sync in document.syncs:
        yield Entry("sync", sync.code), partial(_save_sync, actor, sync)


def _saved(entry: Entry, save: Callable[[], Saved]) -> Saved:
    """Save one thing of the file; what is refused without naming it is told with its name, for a file has many."""
    try:
        return save()
    except BadInput as error:
        if f'"{entry.code}"' in error.message:
            raise
        message = f'{entry.kind} "{entry.code}": {error.message}'
        raise type(error)(message, code=error.code, next_step=error.next_step) from error


def _save_organization(actor: Actor, entry: OrganizationEntry) -> Saved:
    return accounts.save_organization(actor, entry.code, label=parse_localized(entry.label))


def _save_hierarchy(actor: Actor, entry: HierarchyEntry) -> Saved:
    return registry.save_hierarchy(actor, entry.definition())


def _inherited_first(document: Document) -> Sequence[HierarchyEntry]:
    inherits = {entry.code: entry.inherits or None for entry in document.hierarchies}
    return inherited_first({entry.code: entry for entry in document.hierarchies}, inherits)


def _save_system(actor: Actor, entry: SystemEntry, sandbox: SignIn | None) -> Saved:
    return systems.save_system(
        actor,
        entry.code,
        organization=entry.organization,
        kind=entry.kind,
        label=parse_localized(entry.label),
        description=entry.description,
        url=entry.url,
        enabled=None if entry.enabled is UNSET else entry.enabled,
        sign_in=sandbox or _sign_in(actor, entry.auth, of=entry.code),
    )


def _sign_in(actor: Actor, auth: AuthEntry, *, of: str) -> SignIn:
    return auth.sign_in(of=of, reveal=lambda reference: resolve_for(actor, reference, of=f'system "{of}"'))


def _save_sync(actor: Actor, entry: SyncEntry) -> Saved:
    return configs.save_config(
        actor,
        code=entry.code,
        organization=entry.organization,
        label=parse_localized(entry.label),
        hierarchy=entry.hierarchy,
        system=entry.system,
        settings=entry.mapping(),
        schedule=entry.schedule,
        notify=_notify(actor, entry),
    )


def _notify(actor: Actor, entry: SyncEntry) -> NotifyGiven | UnsetType | None:
    if not isinstance(entry.notify, NotifyEntry):
        return entry.notify
    reference = entry.notify.webhook.secret if entry.notify.webhook else None
    secret = resolve_for(actor, reference, of=f'the webhook of "{entry.code}"')
    return NotifyGiven(entry.notify.notify(), secret)
