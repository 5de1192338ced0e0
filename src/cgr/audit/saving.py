"""What saving a setting did: one result and one way to write it down, for every room's `save_…` action."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cgr.audit import actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.audit.actions import Named

Fields: TypeAlias = "dict[str, dict[str, object]]"
"""`{"label": {"from": …, "to": …}}`"""


@dataclass(frozen=True, slots=True)
class Saved:
    """Whether the thing is new, and which fields changed; neither: nothing was written."""

    created: bool = False
    fields: Fields = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Say that everything already was as asked."""
        return not self.created and not self.fields


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> Fields:
    """Give the fields that differ; one that a side doesn't have counts as None there."""
    return {
        name: {"from": before.get(name), "to": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def record_saved(
    actor: Named,
    *,
    kind: str,
    subject: str,
    organization: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object],
) -> Saved:
    """Log a creation (`before` is None) or a change, without secrets, and give the result; no entry if equal."""
    if before is None:
        actions.record(actor, "create", kind=kind, subject=subject, organization=organization, after=after)
        return Saved(created=True)
    fields = difference(before, after)
    if fields:
        actions.record(
            actor,
            "change",
            kind=kind,
            subject=subject,
            organization=organization,
            before={name: before.get(name) for name in fields},
            after={name: after.get(name) for name in fields},
        )
    return Saved(fields=fields)
