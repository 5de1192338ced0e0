"""Read runs, as far as the actor may know of them (R9.3)."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from cgr.accounts.policy import Permission, organizations_where
from cgr.core.errors import BadInput, NotAllowed
from cgr.core.numbers import whole_number
from cgr.runs.models import Run, RunItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from cgr.accounts.actors import Actor

_CHUNK = 500
_LATELY = timedelta(days=1)
_IN_HAND = timedelta(minutes=3)
"""Whoever ended a run just now is still telling of it."""


def runs(actor: Actor, *, config: str | None = None) -> QuerySet[Run]:
    """Give the runs of the actor's organizations, newest first; of one configuration (by code) if given."""
    visible = organizations_where(actor, Permission.SEE_RUNS)
    found = Run.objects.select_related("organization", "system").defer("names").order_by("-id")
    if visible is not None:
        found = found.filter(organization__code__in=visible)
    return found if config is None else found.filter(config=config)


def run(actor: Actor, run_id: str) -> Run:
    """Give one run by its id as text; NotAllowed when it doesn't exist or the actor may not know it."""
    number = whole_number(run_id)
    found = runs(actor).filter(pk=number).first() if number is not None else None
    if found is None:
        raise NotAllowed(
            f'There is no run "{run_id}" that you may use.',
            code="unknown-or-not-allowed",
            next_step="Take the id from the list of runs: cgr sync runs.",
        )
    return found


def runs_of_object(actor: Actor, key: int) -> QuerySet[Run]:
    """Give the runs that had something to say about a Geo-Object, newest first, as far as the actor may know them."""
    return runs(actor).filter(pk__in=RunItem.objects.filter(object_key=key).values("run"))


def how_to_see(row: Run) -> str:
    """Give the command that shows what a run did."""
    if row.kind == Run.Kind.DRIFT:
        return f"cgr sync drift {row.config}"
    return f"cgr {'sync' if row.kind == Run.Kind.SYNC else 'import'} report {row.pk}"


def sync_run(actor: Actor, run_id: str) -> Run:
    """Give one synchronization run, or its plan; BadInput for anything else, NotAllowed as `run`."""
    found = sync_or_look(actor, run_id)
    if found.kind != Run.Kind.SYNC:
        raise BadInput(
            f"Run {found.pk} is a look for drift: it has no plan to be applied, undone or taken away as a file.",
            code="not-a-synchronization",
            next_step="Give the id of a synchronization: cgr sync runs lists them with their kind.",
        )
    return found


def sync_or_look(actor: Actor, run_id: str) -> Run:
    """Give one synchronization run, its plan, or a look for drift; BadInput for an import, NotAllowed as `run`."""
    found = run(actor, run_id)
    if found.kind == Run.Kind.IMPORT:
        raise BadInput(
            f"Run {found.pk} is an import, not a synchronization.",
            code="not-a-synchronization",
            next_step=f"See it with: cgr import report {found.pk}; its other commands stand below cgr import, too.",
        )
    return found


def latest_runs(actor: Actor, configs: Iterable[str]) -> dict[str, Run]:
    """Give the newest run of each configuration (by code) that has one; a look for drift is none of them."""
    found = (
        runs(actor)
        .filter(config__in=list(configs))
        .exclude(kind=Run.Kind.DRIFT)
        .defer("names", "settings")
        .order_by("config", "-id")
        .distinct("config")
    )
    return {row.config: row for row in found}


def open_runs(system: int | None, *, config: str = "") -> QuerySet[Run]:
    """Give the runs of a system that wait for a worker or go on, those that go on first; of one configuration if given.

    For the product's own decisions: it doesn't ask who may see them.
    """
    found = Run.objects.filter(system=system, state__in=[Run.State.QUEUED, Run.State.RUNNING])
    if config:
        found = found.filter(config=config)
    return found.order_by("-state", "pk")


def is_cancelled(row: Run) -> bool:
    """Say whether somebody cancelled the run meanwhile."""
    return Run.objects.filter(pk=row.pk, state=Run.State.CANCELLED).exists()


def open_imports() -> QuerySet[Run]:
    """Give the imports that wait for a worker or go on; for the product's own decisions, so nobody is asked."""
    return Run.objects.filter(kind=Run.Kind.IMPORT, state__in=[Run.State.QUEUED, Run.State.RUNNING]).order_by("pk")


def untold_runs(kind: Run.Kind) -> QuerySet[Run]:
    """Give the runs of a kind that ended lately and whose process died before it told anybody.

    For the product's own chores, so nobody is asked.
    """
    now = timezone.now()
    found = Run.objects.select_related("organization", "system").filter(kind=kind, notices=[])
    return found.filter(ended__gte=now - _LATELY, ended__lt=now - _IN_HAND).order_by("pk")


def ahead_of(row: Run) -> Run | None:
    """Give the run that a queued one waits for: of one DHIS2 only one goes on at a time."""
    if row.state != Run.State.QUEUED:
        return None
    return open_runs(row.system_id).filter(Q(state=Run.State.RUNNING) | Q(pk__lt=row.pk)).first()


def planned_again(row: Run) -> Run | None:
    """Give the run that plans again what this one left alone, if one does; the caller was given this one."""
    number = (row.summary.get("planned_again") or {}).get("run")
    return Run.objects.defer("names", "settings").filter(pk=number).first() if number else None


def queued_json(row: Run) -> dict[str, object]:
    """Give a run that was handed to the workers; `behind`: the run that it waits for."""
    ahead = ahead_of(row)
    return {"id": str(row.pk), "state": row.state, **({"behind": str(ahead.pk)} if ahead else {})}


def waiting_for(rows: Iterable[Run]) -> dict[int, Run]:
    """Give for those of the runs that are queued the one that each waits for (`ahead_of`), in one query for all."""
    queued = [row for row in rows if row.state == Run.State.QUEUED]
    if not queued:
        return {}
    states = [Run.State.QUEUED, Run.State.RUNNING]
    found = Run.objects.filter(_of_systems({row.system_id for row in queued}), state__in=states)
    in_line: dict[int | None, list[Run]] = {}
    for one in found.defer("names", "settings", "summary").order_by("-state", "pk"):
        in_line.setdefault(one.system_id, []).append(one)
    ahead = {
        row.pk: next((o for o in in_line[row.system_id] if o.state == Run.State.RUNNING or o.pk < row.pk), None)
        for row in queued
        if row.system_id in in_line
    }
    return {pk: one for pk, one in ahead.items() if one is not None}


def _of_systems(keys: set[int | None]) -> Q:
    """Give the condition that a run concerns one of the systems, or none where None is among them."""
    wanted = Q(system__in=keys - {None})
    return wanted | Q(system=None) if None in keys else wanted


def latest_of_each(actor: Actor, *, among: int = 200) -> list[Run]:
    """Give the latest run of each configuration, and of imports from each system, of the last so many runs."""
    of = ("kind", "config", "system_id")
    recent = runs(actor).values("pk")[:among]
    found = runs(actor).filter(pk__in=recent).defer("names", "settings").order_by(*of, "-id").distinct(*of)
    return sorted(found, key=lambda row: row.pk, reverse=True)


def stream_json(found: QuerySet[Run]) -> Iterator[dict[str, object]]:
    """Stream runs as `runs_json` gives them: a registry with schedules has tens of thousands."""
    rows = found.defer("names", "settings", "request").iterator(chunk_size=_CHUNK)
    while chunk := list(islice(rows, _CHUNK)):
        yield from runs_json(chunk)


def runs_json(found: Iterable[Run]) -> list[dict[str, object]]:
    """Give runs as lines of the list of `contract.md`; moments are ISO 8601 in UTC, null while they haven't come.

    `behind`: the run that a queued one waits for. `system`: null for a file whose rows have no external ids.
    """
    rows = list(found)
    waiting = waiting_for(rows)
    return [_line(row, waiting.get(row.pk)) for row in rows]


def _line(row: Run, ahead: Run | None) -> dict[str, object]:
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "config": row.config,
        "system": row.system.code if row.system else None,
        "state": row.state,
        "started": row.started.isoformat() if row.started else None,
        "ended": row.ended.isoformat() if row.ended else None,
        "counts": row.summary.get("counts", {}),
        **({"behind": str(ahead.pk)} if ahead else {}),
    }
