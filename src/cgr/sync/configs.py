"""Synchronisation configurations: saved only when their mapping makes sense, read as far as the actor may (R4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from msgspec import UNSET, UnsetType

from cgr.accounts import queries as accounts
from cgr.accounts.codes import check_code
from cgr.accounts.policy import Permission, organizations_where, require, unknown
from cgr.audit import actions as audit
from cgr.audit.saving import Saved, record_saved
from cgr.core.errors import BadInput
from cgr.core.localized import parse_localized
from cgr.core.mapping import SyncMapping
from cgr.core.mapping_rules import Severity, check_mapping
from cgr.core.notices import Notify
from cgr.registry import queries as registry
from cgr.registry.catalogue import visible_hierarchies
from cgr.sync.models import SyncConfig
from cgr.sync.notify_settings import NotifyGiven, put_notify
from cgr.sync.schedules import lay_down
from cgr.systems import queries as systems

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor
    from cgr.core.records import Localized
    from cgr.core.schedule import Schedule
    from cgr.registry.models import Hierarchy
    from cgr.systems.queries import Reference


@transaction.atomic
def save_config(  # noqa: PLR0913 - the parts of a configuration
    actor: Actor,
    *,
    code: str,
    organization: str,
    label: Localized,
    hierarchy: str,
    system: str,
    settings: SyncMapping,
    schedule: Schedule | UnsetType | None = UNSET,
    notify: NotifyGiven | UnsetType | None = UNSET,
    new: bool = False,
) -> Saved:
    """Create or change a configuration; its mapping is checked against the registry, DHIS2 isn't asked here.

    `schedule` and `notify`: UNSET leaves them as they are, None ends them. `new`: only create; BadInput when there is
    a configuration with this code, whoever's it is.
    """
    require(actor, Permission.MANAGE_SYNCS, organization=organization)
    check_code(code, "a synchronization configuration")
    row = _present(actor, code, organization=organization, new=new)
    before = None if row is None else _shown(row)
    row = row or SyncConfig(code=code, organization=accounts.organization(actor, organization))
    row.label = parse_localized(label)
    row.hierarchy = _hierarchy(actor, hierarchy)
    row.system = systems.system(actor, system, permission=Permission.MANAGE_SYSTEMS)
    _check_organization(row, system=system)
    _check_mapping(settings, hierarchy)
    row.settings = msgspec.json.decode(msgspec.json.encode(settings))
    if schedule is not UNSET and msgspec.to_builtins(schedule) != row.schedule:
        # A token that may write and not sync would else have runs started in its person's name.
        require(actor, Permission.MANAGE_RUNS, organization=organization)
        lay_down(row, schedule, by=actor)
    sealed_anew = notify is not UNSET and put_notify(row, notify)
    row.save()
    after = _shown(row)
    if sealed_anew and before is not None:
        # The log says that the secret changed and never what it is.
        before, after = {**before, "webhook_secret": "the former"}, {**after, "webhook_secret": "a new one"}
    return record_saved(actor, kind="sync", subject=code, organization=organization, before=before, after=after)


@transaction.atomic
def set_notify(actor: Actor, code: str, given: NotifyGiven | None) -> SyncConfig:
    """Have others told when a run of a configuration ends, or nobody; the rest of it stays. BadInput."""
    row = config(actor, code, for_update=True)
    require(actor, Permission.MANAGE_SYNCS, organization=row.organization.code)
    before = _shown(row)
    if put_notify(row, given):
        before = {**before, "webhook_secret": "the former"}
    row.save(update_fields=["notify", "sealed_webhook_secret"])
    after = {**_shown(row), **({"webhook_secret": "a new one"} if "webhook_secret" in before else {})}
    record_saved(actor, kind="sync", subject=code, organization=row.organization.code, before=before, after=after)
    return row


@transaction.atomic
def delete_config(actor: Actor, code: str) -> None:
    """Delete a configuration; its runs keep the settings they were planned with."""
    row = config(actor, code, for_update=True)
    require(actor, Permission.MANAGE_SYNCS, organization=row.organization.code)
    organization, before = row.organization.code, _shown(row)
    row.delete()
    audit.record(actor, "delete", kind="sync", subject=code, organization=organization, before=before)


def configs(actor: Actor) -> QuerySet[SyncConfig]:
    """Give the configurations that the actor may see, by code."""
    visible = organizations_where(actor, Permission.SEE_SYNCS)
    found = SyncConfig.objects.select_related("organization", "hierarchy", "system").order_by("code")
    return found if visible is None else found.filter(organization__code__in=visible)


def config(actor: Actor, code: str, *, for_update: bool = False) -> SyncConfig:
    """Give one configuration; NotAllowed when it doesn't exist or the actor may not know it.

    `for_update`: locked until the end of the transaction, so that nobody else changes it meanwhile.
    """
    known = configs(actor)
    asked = known.filter(code=code)
    found = (asked.select_for_update(of=("self",)) if for_update else asked).first()
    if found is None:
        raise unknown("synchronization configuration", code, known=known.values_list("code", flat=True))
    return found


def mapping_of(row: SyncConfig) -> SyncMapping:
    """Give the stored settings as the record that planning reads."""
    return msgspec.convert(row.settings, SyncMapping)


def notify_of(row: SyncConfig) -> Notify | None:
    """Give who is told when a run ends; None for nobody."""
    return msgspec.convert(row.notify, Notify) if row.notify else None


def export(actor: Actor, *, reference: Reference | None = None) -> list[dict[str, object]]:
    """Give the configurations in the shape of the configuration file; `reference` as in `config_json`."""
    return [config_json(row, reference=reference) for row in configs(actor)]


def config_json(row: SyncConfig, *, reference: Reference | None = None) -> dict[str, object]:
    """Give a configuration in the shape of the configuration file.

    `reference`: what stands in place of a webhook's secret, by configuration; None: nothing does.
    """
    return {
        "code": row.code,
        "organization": row.organization.code,
        "label": row.label,
        "hierarchy": row.hierarchy.code,
        "system": row.system.code,
        **({"schedule": row.schedule} if row.schedule else {}),
        **msgspec.to_builtins(mapping_of(row)),  # in the order in which people write it
        **_exported_notify(row, reference),
    }


def require_own(actor: Actor, row: SyncConfig) -> None:
    """Refuse, as if there were no such configuration, who may not see those of its organization."""
    if not configs(actor).filter(pk=row.pk).exists():
        raise unknown("synchronization configuration", row.code)


def _present(actor: Actor, code: str, *, organization: str, new: bool) -> SyncConfig | None:
    """Give the row with a code, locked, or None; BadInput when it may not be there, or be another organization's."""
    row = SyncConfig.objects.select_for_update(of=("self",)).select_related("organization").filter(code=code).first()
    if row is not None and new:
        raise BadInput(
            f'The ID "{code}" is taken by another synchronization configuration.',
            code="code-taken",
            next_step="Choose another ID.",
        )
    if row is not None and row.organization.code != organization:
        require_own(actor, row)
        raise BadInput(
            f'The synchronization configuration "{code}" belongs to {row.organization.code} and stays there.',
            code="fixed-after-creation",
            next_step="Make another configuration under another code.",
        )
    return row


def _hierarchy(actor: Actor, code: str) -> Hierarchy:
    known = {row.code: row for row in visible_hierarchies(actor)}
    found = known.get(code)
    if found is None:
        raise unknown("hierarchy", code, known=known)
    return found


def _check_organization(row: SyncConfig, *, system: str) -> None:
    if row.system.organization_id != row.organization_id:
        raise BadInput(
            f'The external system "{system}" belongs to {row.system.organization.code}, '
            f"the configuration to {row.organization.code}.",
            code="other-organization",
            next_step="Use a system of the same organization: members of one don't see the other's systems.",
        )


def _check_mapping(settings: SyncMapping, hierarchy: str) -> None:
    findings = check_mapping(settings, registry.type_shapes(hierarchy), None)
    wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
    if wrong:
        raise BadInput(
            " ".join(finding.message for finding in wrong),
            code="bad-mapping",
            next_step=" ".join(dict.fromkeys(finding.next_step for finding in wrong)),
        )


def _shown(row: SyncConfig) -> dict[str, object]:
    return {
        "label": row.label,
        "hierarchy": row.hierarchy.code,
        "system": row.system.code,
        **({"schedule": row.schedule} if row.schedule else {}),
        **row.settings,
        **_notify(row),
    }


def _exported_notify(row: SyncConfig, reference: Reference | None) -> dict[str, object]:
    webhook = row.notify.get("webhook")
    if reference is None or not webhook:
        return _notify(row)
    return {"notify": {**row.notify, "webhook": {**webhook, "secret": reference(row.code, "webhook_secret")}}}


def _notify(row: SyncConfig) -> dict[str, object]:
    return {"notify": row.notify} if row.notify else {}
