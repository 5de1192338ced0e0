"""Mappings of columns that an organization remembers under a name, for files that come again and again (R3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from django.db import transaction
from django.utils import timezone
from msgspec import structs

from cgr.accounts.locking import lock_name
from cgr.accounts.policy import Permission, organizations_where, require, unknown
from cgr.accounts.queries import organization as find_organization
from cgr.audit.actions import record
from cgr.audit.saving import record_saved
from cgr.core.errors import BadInput
from cgr.core.rows import RowMapping
from cgr.core.texts import normal
from cgr.imports.files import FileRequest
from cgr.imports.models import MappingTemplate
from cgr.registry import queries as registry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from cgr.accounts.actors import Actor

_LONGEST_NAME: Final = 100
_KIND: Final = "mapping-template"


def remember(actor: Actor, request: FileRequest, *, name: str) -> MappingTemplate:
    """Keep a mapping under a name, in place of the one that has the name now; it belongs to the type's organization.

    How a file is encoded and delimited isn't part of it: the next file, and its refused rows, may come otherwise.
    """
    code = registry.owner_of_type(actor, request.type)
    require(actor, Permission.MANAGE_RUNS, organization=code)
    called = normal(name) or ""
    if not called or len(called) > _LONGEST_NAME or not called.isprintable():
        raise BadInput(
            f'A mapping can\'t be called "{name[:_LONGEST_NAME]}".',
            code="import-mapping",
            next_step=f"Give it a name of up to {_LONGEST_NAME} letters.",
        )
    mapping = msgspec.to_builtins(structs.replace(request.mapping, encoding=None, delimiter=None))
    kept = {"type": request.type, "system": request.system or "", "mapping": mapping}
    with transaction.atomic():
        lock_name(_KIND, f"{code} {called}")
        found = MappingTemplate.objects.select_for_update().filter(organization__code=code, name=called).first()
        before = None if found is None else _shown(found)
        template, _ = MappingTemplate.objects.update_or_create(
            organization=find_organization(actor, code),
            name=called,
            defaults={**kept, "by": actor.name, "at": timezone.now()},
        )
        record_saved(actor, kind=_KIND, subject=called, organization=code, before=before, after=kept)
    return template


def _shown(template: MappingTemplate) -> dict[str, object]:
    return {"type": template.type, "system": template.system, "mapping": template.mapping}


def templates(actor: Actor, organization: str | None = None) -> list[MappingTemplate]:
    """Give the mappings that are remembered where the actor may run imports, or in one organization, by name."""
    where = organizations_where(actor, Permission.MANAGE_RUNS)
    found = MappingTemplate.objects.select_related("organization").order_by("organization__code", "name")
    if where is not None:
        found = found.filter(organization__code__in=where)
    return list(found if organization is None else found.filter(organization__code=organization))


def template(actor: Actor, organization: str, name: str) -> MappingTemplate:
    """Give one by its name; NotAllowed when there is none, or the actor may not run imports there."""
    found = next((one for one in templates(actor, organization) if one.name == normal(name)), None)
    if found is None:
        raise unknown("remembered mapping", name)
    return found


@transaction.atomic
def forget(actor: Actor, template: MappingTemplate) -> None:
    """Remove a remembered mapping; what was imported with it stays."""
    code = template.organization.code
    require(actor, Permission.MANAGE_RUNS, organization=code)
    record(actor, "delete", kind=_KIND, subject=template.name, organization=code, before=_shown(template))
    MappingTemplate.objects.filter(pk=template.pk).delete()


def mapping_of(template: MappingTemplate) -> RowMapping:
    """Give what is remembered."""
    return msgspec.convert(template.mapping, RowMapping)


def request_by(actor: Actor, name: str, *, type_code: str, file: str) -> FileRequest:
    """Give what is asked for when a file is imported by a remembered mapping; BadInput if it is one of another type."""
    found = template(actor, registry.owner_of_type(actor, type_code), name)
    if found.type != type_code:
        raise BadInput(
            f'The mapping "{found.name}" is for rows of type "{found.type}", not "{type_code}".',
            code="import-mapping",
            next_step=f"Give --type {found.type}, or another mapping.",
        )
    return request_of(found, file)


def request_of(template: MappingTemplate, file: str) -> FileRequest:
    """Give what is asked for when a file of this name is imported by a remembered mapping."""
    return FileRequest(file, template.type, mapping_of(template), template.system or None)


def fitting(found: Iterable[MappingTemplate], columns: Collection[str]) -> list[MappingTemplate]:
    """Give those of which a file has all columns, the one that uses the most of them first."""
    named = [(len(used), one) for one in found if (used := mapping_of(one).columns()).keys() <= set(columns)]
    return [one for _, one in sorted(named, key=lambda pair: -pair[0])]
