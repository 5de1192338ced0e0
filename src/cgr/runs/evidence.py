"""Evidence of refusals in the table: beside the outcome, a bounded number for each run, forgotten after a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from cgr.accounts.policy import Permission, require
from cgr.audit.actions import record
from cgr.runs.models import Evidence as Row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cgr.accounts.actors import Actor
    from cgr.core.evidence import Evidence

MOST_KEPT: Final = 1_000
"""Refused objects of one run: when a hundred thousand are refused, it is for a handful of reasons."""

_KEEP = (
    "INSERT INTO runs_evidence (item_id, run_id, sent, answer, kept)"
    " SELECT item.id, item.run_id, new.sent, new.answer, %s FROM runs_runitem AS item"
    " JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS new(name, sent, answer) ON {match}"
    " ORDER BY item.position LIMIT %s ON CONFLICT (item_id) DO UPDATE"
    " SET sent = excluded.sent, answer = excluded.answer, kept = excluded.kept"
)
_BY_ITEM = _KEEP.format(match="item.id = new.name")
_BY_OBJECT = _KEEP.format(match="item.run_id = %s AND item.category = 'problem' AND item.object_key = new.name")


def keep_evidence(by_item: Mapping[int, Evidence]) -> None:
    """Write evidence of items of one run, by their place in the table, as far as the run keeps any more."""
    if not by_item:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT run_id FROM runs_runitem WHERE id = %s", [next(iter(by_item))])
        (run,) = cursor.fetchone() or (0,)
        cursor.execute(_BY_ITEM, [timezone.now(), *_columns(by_item), room_for_evidence(run)])


def keep_evidence_of_problems(run: int, by_object: Mapping[int, Evidence]) -> None:
    """Write evidence of the problems of a run's plan, by the object's key."""
    if not by_object:
        return
    with connection.cursor() as cursor:
        cursor.execute(_BY_OBJECT, [timezone.now(), *_columns(by_object), run, MOST_KEPT])


def room_for_evidence(run: int) -> int:
    """Say of how many more refused objects the run keeps what was sent and answered."""
    return max(0, MOST_KEPT - kept_evidence(run))


def kept_evidence(run: int) -> int:
    """Count the objects of the run whose exchange is kept."""
    return Row.objects.filter(run=run).count()


def refused_on_validation(run: int) -> int:
    """Count the objects of a plan whose unit DHIS2 refused when it was sent to be validated, as far as that is kept."""
    return Row.objects.filter(run=run, item__category="problem").count()


@transaction.atomic
def forget_old_evidence(actor: Actor, *, days: int | None = None) -> int:
    """Remove what was sent and answered more than so many days ago, and say of how many objects; outcomes stay.

    `days`: default the setting `CGR_KEEP_EVIDENCE_DAYS`. For System Administrators, and for the periodic job.
    """
    require(actor, Permission.MANAGE_ORGANIZATIONS, organization="")
    days = settings.KEEP_EVIDENCE_DAYS if days is None else days
    forgotten, _ = Row.objects.filter(kept__lt=timezone.now() - timedelta(days=days)).delete()
    if forgotten:
        after = {"objects": forgotten, "older_than_days": days}
        record(actor, "forget", kind="evidence", subject="of refused objects", after=after)
    return forgotten


def _columns(given: Mapping[int, Evidence]) -> tuple[list[object], list[str], list[str]]:
    return list(given), [one.sent for one in given.values()], [one.answer for one in given.values()]
