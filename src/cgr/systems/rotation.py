"""Change the key that secrets are encrypted with: every sealed value of every table gets the first key (R1.1)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import transaction
from msgspec import Struct

from cgr.accounts.policy import Permission, require
from cgr.accounts.signing_in import reseal
from cgr.audit import actions as audit
from cgr.core.errors import BadInput
from cgr.systems.sealing import SealedField, seal, sealed_with_first_key, unseal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

    from cgr.accounts.actors import Actor


class Rotated(Struct, frozen=True):
    """The JSON of `cgr secrets rotate`. `resealed`: got the first key now; `current`: had it; `by`: all, by table."""

    resealed: int
    current: int
    by: dict[str, int]


@transaction.atomic
def rotate(actor: Actor) -> Rotated:
    """Seal everything with the first key; BadInput naming a value that no key opens, and then nothing is changed."""
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    resealed = current = 0
    by: Counter[str] = Counter()
    for model, name in _sealed_columns():
        rows = model._base_manager.select_for_update().order_by("pk")  # noqa: SLF001 - Django's documented way to all rows
        for row in rows.exclude(**{name: b""}):
            sealed = bytes(getattr(row, name))
            by[str(model._meta.verbose_name_plural)] += 1  # noqa: SLF001 - the documented way to a table's name in words
            if sealed_with_first_key(sealed):
                current += 1
                continue
            setattr(row, name, seal(_opened(sealed, row)))
            row.save(update_fields=[name])
            resealed += 1
    factors, factors_current = reseal()
    if factors or factors_current:
        by["second factors"] = factors + factors_current
    resealed, current = resealed + factors, current + factors_current
    found = Rotated(resealed, current, dict(sorted(by.items())))
    if resealed:
        audit.record(actor, "rotate", kind="secrets", subject="all", after={"resealed": resealed, "current": current})
    return found


def _sealed_columns() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():  # noqa: SLF001 - Django's documented way to fields
            if isinstance(field, SealedField):
                yield model, field.name


def _opened(sealed: bytes, row: Model) -> str:
    try:
        return unseal(sealed)
    except BadInput as error:
        what = row._meta.verbose_name  # noqa: SLF001 - as above
        raise BadInput(
            f"The secret of {what} {row} can't be opened with the keys of this instance; nothing was changed.",
            code="secret-unreadable",
            next_step="Put the key that sealed it into CGR_SECRET_KEYS too, or enter that secret again, then rotate.",
        ) from error
